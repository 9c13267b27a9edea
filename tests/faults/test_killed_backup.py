"""`kill -9` in the middle of a backup or a restore: nothing half restores, and nothing is half."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.ops.backup_contents import Contents
from app.ops.installation import open_house, prepare
from app.platform import clock, config
from app.platform.errors import AppError
from tests.bench import estate
from tests.bench.estate import Size
from tests.conftest import KINDS
from tests.faults.scenes import fill, small_disk
from tests.ops import backups
from tests.postgres import Server
from tests.serve import Installation

_PEOPLE = 4_000


@pytest.fixture(params=KINDS)
def stocked(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_server: Server
) -> Installation:
    """Enough rows that both take a while."""
    url = postgres_server.empty() if request.param == "postgresql" else ""
    settings = config.load(data_dir=tmp_path / "data", database_url=url)
    house = open_house(settings)
    prepare(house)
    size = Size(people=_PEOPLE, decided=20, running=2, measuring=2, drafts=2, cancelled=2)
    estate.fill(house.database, size, now=clock.now())
    house.database.close()
    return Installation(tmp_path / "data", url)


def killed(
    of: Installation, *arguments: str, after: float, once: Callable[[], bool] = lambda: True
) -> bool:
    """Whether it was in the middle of it, so many seconds after something was there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", *arguments],
        env=of.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )
    while process.poll() is None and not once():
        time.sleep(0.005)
    time.sleep(after)
    if process.poll() is not None:
        return False
    process.kill()
    process.wait()
    return True


def seconds_of(of: Installation, *arguments: str) -> float:
    began = time.monotonic()
    done = of.command(*arguments)
    assert done.returncode == 0, done.stderr
    return time.monotonic() - began


def test_whatever_a_killed_one_left_the_same_command_does_it(
    stocked: Installation, tmp_path: Path, full: bool, postgres_server: Server
):
    rounds, rng = (60, random.Random(3)) if full else (4, random.Random(3))
    file, before = tmp_path / "one.tar", _rows(stocked)
    lasts = seconds_of(stocked, "backup", str(tmp_path / "first.tar"))
    draft, cut = file.with_name(f"{file.name}.part"), 0
    for _ in range(rounds):
        killed(stocked, "backup", str(file), once=draft.exists, after=lasts * rng.uniform(0, 0.1))
        cut += not _restores(file)
        draft.unlink(missing_ok=True)  # the next one would take it over
    file.unlink(missing_ok=True)
    seconds_of(stocked, "backup", str(file))
    url = backups.empty_url("postgresql", postgres_server, tmp_path) if stocked.database_url else ""
    copy, halves = Installation(tmp_path / "copy", url), 0
    half = copy.data / "restoring"
    for number in range(rounds):  # the first at once: one that is through is begun no second time
        after = lasts * rng.uniform(0, 0.3) * number / rounds
        killed(copy, "restore", str(file), once=half.exists, after=after)
        halves += half.exists()
        if half.exists() and not halves % 10 - 1:
            refused = copy.command("serve", "--port", str(copy.port))
            assert refused.returncode == 1
            assert "thinslice restore" in refused.stderr
    done = copy.command("restore", str(file))
    print(f"killed {rounds} backups, {cut} in the middle; restores: {halves} left a half behind")

    assert cut
    assert halves
    assert done.returncode == 0 or "not empty" in done.stderr, done.stderr
    assert not (copy.data / "restoring").exists()
    assert _without(before) == _without(_rows(copy))


def _restores(file: Path) -> bool:
    """A file under its own name is whole; what is not whole lies beside it, and is refused."""
    if file.exists():
        Contents(file)
        file.unlink()
        return True
    draft = file.with_name(f"{file.name}.part")
    if draft.exists():
        with pytest.raises(AppError):
            Contents(draft)
    return False


def _rows(of: Installation) -> dict[str, list[tuple[tuple[str, object], ...]]]:
    database = backups.opened(of.database_url or f"sqlite:///{of.data / 'thinslice.db'}")
    try:
        return backups.rows_of(database)
    finally:
        database.close()


def _without(rows: dict[str, list[tuple[tuple[str, object], ...]]]) -> dict[str, object]:
    return {
        name: found
        for name, found in rows.items()
        if name not in {*backups.ANEW, "audit", "audit_head"}
    }


def test_a_disk_that_fills_up_leaves_no_file(stocked: Installation, tmp_path: Path):
    with small_disk(tmp_path / "small", megabytes=2):
        ballast = fill(tmp_path / "small")
        ballast.write_bytes(ballast.read_bytes()[:-100_000])
        done = stocked.command("backup", str(tmp_path / "small" / "one.tar"))
        left = sorted(path.name for path in (tmp_path / "small").iterdir())

    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert left == ["ballast"]


def test_a_disk_that_fills_up_in_a_restore_leaves_nothing(stocked: Installation, tmp_path: Path):
    seconds_of(stocked, "backup", str(tmp_path / "one.tar"))
    with small_disk(tmp_path / "small", megabytes=1):
        copy = Installation(tmp_path / "small" / "data", "")
        done = copy.command("restore", str(tmp_path / "one.tar"))
        left = list(copy.data.iterdir())

    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert left == []

"""README's continuous replication: Litestream follows SQLite's log, and gives every row back."""

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.experiments.models import Feature
from app.ops import backing_up, restoring
from app.ops.backup_contents import Contents
from app.ops.holding import is_held
from app.ops.installation import House, open_house, prepare
from app.platform import clock, config
from app.platform.db import Database
from tests.ops import backups
from tests.serve import wait_until

_LITESTREAM = Path(sys.executable).with_name("litestream")


@contextmanager
def replicated(database: Path, replica: Path) -> Iterator[None]:
    """As an operator runs it: beside the service, for as long as that runs."""
    process = subprocess.Popen(
        [_LITESTREAM, "replicate", database, f"file://{replica}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: any(replica.rglob("*.ltx")), what="the first copy")
        yield
    finally:
        process.send_signal(signal.SIGTERM)  # it takes along what was written last
        process.wait(30)


def write_features(database: Database, count: int) -> None:
    for number in range(count):
        with database.write() as session:
            session.add(Feature(title=f"Feature {number}", created_at=clock.now()))


def _ours(database: Database) -> dict[str, list[Any]]:
    """All but what Litestream keeps for itself."""
    found = backups.rows_of(database)
    return {name: rows for name, rows in found.items() if not name.startswith("_litestream")}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_row_comes_back_and_the_copy_is_held_once_it_is_restored(
    house: House, tmp_path: Path
):
    prepare(house)
    file, other = house.database.file, tmp_path / "from-replica"
    assert file
    with replicated(file, tmp_path / "replica"):
        writers = [
            threading.Thread(target=write_features, args=(house.database, 100)) for _ in range(2)
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
    before = _ours(house.database)
    other.mkdir()
    done = subprocess.run(
        [_LITESTREAM, "restore", "-o", other / "thinslice.db", f"file://{tmp_path / 'replica'}"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in ("keys", "folder-id"):
        shutil.copy(house.settings.data_dir / name, other / name)
    replica = open_house(config.load(data_dir=other))
    with closing(replica.database):
        after = _ours(replica.database)
        backing_up.write_to(tmp_path / "one.tar", replica)
    settings = config.load(data_dir=tmp_path / "copy")
    restoring.restore(settings, Contents(tmp_path / "one.tar"))
    copy = open_house(settings)
    with closing(copy.database):
        held = is_held(copy.database)

    assert len(before["feature"]) == 200
    assert after == before
    assert held


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_files_are_cleaned_of_erased_people_once_it_ends(house: House, tmp_path: Path):
    prepare(house)
    file = house.database.file
    assert file
    with replicated(file, tmp_path / "replica"):
        write_features(house.database, 20)
        followed = house.database.clean(["feature"])

    assert not followed
    assert house.database.clean(["feature"])

"""Replicas migrate at once, or are killed in the middle (F15): one wins, the start says so."""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import MetaData

from app.platform import locks, migrate
from app.platform.db import Database
from app.platform.migrate import WrongSchema
from tests.conftest import KINDS
from tests.ports import free_port
from tests.postgres import Server
from tests.serve import Installation, wait_until

_OLD = "0011"  # an installation that is some releases behind


@pytest.fixture(params=KINDS)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Installation]:
    """An installation of that name that nobody has migrated."""

    def make(name: str) -> Installation:
        if request.param == "sqlite":
            return Installation(tmp_path / name, "")
        server: Server = request.getfixturevalue("postgres_server")
        return Installation(tmp_path / name, server.empty())

    return make


def database_of(installation: Installation) -> Database:
    url = installation.database_url or f"sqlite:///{installation.data / 'thinslice.db'}"
    return Database(url.replace("postgresql://", "postgresql+psycopg://"))


def begun(installation: Installation, *command: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", *command],
        env=installation.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=Path(__file__).parents[2],
    )


def behind(installation: Installation) -> Installation:
    """Bring it to an earlier revision."""
    installation.data.mkdir()
    migrated(installation, _OLD)
    return installation


def migrated(installation: Installation, revision: str) -> float:
    """Bring it to a revision; the seconds that took."""
    database, began = database_of(installation), time.monotonic()
    try:
        migrate.to(database, revision)
    finally:
        database.close()
    return time.monotonic() - began


def shape(installation: Installation) -> set[str]:
    """Every table and column, and the revision that they are said to be of."""
    database, found = database_of(installation), MetaData()
    try:
        migrate.check(database)
        found.reflect(database.engine)
    finally:
        database.close()
    return {f"{table.name}.{column.name}" for table in found.sorted_tables for column in table.c}


@pytest.mark.parametrize("start", ["empty", "behind"])
def test_all_that_migrate_at_once_find_it_done(
    fresh: Callable[[str], Installation], start: str, full: bool
):
    one = fresh("data")
    if start == "behind":
        behind(one)
    many = 8 if full else 2
    running = [begun(one, "migrate") for _ in range(many)]
    said = [each.communicate(timeout=120)[0].decode() for each in running]
    codes = Counter(each.returncode for each in running)
    print(f"F15: {many} at once from {start}: exit codes {dict(codes)}")

    assert codes == {0: many}, said
    assert "send.id" in shape(one)


def test_one_killed_in_the_middle_leaves_what_the_next_one_finishes(
    fresh: Callable[[str], Installation], full: bool
):
    rng, kills = random.Random(15), 40 if full else 3
    whole = behind(fresh("whole"))
    seconds = migrated(whole, "head")
    left: Counter[str] = Counter()
    for number in range(kills):
        one = behind(fresh(f"killed{number}"))
        killed_in_the_middle(one, after=rng.uniform(0, seconds))
        left[state(one)] += 1
        refused = refusal(one) if state(one) == "behind" else ""
        finished = one.command("migrate")

        assert state(one) == "done", finished.stderr
        assert "thinslice migrate" in refused or not refused
        assert shape(one) == shape(whole)
    print(f"F15: killed {kills} times within {seconds:.1f} s of migrating: {dict(left)}")

    assert set(left) <= {"behind", "done"}
    assert left["behind"] > 0


def killed_in_the_middle(installation: Installation, *, after: float) -> None:
    """`kill -9` so many seconds after the work began."""
    one = begun(installation, "migrate")
    wait_until(lambda: is_working(installation) or one.poll() is not None, what="its work")
    time.sleep(after)
    one.kill()
    one.communicate(timeout=30)


def is_working(installation: Installation) -> bool:
    """Whether somebody holds the lock under which a database is migrated."""
    if not installation.database_url:
        return locks.held(installation.data / "thinslice.migrate-lock")
    question = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    with psycopg.connect(installation.database_url) as connection:
        row = connection.execute(question).fetchone()
    return bool(row and row[0])


def state(installation: Installation) -> str:
    """Where it stands: behind, or done, and never in between."""
    database = database_of(installation)
    try:
        migrate.check(database)
    except WrongSchema as error:
        return "behind" if "thinslice migrate" in str(error) else str(error)
    finally:
        database.close()
    return "done"


def refusal(installation: Installation) -> str:
    """What a start says."""
    serving = begun(installation, "serve", "--port", str(free_port()))
    said = serving.communicate(timeout=60)[0].decode()
    return said if serving.returncode == 1 else f"it started: {said}"

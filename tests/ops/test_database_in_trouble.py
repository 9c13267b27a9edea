"""A database that is out of reach or takes no changes: every command and door says so in a line."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer.main
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app import cli
from app.ops import doctor
from app.platform import away, clock, events
from app.platform.away import AWAY
from app.platform.config import load
from app.platform.db import Database
from app.platform.events import Event
from app.platform.put_off import sentence_of
from tests.commanded import said
from tests.faults.gate import Gate
from tests.serve import Installation

_ENDLESS = {"serve", "edge", "worker", "demo", "inbox"}  # they start all the same, or wait
_ASKS_NOTHING = {
    "mcp", "dkim", "ranges list", "ranges remove", "ranges reset", "ranges update",
}  # fmt: skip
_READS_FIRST = {"restore", "playbook take"}  # a file, which would have to be a playbook
_AGAIN = 75  # a mail server keeps the mail
_GIVEN = {"--role": "viewer", "--starts": "2026-10-01", "--ends": "2026-12-31"}

_OF_ANOTHER_MACHINE = {"THINSLICE_SECRET_KEYS": "one-that-stands-on-each-machine-7Hq2vPz"}

Trouble = Callable[[str], AbstractContextManager[str]]


@contextmanager
def out_of_reach(url: str) -> Iterator[str]:
    gate = Gate(url)
    gate.shut()
    yield gate.url


@contextmanager
def only_read(url: str) -> Iterator[str]:
    """As a standby, or as hosts of databases leave one whose disk is full."""
    with psycopg.connect(url, autocommit=True) as own:
        name = own.info.dbname
        own.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        try:
            yield url
        finally:
            own.execute("SET default_transaction_read_only = off")
            own.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')


TROUBLES: dict[Trouble, str] = {
    out_of_reach: "The database is out of reach",
    only_read: "The database takes no changes",
}


@pytest.fixture(params=TROUBLES)
def trouble(request: pytest.FixtureRequest) -> Trouble:
    found: Trouble = request.param
    return found


def commands(group: Any, *before: str) -> Iterator[tuple[str, list[str]]]:
    """The words of every command that people type, and its arguments."""
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, *before, name)
        elif not one.hidden:
            yield (
                " ".join([*before, name]),
                [word for given in one.params if given.required for word in _of(given)],
            )


def _of(given: Any) -> list[str]:
    is_option = given.opts[0].startswith("--")
    return [given.opts[0], _GIVEN.get(given.opts[0], "Bo")] if is_option else [__file__]


ALL = {
    name: given
    for name, given in commands(typer.main.get_command(cli.app))
    if name not in _ENDLESS | _ASKS_NOTHING | _READS_FIRST
}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_command_that_cannot_ask_its_database_says_why_in_one_line(
    database_url: str, trouble: Trouble, tmp_path: Path
):
    with trouble(database_url) as url:
        machine = Installation(tmp_path / "data", url, settings=_OF_ANOTHER_MACHINE)
        done = {
            name: said(machine, *name.split(), *given, given="a long word and another\n")
            for name, given in (ALL | {"backup": [str(tmp_path / "one.tar")]}).items()
            if name not in {"doctor", "migrate", "backup"} or trouble is out_of_reach
        }
        found = done.pop("doctor", None)

    assert len(done) > 15
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    for name, one in done.items():
        code = _AGAIN if name == "feedback" else 1
        assert (name, one.returncode, one.stderr.count("\n")) == (name, code, 1), one.stderr
        assert one.stderr.startswith(TROUBLES[trouble]), (name, one.stderr)
    assert found is None or TROUBLES[trouble] in found.stdout


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_it_is_the_databases_trouble_and_no_fault_of_ours(
    database_url: str, trouble: Trouble, caplog: pytest.LogCaptureFixture
):
    with trouble(database_url) as url:
        database = Database(url.replace("postgresql://", "postgresql+psycopg://"))
        with pytest.raises(AWAY) as raised, database.write() as session:
            events.record(session, "made", subject="x", now=clock.now())
        database.close()
    away.tell(logging.getLogger(__name__), raised.value, what=f"what {trouble}")

    assert away.in_words(raised.value).startswith(TROUBLES[trouble])
    assert sentence_of(raised.value).startswith(TROUBLES[trouble])
    assert not caplog.records[-1].exc_info


@pytest.mark.parametrize("change", ["DROP TABLE event", "ALTER TABLE event DROP COLUMN facts"])
def test_a_database_that_another_machine_brought_to_another_version_is_no_fault_of_ours(
    database: Database, change: str, caplog: pytest.LogCaptureFixture
):
    with database.write() as session:
        session.execute(text(change))
    with pytest.raises(AWAY) as raised, database.write() as session:
        events.record(session, "made", subject="x", now=clock.now())
    with pytest.raises(AWAY), database.read() as session:
        session.scalars(select(Event)).all()
    away.tell(logging.getLogger(__name__), raised.value, what=f"what {change} {database.is_sqlite}")

    assert away.in_words(raised.value) == "The database does not fit this version of Thinslice."
    assert "thinslice migrate" in away.advised(away.in_words(raised.value))
    assert not caplog.records[-1].exc_info


@pytest.mark.parametrize("broken", [{"id": None}, {"kind": None}, {"id": "1", "at": "soon"}])
def test_what_is_refused_quotes_no_row_in_a_log(database: Database, broken: dict[str, Any]):
    """NULL where nothing may be, one that is there already: PostgreSQL tells the whole row."""
    row = {"id": "1", "kind": "ann@bakery.example", "subject": "x", "facts": "{}"}
    asked = text(
        "INSERT INTO event (id, at, kind, subject, facts)"
        " VALUES (:id, CAST(:at AS TIMESTAMP), :kind, CAST(:subject AS VARCHAR), :facts)"
    )
    said: list[str] = []
    for one in (row, row | {"subject": "ann@bakery.example"} | broken, row):
        try:
            with database.write() as session:
                session.execute(asked, {"at": "2026-11-29"} | one)
        except DBAPIError as error:
            said.append("".join(traceback.format_exception(error)))

    assert len(said) >= 2
    assert [one for one in said if "ann@" in one] == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_doctor_knows_a_database_that_is_only_read(database_url: str, tmp_path: Path):
    with only_read(database_url) as url:
        keys = _OF_ANOTHER_MACHINE["THINSLICE_SECRET_KEYS"]
        found = doctor.look(load(data_dir=tmp_path / "data", database_url=url, secret_keys=keys))
    database = next(one for one in found if one.subject == "database")

    assert not database.fine
    assert database.sentence.startswith(TROUBLES[only_read])

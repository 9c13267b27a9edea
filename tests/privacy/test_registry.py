"""No column can hold something of a customer without somebody having said what becomes of it."""

import importlib
import pkgutil
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from sqlalchemy import JSON, Column, update
from sqlmodel import Session, SQLModel, col, select

import app
from app.identity import audit
from app.identity.audit import Seals
from app.identity.models import AuditRow
from app.links.keyring import Keyring
from app.platform import held
from app.platform.db import Database
from app.privacy import mentions
from app.privacy.registry import LINES, MENTIONS, NAMES, OURS, PARTS, SEALED
from tests.moments import NOW
from tests.ops import backups


def texts() -> Iterator[Any]:
    """Every column of every table of ours that can hold words."""
    for room in pkgutil.iter_modules(app.__path__):
        if room.ispkg and importlib.util.find_spec(f"app.{room.name}.models"):
            importlib.import_module(f"app.{room.name}.models")
    for table in SQLModel.metadata.sorted_tables:
        yield from filter(is_text, table.columns)


def is_text(column: Any) -> bool:
    """Whether a column can hold words at all."""
    kind = getattr(column.type, "impl", column.type)
    return isinstance(kind, JSON) or kind.python_type in {str, bytes}


def homes(column: Any) -> list[str]:
    """Where it is said what becomes of a column."""
    table, name = column.table.name, column.name
    theirs = {(part.table.name, column) for part in PARTS for column in part.personal}
    found = ["personal"] if (table, name) in theirs else []
    found += ["mentions"] if name in MENTIONS.get(table, ()) else []
    found += ["lines"] if name in LINES.get(table, {}) else []
    found += ["sealed"] if name in SEALED.get(table, ()) else []
    found += ["ours"] if name in OURS.get(table, ()) else []
    is_id = name in NAMES or name.endswith("_id")
    return found or (["name"] if is_id else [])


def test_every_column_of_text_has_one_home():
    lost = {f"{column.table.name}.{column.name}": homes(column) for column in texts()}

    assert {name: found for name, found in lost.items() if len(found) != 1} == {}


def test_every_home_names_a_column_that_is_there():
    known = {(column.table.name, column.name) for column in texts()}
    named = {
        (table, name)
        for home in (MENTIONS, OURS, LINES, SEALED)
        for table in home
        for name in home[table]
    }

    assert named <= known


def test_a_part_that_would_leave_a_personal_column_is_refused():
    (part, *_) = PARTS

    with pytest.raises(ValueError, match="stays as it is"):
        held.Part(part.name, part.model, part.whose, part.personal, {})


def test_an_address_is_taken_out_whole_and_never_out_of_a_longer_one(session: Session):
    said = "Jo@b.example, <jo@b.example>. banjo@b.example jo@b.example.au x-jo@b.example"
    session.add(
        AuditRow(at=NOW, actor=said, actor_id="", action="x", details={"jo@b.example": [said]})
    )
    session.add(AuditRow(at=NOW, actor="banjo@b.example", actor_id="", action="x"))
    session.flush()

    found = list(mentions.find(session, held.words_of("jo@b.example")))

    expected = "(erased), <(erased)>. banjo@b.example jo@b.example.au x-jo@b.example"
    (one,) = [dict(row.without(row.before)) for row in found]
    assert (one["actor"], one["details"]) == (expected, {"(erased)": [expected]})


MENTIONED = [(table, name) for table in MENTIONS for name in MENTIONS[table]]


def says(column: Column[Any], said: str) -> Any:
    return {"said": [said]} if isinstance(column.type, JSON) else said


def test_what_is_written_between_finding_and_erasing_stays(database: Database):
    with database.engine.begin() as connection:
        backups.fill(connection, Random(7), rows=1)
    tables = SQLModel.metadata.tables
    columns = [tables[table].c[name] for table, name in MENTIONED]

    def say(said: str) -> None:
        with database.engine.begin() as connection:
            for column in columns:
                connection.execute(update(column.table).values({column: says(column, said)}))

    say("asked jo@b.example")
    with database.read() as session:
        found = list(mentions.find(session, ["jo@b.example"]))
    say("jo@b.example asked again, and Ann answered")
    with database.write() as session:
        mentions.take_out(session, found)

    with database.read() as session:
        now = {str(column): session.execute(select(column)).scalar_one() for column in columns}
    expected = "(erased) asked again, and Ann answered"
    assert now == {str(column): says(column, expected) for column in columns}


def test_of_more_people_than_one_question_asks_for_nobody_comes_back(database: Database):
    people = [f"p{number}@b.example" for number in range(250)]
    with database.write() as session:
        audit.note(session, actor=" ".join(people), action="x", now=NOW)
    with database.write() as session:
        mentions.take_out(session, list(mentions.find(session, people)))

    with database.read() as session:
        assert session.exec(select(AuditRow.actor)).one() == " ".join(["(erased)"] * len(people))


def test_a_row_of_the_audit_that_somebody_is_taken_out_of_is_still_whole(database: Database):
    seals = Seals(Keyring.of([b"the only key of an installation"]).seals)
    database.at_last(seals.close)
    with database.write() as session:
        for actor in ("jo@b.example", "Ann", "jo@b.example"):
            audit.note(session, actor=actor, action="POST /login refused", now=NOW)
    with database.write() as session:
        mentions.take_out(session, list(mentions.find(session, ["jo@b.example"])))

    with database.read() as session:
        found = seals.verified(session)
        actors = session.exec(select(AuditRow.actor).order_by(col(AuditRow.number))).all()

    assert actors == ["(erased)", "Ann", "(erased)"]
    assert (found.rows, found.erased, found.faults) == (3, 2, [])


def test_wildcards_of_sql_in_an_address_find_nobody_else(session: Session):
    session.add(AuditRow(at=NOW, actor="aXb@b.example", actor_id="", action="x"))
    session.flush()

    assert list(mentions.find(session, held.words_of("a_b@b.example", "%@b.example"))) == []


def test_no_two_parts_have_one_name():
    """An export tells them by name: of two alike, one would be left out."""
    names = [part.name for part in PARTS]

    assert sorted(set(names)) == sorted(names)

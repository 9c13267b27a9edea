"""All SQL of people, audiences and imports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    and_,
    bindparam,
    exists,
    func,
    or_,
    text,
    update,
)
from sqlalchemy import select as sa_select
from sqlalchemy.engine import Row
from sqlmodel import Session, col, select

from app.audience import bulk
from app.audience.addresses import key_of
from app.audience.models import Audience, Import, Membership, Person, Refusal
from app.audience.own import OWN
from app.platform.db import among
from app.platform.documents import Json
from app.platform.errors import Conflict, NotFound
from app.platform.listing import Asked, Listing
from app.platform.paging import Order, Part, part

_IMPORTS = Order("imports", is_descending=True)

_TABLES = Person.metadata.tables
_IMPORTS_LOCK = 0x7415_11CF  # PostgreSQL's advisory lock: chunks of imports come one at a time
_MEMBER = (
    col(Person.id),
    col(Person.email_key),
    *(col(getattr(Person, name)) for name in OWN),
    col(Membership.data),
    col(Membership.line),
)


def add_audience(session: Session, name: str, *, by: str, now: datetime) -> Audience:
    """A new audience; its name is its own."""
    if _by_name(session, name):
        raise Conflict(f"There is an audience “{name}” already.")
    row = Audience(name=name, created_at=now, created_by=by)
    session.add(row)
    session.flush()
    return row


def named(session: Session, name: str, *, by: str, now: datetime) -> Audience:
    """The audience of this name; made where it is missing."""
    return _by_name(session, name) or add_audience(session, name, by=by, now=now)


def audience_of(session: Session, audience_id: str) -> Audience:
    """An audience by id."""
    audience = session.get(Audience, audience_id)
    if audience is None:
        raise NotFound("There is no audience with this id.")
    return audience


def locked_audience(session: Session, audience_id: str) -> Audience:
    """An audience that nobody else changes until this transaction ends."""
    query = select(Audience).where(Audience.id == audience_id).with_for_update()
    audience = session.exec(query.execution_options(populate_existing=True)).one_or_none()
    if audience is None:
        raise NotFound("There is no audience with this id.")
    return audience


AUDIENCES = Listing(
    name="audiences page", key=col(Audience.id), usual="-made", words=(col(Audience.name),),
    sorts={"made": col(Audience.id), "name": col(Audience.name), "people": col(Audience.people)},
)  # fmt: skip


def audiences(session: Session, asked: Asked, *, limit: int) -> Part[Audience]:
    """The newest first, or as it is asked for."""
    return AUDIENCES.part(session, select(Audience), asked, limit=limit)


def names_of(session: Session, audience_ids: Sequence[str]) -> dict[str, str]:
    """What audiences are called, by id."""
    query = select(Audience.id, Audience.name).where(col(Audience.id).in_(audience_ids))
    return {row[0]: row[1] for row in session.exec(query)} if audience_ids else {}


def member_rows(
    session: Session, audience_id: str, *, after: str | None, limit: int
) -> Sequence[Row[Any]]:
    """One row per person of an audience, in order of id."""
    query = (
        sa_select(*_MEMBER)
        .select_from(Membership)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(col(Membership.audience_id) == audience_id)
        .order_by(col(Membership.person_id))
        .limit(limit)
    )
    if after is not None:
        query = query.where(col(Membership.person_id) > after)
    return session.execute(query).all()


def person_of(session: Session, person_id: str) -> Person:
    """A person by id."""
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound("There is no person with this id.")
    return person


def person_by_email(session: Session, email: str) -> Person | None:
    """A person by address."""
    return session.exec(select(Person).where(Person.email_key == key_of(email))).one_or_none()


def memberships_of(session: Session, person_id: str) -> Sequence[tuple[Audience, Membership]]:
    """The audiences that a person is in, with their columns there."""
    return session.exec(
        select(Audience, Membership)
        .join(Membership, col(Membership.audience_id) == Audience.id)
        .where(Membership.person_id == person_id)
        .order_by(Audience.name)
    ).all()


def people_by_key(session: Session, keys: Sequence[str]) -> dict[str, Row[Any]]:
    """Of these address keys, the people that there are: plain rows, of thousands at once."""
    person = _TABLES["person"]
    rows = session.execute(sa_select(person).where(among(session, Person.email_key, keys))).all()
    return {row.email_key: row for row in rows}


def people_by_external_id(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """Of these external ids, whose they are: id of the person."""
    if not ids:
        return {}
    rows = session.exec(
        select(Person.external_id, Person.id).where(among(session, Person.external_id, ids))
    ).all()
    return {external: person for external, person in rows if external is not None}


def memberships(
    session: Session, audience_id: str, person_ids: Sequence[str]
) -> dict[str, Row[Any]]:
    """Of these people, who is in the audience already."""
    columns = (Membership.person_id, Membership.data, Membership.import_id, Membership.line)
    rows = session.execute(
        sa_select(*map(col, columns)).where(
            col(Membership.audience_id) == audience_id,
            among(session, Membership.person_id, person_ids),
        )
    )
    return {row.person_id: row for row in rows}


def add_people(session: Session, rows: list[dict[str, Any]]) -> None:
    """New people, in bulk."""
    bulk.insert_all(session, _TABLES["person"], rows)


def change_people(session: Session, rows: list[dict[str, Any]]) -> None:
    """Changed people, in bulk; each row names its `id`."""
    if rows:
        session.execute(update(Person), rows)


def add_memberships(session: Session, rows: list[dict[str, Any]]) -> None:
    """New members, in bulk."""
    bulk.insert_all(session, _TABLES["membership"], rows)


_CHANGE_ONE = text(
    "UPDATE membership SET data = :data, import_id = :import_id, line = :line"
    " WHERE audience_id = :audience_id AND person_id = :person_id"
).bindparams(bindparam("data", type_=Json))
_CHANGE_ALL = text(
    "UPDATE membership m SET data = x.data, import_id = x.import_id, line = x.line"
    " FROM jsonb_to_recordset(:rows) AS"
    " x(audience_id text, person_id text, data jsonb, import_id text, line int)"
    " WHERE m.audience_id = x.audience_id AND m.person_id = x.person_id"
).bindparams(bindparam("rows", type_=Json))  # PostgreSQL: one statement, a tenth of the time


_NAME_ONE = text(
    "UPDATE membership SET import_id = :import_id, line = :line"
    " WHERE audience_id = :audience_id AND person_id = :person_id"
)
_NAME_ALL = text(
    "UPDATE membership m SET import_id = x.import_id, line = x.line"
    " FROM jsonb_to_recordset(:rows) AS"
    " x(audience_id text, person_id text, import_id text, line int)"
    " WHERE m.audience_id = x.audience_id AND m.person_id = x.person_id"
).bindparams(bindparam("rows", type_=Json))


def name_memberships(session: Session, rows: list[dict[str, Any]]) -> None:
    """Members that a file named again, as they were: only which file and line is new."""
    if rows and session.get_bind().dialect.name == "postgresql":
        session.connection().execute(_NAME_ALL, {"rows": rows})
    elif rows:
        session.connection().execute(_NAME_ONE, rows)


def change_memberships(session: Session, rows: list[dict[str, Any]]) -> None:
    """Members that a file named again, as they are to be."""
    if rows and session.get_bind().dialect.name == "postgresql":
        session.connection().execute(_CHANGE_ALL, {"rows": rows})
    elif rows:
        session.connection().execute(_CHANGE_ONE, rows)


def add_refusals(session: Session, rows: list[dict[str, Any]]) -> None:
    """Lines that were not taken, in bulk."""
    bulk.insert_all(session, _TABLES["import_refusal"], rows)


def one_import_at_a_time(session: Session) -> None:
    """Until this transaction ends. (SQLite has one writer anyway.)"""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORTS_LOCK})


def import_of(session: Session, import_id: str) -> Import:
    """An import by id."""
    found = session.get(Import, import_id)
    if found is None:
        raise NotFound("There is no import with this id.")
    return found


def locked_import(session: Session, import_id: str) -> Import:
    """An import that nobody else changes until this transaction ends."""
    query = select(Import).where(Import.id == import_id).with_for_update()
    found = session.exec(query.execution_options(populate_existing=True)).one_or_none()
    return found or import_of(session, import_id)


def is_running(session: Session, file: str) -> bool:
    """Whether an import's file is still needed."""
    row = session.get(Import, file)
    if row is not None and (row.status == "running" or row.waits):
        return True
    query = select(exists().where(col(Import.look_id) == file, col(Import.status) == "running"))
    return bool(session.exec(query).one())


def imports_of(
    session: Session, audience_id: str, *, cursor: str | None = None, limit: int = 50
) -> Part[Import]:
    """An audience's imports, newest first."""
    query = select(Import).where(Import.audience_id == audience_id)
    return part(session, query, _IMPORTS, Import.id, cursor=cursor, limit=limit)


def next_imports(session: Session, folder: str, *, kept_since: datetime) -> Sequence[str]:
    """The oldest unfinished import of each audience, of this data folder; oldest first.

    A look that nobody confirmed in time is to be ended.
    """
    is_late = and_(waits(), col(Import.created_at) < kept_since)
    query = (
        select(func.min(Import.id))
        .where(or_(col(Import.status) == "running", is_late), Import.folder == folder)
        .group_by(col(Import.audience_id))
    )
    return sorted(session.exec(query))


def waits() -> ColumnElement[bool]:
    """A file about which a person is to say a word: it is kept until then, for a day."""
    return or_(col(Import.status) == "previewed", col(Import.asks) != "")


def refusals(
    session: Session, import_id: str, *, after: int = 0, limit: int = 1000
) -> Sequence[Refusal]:
    """Lines that were not taken, in order."""
    query = select(Refusal).where(Refusal.import_id == import_id, Refusal.line > after)
    return session.exec(query.order_by(col(Refusal.line)).limit(limit)).all()


def _by_name(session: Session, name: str) -> Audience | None:
    return session.exec(select(Audience).where(Audience.name == name)).one_or_none()


def first_import_running() -> ScalarSelect[datetime]:
    """When the import was begun that is being read the longest."""
    first = sa_select(func.min(col(Import.created_at))).where(col(Import.status) == "running")
    return first.scalar_subquery()

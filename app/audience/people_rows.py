"""The SQL of finding people: by address, by name, by what stands in any of their columns."""

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from app.audience.models import Membership, Person
from app.audience.own import TOLD
from app.platform.errors import NotFound
from app.platform.listing import Asked, Listing
from app.platform.paging import Part

LISTING = Listing(
    name="people page",
    key=col(Person.id),
    usual="id",
    sorts={"id": col(Person.id), "name": col(Person.name), "email": col(Person.email_key)},
)


def found(
    session: Session, asked: Asked, *, audience_id: str | None = None, limit: int
) -> Part[Person]:
    """People in whose address, name, id elsewhere or any column the words stand.

    A cursor holds an id only, whatever the order: addresses and names are in no address bar.
    """
    query: Any = select(Person)
    if audience_id is not None:
        query = query.join(Membership, col(Membership.person_id) == col(Person.id))
        query = query.where(col(Membership.audience_id) == audience_id)
    if words := asked.words.strip():
        query = query.where(_says(session, words, audience_id))
    return LISTING.part(session, query, replace(asked, words=""), limit=limit)


def _says(session: Session, words: str, audience_id: str | None) -> ColumnElement[bool]:
    """In any case of letters: SQLite knows that of a to z only, so others are tried as written."""
    tried = {words, words.lower(), words.upper(), words.title()}
    theirs = (col(Person.email_key), *(col(getattr(Person, name)) for name in TOLD))
    cell = _cells(session)
    member = (
        sa_select(col(Membership.person_id))
        .select_from(Membership.metadata.tables["membership"], cell)
        .where(
            col(Membership.person_id) == col(Person.id),
            *([col(Membership.audience_id) == audience_id] if audience_id else []),
            _any_of(cell.c.value, tried),
        )
        .correlate(Person)
    )
    return or_(*(_any_of(one, tried) for one in theirs), member.exists())


def _any_of(column: Any, tried: set[str]) -> ColumnElement[bool]:
    return or_(*(column.icontains(one, autoescape=True) for one in sorted(tried)))


def _cells(session: Session) -> Any:
    """Somebody's cells as rows; none where their document is damaged."""
    data = Membership.metadata.tables["membership"].c.data
    if session.get_bind().dialect.name == "sqlite":
        sound = case((func.json_valid(data) == 1, data), else_="{}")
        return (
            func.json_each(sound).table_valued("key", "value", joins_implicitly=True).alias("cell")
        )
    sound = case((func.jsonb_typeof(data) == "object", data))
    return (
        func.jsonb_each_text(sound)
        .table_valued("key", "value", joins_implicitly=True)
        .alias("cell")
    )


def member(
    session: Session, audience_id: str, person_id: str, *, is_needed: bool = False
) -> Membership | None:
    """Somebody in an audience. Raises NotFound where they must be in it, and are not."""
    row = session.get(Membership, (audience_id, person_id))
    if row is None and is_needed:
        raise NotFound("This person is not in this audience.")
    return row

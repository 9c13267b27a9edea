"""The SQL of finding people: by address, by name, by what stands in any of their columns."""

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from app.audience.models import Membership, Person
from app.audience.own import TOLD
from app.platform.errors import Invalid, NotFound
from app.platform.paging import Order, Part

_CURSORS = {
    "id": Order("people found"),
    "name": Order("people by name"),
    "email": Order("people by address"),
}


class Sort(StrEnum):
    """In which order people are listed."""

    ID = "id"  # as they came
    NAME = "name"
    EMAIL = "email"


def found(
    session: Session,
    *,
    words: str = "",
    audience_id: str | None = None,
    sort: Sort = Sort.ID,
    cursor: str | None = None,
    limit: int,
) -> Part[Person]:
    """People in whose address, name, id elsewhere or any column these words stand.

    A cursor holds an id only, whatever the order: addresses and names are in no address bar.
    """
    query = select(Person)
    if audience_id is not None:
        query = query.join(Membership, col(Membership.person_id) == col(Person.id))
        query = query.where(col(Membership.audience_id) == audience_id)
    if words.strip():
        query = query.where(_says(session, words.strip(), audience_id))
    key = {Sort.NAME: col(Person.name), Sort.EMAIL: col(Person.email_key)}.get(sort)
    if cursor is not None:
        query = query.where(_after(session, key, _CURSORS[sort].key_of(cursor)[0]))
    ends = [col(Person.id)] if key is None else [key, col(Person.id)]
    rows = session.exec(query.order_by(*ends).limit(limit + 1)).all()
    more = _CURSORS[sort].cursor_of((rows[limit - 1].id,)) if len(rows) > limit else None
    return Part(rows[:limit], more)


def _after(session: Session, key: Any, last_id: str) -> ColumnElement[bool]:
    if key is None:
        return col(Person.id) > last_id
    last = session.get(Person, last_id)
    if last is None:  # erased meanwhile
        raise Invalid.at("cursor", "The list has changed meanwhile. Begin at its first page.")
    value = getattr(last, key.key)
    return or_(key > value, and_(key == value, col(Person.id) > last_id))


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

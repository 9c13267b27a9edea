"""The SQL of columns: how they are read, what everybody has in them, what was noted of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, update
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from app.audience import bulk
from app.audience.models import Audience, Membership, Note
from app.audience.store import audience_of

_NOTES = Note.metadata.tables["import_note"]


@dataclass(frozen=True, slots=True)
class Cells:
    """One person's columns, and which line of which file named them last."""

    person_id: str
    data: Mapping[str, Any]
    import_id: str | None
    line: int | None


def save_profile(
    session: Session,
    audience_id: str,
    *,
    people: int,
    columns: list[dict[str, Any]],
    read_by: int,
) -> None:
    """Keep what an audience's columns look like."""
    row = audience_of(session, audience_id)
    row.people, row.columns = people, columns
    row.read_by, row.revision = read_by, row.revision + 1
    session.add(row)


def unread(session: Session, *, version: int) -> Sequence[str]:
    """Audiences whose columns were last read by an older version of reading."""
    query = select(Audience.id).where(col(Audience.read_by) < version, col(Audience.people) > 0)
    return session.exec(query.order_by(Audience.id)).all()


def change_columns(session: Session, row: Audience, columns: list[dict[str, Any]]) -> None:
    """Another reading of what is there already."""
    row.columns, row.revision = columns, row.revision + 1
    session.add(row)


def touch(session: Session, audience_id: str, people: Sequence[str]) -> None:
    """Its cells changed, and these people wherever they are: no mail of them is known any more."""
    theirs = select(Membership.audience_id).where(col(Membership.person_id).in_(people))
    session.execute(
        update(Audience)
        .where(or_(col(Audience.id) == audience_id, col(Audience.id).in_(theirs)))
        .values(revision=col(Audience.revision) + 1)
        .execution_options(synchronize_session="fetch")
    )


def cells(session: Session, audience_id: str) -> Iterator[Cells]:
    """The columns of each member, streamed."""
    columns = (Membership.person_id, Membership.data, Membership.import_id, Membership.line)
    query = sa_select(*map(col, columns)).where(col(Membership.audience_id) == audience_id)
    for row in session.execute(query.execution_options(yield_per=5000)):
        yield Cells(row.person_id, row.data, row.import_id, row.line)


def add_notes(session: Session, rows: list[dict[str, Any]]) -> None:
    """Cells that were left empty or do not fit their column, in bulk."""
    bulk.insert_all(session, _NOTES, rows)


def notes(session: Session, import_id: str, *, after: int = 0, limit: int = 1000) -> Sequence[Note]:
    """What was noted of an import's cells, in order."""
    query = select(Note).where(Note.import_id == import_id, Note.number > after)
    return session.exec(query.order_by(col(Note.number)).limit(limit)).all()

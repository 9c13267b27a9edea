"""All SQL of what drafts said before."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.experiments.models import DraftVersion
from app.platform.errors import NotFound
from app.platform.paging import Order, Part, part

_VERSIONS = Order("draft versions", (int,), is_descending=True)


@dataclass(frozen=True, slots=True)
class Step:
    """One version without what it says: how it came about."""

    number: int
    made: str
    of: int | None


def newest(session: Session, experiment_id: str) -> DraftVersion | None:
    """What was kept last."""
    query = select(DraftVersion).where(DraftVersion.experiment_id == experiment_id)
    return session.exec(query.order_by(col(DraftVersion.number).desc()).limit(1)).first()


def version_of(session: Session, experiment_id: str, number: int) -> DraftVersion:
    """One of them. Raises NotFound."""
    row = session.get(DraftVersion, (experiment_id, number)) if number < 2**31 else None
    if row is None:
        raise NotFound("There is no such version of this draft, or it is not kept any more.")
    return row


def before(session: Session, experiment_id: str, number: int) -> DraftVersion | None:
    """The one before a number, as far as they are kept."""
    query = select(DraftVersion).where(
        DraftVersion.experiment_id == experiment_id, DraftVersion.number < number
    )
    return session.exec(query.order_by(col(DraftVersion.number).desc()).limit(1)).first()


def steps(session: Session, experiment_id: str) -> dict[int, Step]:
    """How each that is kept came about, by its number."""
    query = select(DraftVersion.number, DraftVersion.made, DraftVersion.of).where(
        DraftVersion.experiment_id == experiment_id
    )
    return {row[0]: Step(row[0], row[1], row[2]) for row in session.exec(query)}


def page(
    session: Session, experiment_id: str, *, cursor: str | None, limit: int
) -> Part[DraftVersion]:
    """Newest first."""
    query = select(DraftVersion).where(DraftVersion.experiment_id == experiment_id)
    return part(session, query, _VERSIONS, DraftVersion.number, cursor=cursor, limit=limit)


def some(session: Session, experiment_id: str, numbers: Sequence[int]) -> dict[int, DraftVersion]:
    """These, by their number."""
    query = select(DraftVersion).where(
        DraftVersion.experiment_id == experiment_id, col(DraftVersion.number).in_(numbers)
    )
    return {row.number: row for row in session.exec(query)} if numbers else {}


def drop_until(session: Session, experiment_id: str, number: int) -> None:
    """The oldest go, this one last."""
    session.execute(
        delete(DraftVersion).where(
            col(DraftVersion.experiment_id) == experiment_id, col(DraftVersion.number) <= number
        )
    )

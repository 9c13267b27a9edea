"""All SQL of conversions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from app.platform.listing import Asked, Listing
from app.platform.paging import Part
from app.tracking.models import Conversion
from app.tracking.personal import FORGOTTEN
from app.tracking.store import new_only

_CHUNK = 500  # ids per question, far below every database's limit of parameters


def add(session: Session, rows: Sequence[Mapping[str, object]]) -> set[str]:
    """Keep new ones; the ids that were not here before."""
    ordered = sorted(rows, key=lambda row: str(row["id"]))  # two requests never wait in a circle
    statement = new_only(session, Conversion).returning(col(Conversion.id))
    added: set[str] = set()
    for start in range(0, len(ordered), _CHUNK):
        added.update(session.scalars(statement, ordered[start : start + _CHUNK]))
    return added


def by_id(session: Session, ids: Sequence[str]) -> dict[str, Conversion]:
    """Those that are kept under these ids."""
    conversions: dict[str, Conversion] = {}
    for start in range(0, len(ids), _CHUNK):
        wanted = col(Conversion.id).in_(ids[start : start + _CHUNK])
        conversions.update(
            (row.id, row) for row in session.scalars(select(Conversion).where(wanted))
        )
    return conversions


def of_people(session: Session, person_ids: Sequence[str]) -> list[Conversion]:
    """Everything that these people did, in the order of the ids."""
    conversions: list[Conversion] = []
    for start in range(0, len(person_ids), _CHUNK):
        wanted = col(Conversion.person_id).in_(person_ids[start : start + _CHUNK])
        question = select(Conversion).where(wanted).order_by(col(Conversion.id))
        conversions += session.scalars(question)
    return conversions


def unsettled(session: Session, *, before: datetime, limit: int) -> list[Conversion]:
    """Those that wait for their second counting."""
    question = (
        select(Conversion)
        .where(~col(Conversion.settled), col(Conversion.received_at) < before)
        .order_by(col(Conversion.received_at))
        .limit(limit)
    )
    return list(session.scalars(question))


def unmatched(session: Session, *, tried_before: datetime, limit: int) -> list[Conversion]:
    """Those of nobody whom we knew, the longest untried first."""
    question = (
        select(Conversion)
        .where(
            col(Conversion.person_id).is_(None),
            col(Conversion.tried_at) < tried_before,
            col(Conversion.digest) != FORGOTTEN,
        )
        .order_by(col(Conversion.tried_at))
        .limit(limit)
    )
    return list(session.scalars(question))


def settle(session: Session, ids: Sequence[str]) -> None:
    """Note that they were counted a second time."""
    session.execute(update(Conversion).where(col(Conversion.id).in_(ids)).values(settled=True))


EVERY: Any = select(Conversion)
LISTING = Listing(
    name="conversions page",
    key=col(Conversion.id),
    usual="-received",
    sorts={
        "received": col(Conversion.received_at),
        "event": col(Conversion.event),
        "person": func.coalesce(col(Conversion.email_key), col(Conversion.external_id)),
        "value": col(Conversion.value),
        "when": col(Conversion.occurred_at),
    },
    words=(
        col(Conversion.event), col(Conversion.email_key), col(Conversion.external_id),
        col(Conversion.id),
    ),
    filters={"unmatched": dict.fromkeys(("true", "1"), col(Conversion.person_id).is_(None))},
)  # fmt: skip


def page(
    session: Session, asked: Asked, *, limit: int, event: str | None, matched: bool | None
) -> Part[Conversion]:
    """The newest first, by id among those of one moment; or as it is asked for."""
    question: Any = EVERY
    if event is not None:
        question = question.where(col(Conversion.event) == event)
    if matched is not None:
        is_nobody = col(Conversion.person_id).is_(None)
        question = question.where(~is_nobody if matched else is_nobody)
    return LISTING.part(session, question, asked, limit=limit)

"""What came in and what went out, line by line, as a list is asked for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.audience.models import Person
from app.delivery import destination_store, person_store
from app.delivery.models import Send, State
from app.platform.listing import Asked, Listing
from app.platform.paging import Part
from app.tracking import store as tracking
from app.tracking.models import Hit
from app.tracking.verdicts import Verdict

_CLICKER: Any = (
    select(Person.email)
    .join(Send, col(Send.person_id) == col(Person.id))
    .where(col(Send.id) == col(Hit.send_id))
    .correlate(Hit)
    .scalar_subquery()
)
_ADDRESS: Any = func.coalesce(
    select(Person.email)
    .where(col(Person.id) == col(Send.person_id))
    .correlate(Send)
    .scalar_subquery(),
    "",
)
HITS = Listing(
    name="hits page",
    key=col(Hit.id),
    usual="came",
    sorts={
        "came": col(Hit.id),
        "at": col(Hit.at),
        "person": _CLICKER,
        "kind": col(Hit.kind),
        "link": col(Hit.link),
        "verdict": col(Hit.verdict),
        "rule": col(Hit.rule),
        "times": col(Hit.count),
    },
    words=(_CLICKER, col(Hit.reason), col(Hit.user_agent), col(Hit.verdict), col(Hit.rule)),
    filters={
        "kind": {kind: col(Hit.kind) == kind for kind in ("click", "open")},
        "verdict": {one.value: col(Hit.verdict) == one for one in Verdict},
    },
)
SENDS = Listing(
    name="sends page",
    key=col(Send.id),
    usual="came",
    sorts={
        "came": col(Send.id),
        "person": _ADDRESS,
        "state": col(Send.state),
        "released": col(Send.released_at),
        "reply": col(Send.last_reply),
    },
    words=(_ADDRESS, col(Send.last_reply)),
    filters={"state": {one.value: col(Send.state) == one for one in State}},
)
ADDRESSES = ("person", "reply")  # columns that name people


def hits(
    session: Session, listing: Listing, experiment_id: str, asked: Asked, *, limit: int
) -> Part[Hit]:
    """In the order of arrival as the API has them; behind them what was only counted."""
    if listing.sort_of(asked) == listing.usual and not asked.is_narrowed:
        return tracking.hits_page(session, experiment_id, cursor=asked.cursor, limit=limit)
    query = select(Hit).where(col(Hit.experiment_id) == experiment_id)
    return listing.part(session, query, asked, limit=limit)


def sends(
    session: Session, listing: Listing, experiment_id: str, asked: Asked, *, limit: int
) -> Part[tuple[Send, str]]:
    """Each with its address (none: erased)."""
    if listing.sort_of(asked) == listing.usual and not asked.is_narrowed:
        return person_store.sends_page(session, experiment_id, cursor=asked.cursor, limit=limit)
    query = select(Send, _ADDRESS).where(col(Send.experiment_id) == experiment_id)
    return listing.part(session, query, asked, limit=limit)


def people_of(session: Session, send_ids: Sequence[int]) -> dict[int, str]:
    """The addresses that these mails went to, by send; none of whom was erased."""
    query = (
        select(Send.id, Person.email)
        .join(Person, col(Person.id) == col(Send.person_id))
        .where(col(Send.id).in_(set(send_ids)))
    )
    return {row[0]: row[1] for row in session.exec(query)}


def links_of(session: Session, experiment_id: str) -> Mapping[tuple[str, int], str]:
    """What the links of each version are called, by version and place in the mail."""
    found = destination_store.links_of(session, experiment_id)
    return {(row.arm, row.link): row.label or row.address for row in found}

"""The ledger of a key result: what each experiment added. Value = start + Σ of what counts.

An entry is posted once, whether it is large or small, significant or not, up or down. Two entries
that share people and event hold the same movement twice, so only the larger of them counts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from math import fsum

from sqlmodel import Session

from app.okr import provenance, store
from app.okr.models import Contribution, KeyResult
from app.okr.provenance import Origin
from app.platform import events
from app.platform.errors import Conflict


@dataclass(frozen=True, slots=True)
class Entry:
    """What one experiment added, in the key result's unit, with its interval."""

    experiment_id: str
    date: Date
    amount: float
    low: float
    high: float
    people: int  # released in the arms that were compared
    event: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the ledger as it stands. `counted` is false beside a larger one of the same."""

    row: Contribution
    counted: bool


def post(
    session: Session,
    key_result_id: str,
    entry: Entry,
    *,
    overlaps: Collection[str] = (),
    by: str,
    now: datetime,
) -> Contribution:
    """Add an experiment's increment, once. `overlaps` are experiments that share its people."""
    row = store.claimed(session, key_result_id)
    refuse_other_sources(row)
    provenance.refuse_undone(session, key_result_id, entry.experiment_id)
    if store.contribution_of(session, key_result_id, entry.experiment_id):
        raise Conflict("This experiment's increment stands in the ledger already: once is enough.")
    posted = Contribution(
        key_result_id=key_result_id,
        experiment_id=entry.experiment_id,
        date=entry.date,
        amount=entry.amount,
        low=entry.low,
        high=entry.high,
        people=entry.people,
        event=entry.event,
        overlaps=sorted(overlaps),
        posted_at=now,
        posted_by=by,
    )
    session.add(posted)
    session.flush()
    _follow(session, row, now=now)
    facts = {"experiment_id": entry.experiment_id, "amount": entry.amount}
    events.record(session, "key_result.contributed", subject=row.id, now=now, facts=facts)
    return posted


def take_back(session: Session, posted: Contribution, *, now: datetime) -> None:
    """Delete an entry; every value that held it is written again without it."""
    row = store.claimed(session, posted.key_result_id)
    session.delete(posted)
    session.flush()
    _follow(session, row, now=now)


def refuse_other_sources(row: KeyResult) -> None:
    """A number that is measured elsewhere holds the increment already."""
    if row.source != "experiment":
        raise Conflict(
            f"“{row.title}” gets its values from “{row.source}”, which holds what an experiment"
            " moved already: added, it would count twice. Set its source to experiment, or link"
            " the experiment as evidence."
        )


def lines(session: Session, key_result_id: str) -> tuple[Line, ...]:
    """The ledger in order of date."""
    rows = store.contributions(session, key_result_id)
    counts = counted(rows)
    return tuple(Line(row, row.experiment_id in counts) for row in rows)


def counted(rows: Sequence[Contribution]) -> frozenset[str]:
    """The experiments whose amounts are added: of those that overlap, the larger movement."""
    taken: list[Contribution] = []
    for row in sorted(rows, key=lambda one: (-abs(one.amount), one.date, one.experiment_id)):
        if not any(_overlap(row, other) for other in taken):
            taken.append(row)
    return frozenset(row.experiment_id for row in taken)


def value_on(start: float, rows: Sequence[Contribution], day: Date) -> float:
    """Start + Σ of what counts up to a day."""
    known = [row for row in rows if row.date <= day]
    counts = counted(known)
    return fsum([start, *(row.amount for row in known if row.experiment_id in counts)])


def _overlap(one: Contribution, other: Contribution) -> bool:
    named = one.experiment_id in other.overlaps or other.experiment_id in one.overlaps
    return named and one.event == other.event


def _follow(session: Session, row: KeyResult, *, now: datetime) -> None:
    """Let the dated values say what the ledger says."""
    rows = store.contributions(session, row.id)
    held = {one.date: one for one in store.values(session, row.id)}
    for day in sorted({one.date for one in rows} | set(held)):
        posted = [one for one in rows if one.date == day]
        stays = day in held and held[day].experiment_id is None
        known = any(one.date <= day for one in rows)
        if posted or (stays and known):
            value, origin = value_on(row.start, rows, day), _origin(posted)
            provenance.write(session, row.id, day, value, origin, held=held.get(day), now=now)
        elif day in held:
            provenance.retire(session, held[day], now=now)


def _origin(posted: Sequence[Contribution]) -> Origin:
    if not posted:
        return provenance.NONE
    last = posted[-1]
    return Origin(
        last.experiment_id, last.people, last.amount, last.low, last.high, by=last.posted_by
    )

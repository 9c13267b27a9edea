"""The ledger of a key result: what each experiment added to what was put.

An entry is posted once, whether it is large or small, significant or not, up or down. Entries whose
people were in each other's open windows, for the same event, hold the movement of those people
twice: there the larger entry counts them, and of the smaller only the rest of its people counts,
each with its average. One shared person of 300 costs a three-hundredth; windows that never touch
cost nothing.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime

from sqlmodel import Session

from app.okr import exact, provenance, series, store, telling
from app.okr.models import CheckIn, Contribution, KeyResult
from app.okr.overlap import Group, Line, lined
from app.platform import events
from app.platform.errors import Conflict, Invalid


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


Sharing = Callable[[str, Collection[str]], Sequence[Group]]
"""The groups of an experiment's people that others measured at the same time."""


def nobody_shared(_experiment_id: str, _others: Collection[str]) -> Sequence[Group]:
    """The answer where no other experiment can have measured the same people."""
    return ()


def post(
    session: Session,
    key_result_id: str,
    entry: Entry,
    *,
    sharing: Sharing = nobody_shared,
    by: str,
    now: datetime,
) -> Contribution:
    """Add an experiment's increment, once. `sharing` knows who else measured its people."""
    row = store.claimed(session, key_result_id)
    refuse_other_sources(row)
    provenance.refuse_undone(session, key_result_id, entry.experiment_id)
    provenance.refuse_ended(session, row, entry.date)
    if store.contribution_of(session, key_result_id, entry.experiment_id):
        raise Conflict("This experiment's increment stands in the ledger already: once is enough.")
    with telling.changes(session, row, now=now):
        posted = _posted(row, entry, by=by, now=now)
        session.add(posted)
        session.flush()
        _note_sharing(session, posted, sharing)
    facts = {"experiment_id": entry.experiment_id, "amount": entry.amount}
    events.record(session, "key_result.contributed", subject=row.id, now=now, facts=facts)
    return posted


def take_back(session: Session, row: KeyResult, posted: Contribution, *, now: datetime) -> None:
    """Delete an entry: what stood without it stands again. What was said stays as history."""
    held = [
        daily_value
        for daily_value in series.daily_values(session, row)
        if daily_value.date == posted.date
    ]
    session.add_all(_as_history(row, posted, value.value, now=now) for value in held)
    with telling.changes(session, row, comment="Taken back", now=now):
        session.delete(posted)
        session.flush()


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
    return lined(store.contributions(session, key_result_id))


def _posted(row: KeyResult, entry: Entry, *, by: str, now: datetime) -> Contribution:
    if entry.people < 1:
        raise Invalid("Nobody was released, so nothing is added.")
    return Contribution(
        key_result_id=row.id,
        experiment_id=entry.experiment_id,
        date=entry.date,
        amount=exact.checked(entry.amount),
        low=exact.checked(entry.low),
        high=exact.checked(entry.high),
        people=entry.people,
        event=entry.event,
        posted_at=now,
        posted_by=by,
    )


def _as_history(row: KeyResult, posted: Contribution, said: float, *, now: datetime) -> CheckIn:
    return CheckIn(
        key_result_id=row.id,
        date=posted.date,
        value=said,
        source=series.DERIVED,
        recorded_at=posted.posted_at,
        recorded_by=posted.posted_by,
        replaced_at=now,
        experiment_id=posted.experiment_id,
        observed=posted.people,
        estimate=posted.amount,
        low=posted.low,
        high=posted.high,
    )


def _note_sharing(session: Session, posted: Contribution, sharing: Sharing) -> None:
    """Write down whose people are whose, at the new entry and at those that share with it."""
    rows = [
        contribution
        for contribution in store.contributions(session, posted.key_result_id)
        if contribution.event == posted.event
    ]
    ids = {contribution.experiment_id for contribution in rows}
    found = sharing(posted.experiment_id, ids - {posted.experiment_id})
    touched = {posted.experiment_id}.union(*(group.others for group in found))
    for row in rows:
        if row.experiment_id in touched:
            groups = (
                found if row is posted else sharing(row.experiment_id, ids - {row.experiment_id})
            )
            row.overlaps = [{"people": one.people, "with": sorted(one.others)} for one in groups]
            session.add(row)
    session.flush()

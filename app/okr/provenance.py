"""What values come from: what an experiment may write, and what was entered long after its day.

An experiment writes nothing twice, and nothing that was taken back.
"""

from datetime import date as Date
from datetime import datetime, timedelta

from sqlmodel import Session

from app.okr import store
from app.okr.models import KeyResult, UndoneLink
from app.platform import events
from app.platform.errors import Conflict

_LATER = timedelta(days=7)  # a check-in for last week is on time; chosen by us


def entered_later(day: Date, recorded_at: datetime) -> bool:
    """Whether a value was put more than a week after its day: pasted or imported, not checked in.

    By the day in UTC, whatever the zone: a few hours matter to nobody here.
    """
    return recorded_at.date() - day > _LATER


def mark_undone(
    session: Session, key_result_id: str, experiment_id: str, *, by: str, now: datetime
) -> None:
    """From here on this experiment writes nothing to this key result."""
    session.add(UndoneLink(key_result_id=key_result_id, experiment_id=experiment_id, at=now, by=by))
    events.record(
        session,
        "key_result.undone",
        subject=key_result_id,
        now=now,
        facts={"experiment_id": experiment_id, "by": by},
    )


def refuse_undone(session: Session, key_result_id: str, experiment_id: str) -> None:
    """What was taken back is not written again."""
    if store.undone(session, key_result_id, experiment_id):
        raise Conflict(
            "What this experiment wrote was taken back, so it writes nothing more here. Run it"
            " again to measure anew."
        )


def refuse_ended(session: Session, row: KeyResult, day: Date) -> None:
    """What is measured after the last day belongs to another cycle."""
    cycle = store.cycle_of_key_result(session, row)
    if day > cycle.ends:
        raise Conflict(
            f"“{cycle.name}” ended on {cycle.ends:%-d %B %Y}, before this was measured: it counts"
            " in no number of that cycle. Link the experiment to a key result of a running one."
        )

"""What an experiment may write to a key result: nothing twice, nothing that was taken back."""

from datetime import date as Date
from datetime import datetime

from sqlmodel import Session

from app.okr import store
from app.okr.models import KeyResult, UndoneLink
from app.platform import events
from app.platform.errors import Conflict


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

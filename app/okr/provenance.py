"""Values that experiments write: each names its experiment, its n and its estimate."""

from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime

from sqlmodel import Session

from app.okr import store
from app.okr.models import CheckIn, UndoneLink
from app.platform import events
from app.platform.errors import Conflict


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from. Estimate and interval are in the key result's unit."""

    experiment_id: str | None
    observed: int | None
    estimate: float | None
    low: float | None
    high: float | None
    by: str = ""


NONE = Origin(None, None, None, None, None)  # a value that somebody confirmed, of no run of its own


def write(
    session: Session,
    key_result_id: str,
    day: Date,
    value: float,
    origin: Origin,
    *,
    held: CheckIn | None,
    now: datetime,
) -> CheckIn:
    """Put a value on a day; what somebody said of that day stays beside it."""
    if held is not None and (held.value, held.experiment_id) == (value, origin.experiment_id):
        return held
    if held is not None:
        retire(session, held, now=now)
    row = CheckIn(
        key_result_id=key_result_id,
        date=day,
        value=value,
        comment=held.comment if held else "",
        confidence=held.confidence if held else None,
        source="experiment",
        recorded_at=now,
        recorded_by=origin.by or (held.recorded_by if held else ""),
        experiment_id=origin.experiment_id,
        observed=origin.observed,
        estimate=origin.estimate,
        low=origin.low,
        high=origin.high,
    )
    session.add(row)
    session.flush()
    facts = {"date": day.isoformat(), "value": value, "source": "experiment"}
    events.record(session, "key_result.valued", subject=key_result_id, now=now, facts=facts)
    return row


def retire(session: Session, held: CheckIn, *, now: datetime) -> None:
    """A value that holds no more; it stays as history."""
    held.replaced_at = now
    session.add(held)
    session.flush()


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

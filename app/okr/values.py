"""Dated values: one a day, put again replaces, nothing from the future, history kept."""

from collections.abc import Iterable
from datetime import date as Date
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.okr import store
from app.okr.models import CheckIn, KeyResult
from app.okr.outcomes import refuse_closed
from app.okr.schemas import ConfidenceDraft, PastValue, ValueDraft
from app.platform import events
from app.platform.errors import Conflict, Invalid


def put(
    session: Session,
    key_result_id: str,
    day: Date,
    draft: ValueDraft,
    *,
    source: str,
    by: str,
    zone: ZoneInfo,
    now: datetime,
) -> CheckIn:
    """Set the value of a day; the same again changes nothing."""
    row = store.claimed(session, key_result_id)
    refuse_closed(store.cycle_of_key_result(session, row))
    if day > now.astimezone(zone).date():
        raise Invalid.at("date", f"{day} lies in the future; a value is put on its day or later.")
    if row.kind == "milestone" and draft.value not in {0, 1}:
        raise Invalid.at("value", "A milestone is 0 (not reached) or 1 (reached).")
    _refuse_what_experiments_write(session, row, day, draft)
    held = store.value_on(session, key_result_id, day)
    if held is not None and _same(held, draft):
        return held
    if held is not None:
        held.replaced_at = now
        session.add(held)
        session.flush()
    return _add(session, key_result_id, day, draft, held=held, source=source, by=by, now=now)


def put_past(
    session: Session,
    row: KeyResult,
    past: Iterable[PastValue],
    *,
    source: str,
    by: str,
    zone: ZoneInfo,
    now: datetime,
) -> None:
    """Put values of days gone by, before the cycle or in it: they show how large the noise is."""
    for one in past:
        draft = ValueDraft(value=one.value)
        put(session, row.id, one.date, draft, source=source, by=by, zone=zone, now=now)


def confirm(
    session: Session,
    key_result_id: str,
    draft: ConfidenceDraft,
    *,
    by: str,
    zone: ZoneInfo,
    now: datetime,
) -> CheckIn:
    """Say how sure one is today, with the value as it stands."""
    day = now.astimezone(zone).date()
    held = _held_by(session, key_result_id, day)
    if held is None:
        raise Conflict("There is no value yet: put the first one in, with your confidence.")
    whole = ValueDraft(value=held.value, confidence=draft.confidence, comment=draft.comment)
    source = held.source if held.date == day else "manual"
    return put(session, key_result_id, day, whole, source=source, by=by, zone=zone, now=now)


def _held_by(session: Session, key_result_id: str, day: Date) -> CheckIn | None:
    """The value that holds on a day: the last one put until then."""
    found = [one for one in store.values(session, key_result_id) if one.date <= day]
    return found[-1] if found else None


def _refuse_what_experiments_write(
    session: Session, row: KeyResult, day: Date, draft: ValueDraft
) -> None:
    if row.source != "experiment":
        return
    held = _held_by(session, row.id, day)
    if held is None or held.value != draft.value:
        raise Conflict(
            f"The values of “{row.title}” are written by experiments. Leave the value as it is,"
            " and give your confidence and what changed."
        )


def _add(
    session: Session,
    key_result_id: str,
    day: Date,
    draft: ValueDraft,
    *,
    held: CheckIn | None,
    source: str,
    by: str,
    now: datetime,
) -> CheckIn:
    row = CheckIn(
        **_origin(held, draft.value),
        key_result_id=key_result_id,
        date=day,
        value=draft.value,
        comment=draft.comment or "",
        confidence=draft.confidence,
        source=source,
        recorded_at=now,
        recorded_by=by,
    )
    session.add(row)
    session.flush()
    facts = {"date": day.isoformat(), "value": draft.value, "source": source}
    events.record(session, "key_result.valued", subject=key_result_id, now=now, facts=facts)
    return row


def _origin(held: CheckIn | None, value: float) -> dict[str, Any]:
    """A value that is only confirmed still names the experiment that wrote it."""
    names = ("experiment_id", "observed", "estimate", "low", "high")
    confirmed = held is not None and held.value == value
    return {name: getattr(held, name) if confirmed else None for name in names}


def _same(held: CheckIn, draft: ValueDraft) -> bool:
    return (held.value, held.comment, held.confidence) == (
        draft.value,
        draft.comment or "",
        draft.confidence,
    )

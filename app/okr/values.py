"""Dated values: one a day, put again replaces, nothing from the future, history kept."""

from datetime import date as Date
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.okr import store
from app.okr.models import CheckIn
from app.okr.schemas import ValueDraft
from app.platform import events
from app.platform.errors import Invalid


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
    if day > now.astimezone(zone).date():
        raise Invalid.at("date", f"{day} lies in the future; a value is put on its day or later.")
    if row.kind == "milestone" and draft.value not in {0, 1}:
        raise Invalid.at("value", "A milestone is 0 (not reached) or 1 (reached).")
    held = store.value_on(session, key_result_id, day)
    if held is not None and _same(held, draft):
        return held
    if held is not None:
        held.replaced_at = now
        session.add(held)
        session.flush()
    return _add(session, key_result_id, day, draft, source=source, by=by, now=now)


def _add(
    session: Session,
    key_result_id: str,
    day: Date,
    draft: ValueDraft,
    *,
    source: str,
    by: str,
    now: datetime,
) -> CheckIn:
    row = CheckIn(
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


def _same(held: CheckIn, draft: ValueDraft) -> bool:
    return (held.value, held.comment, held.confidence) == (
        draft.value,
        draft.comment or "",
        draft.confidence,
    )

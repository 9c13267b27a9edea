"""Dated values: one a day, put again replaces, nothing from the future, history kept."""

from collections.abc import Iterable
from datetime import date as Date
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.okr import exact, series, store, telling
from app.okr.models import CheckIn, KeyResult
from app.okr.schemas import ConfidenceDraft, PastValue, ValueDraft
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
    """Set the value of a day; the same again changes nothing.

    Where experiments write the values, the value as it stands may be confirmed, and no other put.
    """
    row = store.claimed(session, key_result_id)
    _refuse_day(session, row, day, today=now.astimezone(zone).date())
    exact.checked(draft.value)
    if row.kind == "milestone" and draft.value not in {0, 1}:
        raise Invalid.at("value", "A milestone is 0 (not reached) or 1 (reached).")
    confirms = row.source == series.DERIVED
    if confirms:
        _refuse_another(session, row, day, draft)
    return _keep(session, row, day, draft, confirms=confirms, source=source, by=by, now=now)


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
    for past_value in past:
        draft = ValueDraft(value=past_value.value)
        put(session, row.id, past_value.date, draft, source=source, by=by, zone=zone, now=now)


def confirm(
    session: Session,
    key_result_id: str,
    draft: ConfidenceDraft,
    *,
    by: str,
    zone: ZoneInfo,
    now: datetime,
) -> CheckIn:
    """Say how sure one is today, with the value as it stands, whatever it turns out to be."""
    row = store.claimed(session, key_result_id)
    day = day_of(session, row, now.astimezone(zone).date())
    stands = _standing(session, row, day)
    if stands is None:
        raise Conflict("There is no value yet: put the first one in, with your confidence.")
    whole = ValueDraft(value=stands, confidence=draft.confidence, comment=draft.comment)
    return _keep(session, row, day, whole, confirms=True, source="manual", by=by, now=now)


def day_of(session: Session, row: KeyResult, today: Date) -> Date:
    """The day that is spoken of: today, or the cycle's last once it is over."""
    return min(today, store.cycle_of_key_result(session, row).ends)


def _standing(session: Session, row: KeyResult, day: Date) -> float | None:
    """The value that stands on a day: the last one until then."""
    values = [
        daily_value for daily_value in series.daily_values(session, row) if daily_value.date <= day
    ]
    return values[-1].value if values else None


def _refuse_day(session: Session, row: KeyResult, day: Date, *, today: Date) -> None:
    if day > today:
        raise Invalid.at("date", f"{day} lies in the future; a value is put on its day or later.")
    cycle = store.cycle_of_key_result(session, row)
    if day > cycle.ends:
        raise Invalid.at(
            "date",
            f"“{cycle.name}” ended on {cycle.ends}: a value after that counts nowhere in it. Put"
            " what held on the last day, or move the end of the cycle.",
        )


def _refuse_another(session: Session, row: KeyResult, day: Date, draft: ValueDraft) -> None:
    if _standing(session, row, day) != draft.value:
        raise Conflict(
            f"The values of “{row.title}” are written by experiments. Leave the value as it is,"
            " and give your confidence and what changed."
        )


def _keep(
    session: Session,
    row: KeyResult,
    day: Date,
    draft: ValueDraft,
    *,
    confirms: bool,
    source: str,
    by: str,
    now: datetime,
) -> CheckIn:
    """Replace what was put (or confirmed) for the day; what experiments write is beside it."""
    held = store.put_on(session, row.id, day, confirms=confirms)
    if held is not None and _same(held, draft):
        return held
    if held is not None:
        held.replaced_at = now
        session.add(held)
        session.flush()
    new = CheckIn(
        key_result_id=row.id,
        date=day,
        value=draft.value,
        comment=draft.comment or "",
        confidence=draft.confidence,
        source=source,
        recorded_at=now,
        recorded_by=by,
        confirms=confirms,
    )
    session.add(new)
    session.flush()
    telling.valued(session, row.id, day, draft.value, source=source, now=now)
    return new


def _same(held: CheckIn, draft: ValueDraft) -> bool:
    return (held.value, held.comment, held.confidence) == (
        draft.value,
        draft.comment or "",
        draft.confidence,
    )

"""Tell of every day whose value changed, whatever changed it: connectors and webhooks listen."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date as Date
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.okr import series
from app.okr.models import KeyResult
from app.okr.series import Value
from app.platform import events

VALUED = "key_result.valued"


def valued(
    session: Session,
    key_result_id: str,
    day: Date,
    value: float,
    *,
    source: str,
    comment: str = "",
    now: datetime,
) -> None:
    """A day's value is this, from now on."""
    facts: dict[str, Any] = {"date": day.isoformat(), "value": value, "source": source}
    if comment:
        facts["comment"] = comment
    events.record(session, VALUED, subject=key_result_id, now=now, facts=facts)


@contextmanager
def changes(
    session: Session, row: KeyResult, *, comment: str = "", now: datetime
) -> Iterator[None]:
    """Tell of the days whose value differs after the block.

    A day that has none any more gets what stands without it: who was told the old value must not
    keep it.
    """
    before = series.daily_values(session, row)
    yield
    session.flush()
    after = series.daily_values(session, row)
    for day in _differing(before, after):
        held = next((value for value in after if value.date == day), None)
        valued(
            session,
            row.id,
            day,
            held.value if held else series.standing(after, day, start=row.start),
            source=held.source if held else series.DERIVED,
            comment=comment,
            now=now,
        )


def _differing(before: Sequence[Value], after: Sequence[Value]) -> list[Date]:
    was = {value.date: value.value for value in before}
    now_is = {value.date: value.value for value in after}
    return sorted(day for day in was.keys() | now_is.keys() if was.get(day) != now_is.get(day))

"""Keep what a week said: it stays as it was told, and the weeks after it build on it."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from app.okr import week_rows
from app.okr.models import ToldWeek
from app.okr.views import KeyResultView


def keep(session: Session, told: Iterable[KeyResultView], *, now: datetime) -> None:
    """Keep the statement of each key result's last whole week, where it made one."""
    week_rows.keep(
        session,
        [row for key_result_view in told if (row := _row(key_result_view, now)) is not None],
    )


def _row(key_result_view: KeyResultView, now: datetime) -> ToldWeek | None:
    found = key_result_view.found
    if found is None or found.told is None:
        return None
    told = found.told
    return ToldWeek(
        key_result_id=key_result_view.row.id,
        week=found.cycle_week,
        told_at=now,
        direction=told.direction,
        p=told.p,
        bound=told.limit,
        moved=told.moved,
        low=told.low,
        high=told.high,
        noise_low=told.noise[0],
        noise_high=told.noise[1],
        begins=told.begins,
        now=told.now,
        as_factors=told.as_factors,
        chance=found.landing.chance if found.landing else None,
    )

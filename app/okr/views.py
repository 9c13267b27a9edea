"""A key result as everybody sees it: on pages, in the API, in the week."""

from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta

from sqlmodel import Session

from app.okr import progress as measures
from app.okr import store
from app.okr.forecast import Landing, landing
from app.okr.models import CheckIn, KeyResult
from app.okr.progress import Goal, Pace
from app.okr.wording import warning_of


@dataclass(frozen=True, slots=True)
class KeyResultView:
    """The row and what follows from its values. `current` is None before the first value."""

    row: KeyResult
    current: float | None
    as_of: Date | None
    progress: float
    expected: float
    pace: Pace
    confidence: int | None
    stale: bool
    change: float | None  # since the last value of an earlier week
    closer: bool | None  # that change was towards the target; None without one
    warning: str | None
    forecast: Landing | None
    stretched: bool  # even the stretch target is reached
    values: tuple[CheckIn, ...]


def view(session: Session, row: KeyResult, *, today: Date) -> KeyResultView:
    """Look at a key result on a day."""
    values = tuple(one for one in store.values(session, row.id) if one.date <= today)
    cycle = store.cycle_of_key_result(session, row)
    goal = goal_of(row)
    last = values[-1] if values else None
    done = measures.progress(goal, last.value) if last else 0.0
    before = _before_this_week(values, today)
    changed = last is not None and before is not None and last.date > before.date
    return KeyResultView(
        row=row,
        current=last.value if last else None,
        as_of=last.date if last else None,
        progress=done,
        expected=measures.expected(cycle.starts, cycle.ends, today),
        pace=measures.pace(goal, done, starts=cycle.starts, ends=cycle.ends, today=today),
        confidence=next((v.confidence for v in reversed(values) if v.confidence is not None), None),
        stale=measures.stale(row.cadence, last.date if last else None, today),
        change=last.value - before.value if changed and last and before else None,
        closer=measures.closer(goal, before.value, last.value)
        if changed and last and before
        else None,
        warning=warning_of(row.title),
        forecast=landing(values, kind=row.kind, ends=cycle.ends, today=today),
        stretched=last is not None and measures.stretched(goal, row.stretch, last.value),
        values=values,
    )


def goal_of(row: KeyResult) -> Goal:
    """What the row asks for."""
    return Goal(row.kind, row.start, row.target, row.low, row.high)


def _before_this_week(values: tuple[CheckIn, ...], today: Date) -> CheckIn | None:
    """The last value of an earlier ISO week."""
    monday = today - timedelta(days=today.weekday())
    return next((one for one in reversed(values) if one.date < monday), None)

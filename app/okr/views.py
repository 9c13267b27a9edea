"""A key result as everybody sees it: on pages, in the API, in the week."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta

from sqlmodel import Session

from app.okr import progress as measures
from app.okr import series, week_rows
from app.okr.forecast import Forecast, forecast_of
from app.okr.models import Cycle, KeyResult, ToldWeek
from app.okr.progress import Goal, Pace
from app.okr.sayings import Statement, statement_of
from app.okr.series import Stored, Value
from app.okr.statements import Found, found_on
from app.okr.wording import warning_of


@dataclass(frozen=True, slots=True)
class KeyResultView:
    """The row and what follows from its values. Without a value, progress is None: not 0."""

    row: KeyResult
    cycle: Cycle
    current: float | None
    as_of: Date | None
    progress: float | None
    expected: float
    pace: Pace
    confidence: int | None
    stale: bool
    change: float | None  # since the last value of an earlier week
    found: Found | None  # what the last whole week says; None for a milestone
    statement: Statement | None
    is_new: bool  # the statement was not made the week before
    warning: str | None
    forecast: Forecast | None
    stretched: bool  # even the stretch target is reached
    values: tuple[Value, ...]


def view(
    session: Session, row: KeyResult, *, today: Date, stored: Stored | None = None
) -> KeyResultView:
    """Look at a key result on a day. `stored` spares reading it, where it is known."""
    return several(session, (row,), today=today, stored={row.id: stored} if stored else None)[0]


def several(
    session: Session,
    rows: Sequence[KeyResult],
    *,
    today: Date,
    stored: Mapping[str, Stored] | None = None,
) -> tuple[KeyResultView, ...]:
    """Look at many on a day, in as many queries as one takes."""
    ids = [row.id for row in rows]
    cycles = week_rows.cycles_of(session, ids)
    ends = {row_id: cycle.ends for row_id, (cycle, _) in cycles.items()}
    known = stored or series.stored_of(session, rows, ends=ends)
    values = {row_id: series.laid_out(one) for row_id, one in known.items()}
    kept = week_rows.told_weeks(session, ids)
    return tuple(
        _view(
            row,
            cycles[row.id][0],
            values[row.id],
            kept[row.id],
            today=today,
            left_out=cycles[row.id][1],
        )
        for row in rows
    )


def _view(
    row: KeyResult,
    cycle: Cycle,
    every: Sequence[Value],
    kept: Sequence[ToldWeek],
    *,
    today: Date,
    left_out: Collection[str],
) -> KeyResultView:
    values = tuple(one for one in every if one.date <= today)
    goal = goal_of(row)
    last = values[-1] if values else None
    done = measures.progress(goal, last.value) if last else None
    found = found_on(row, cycle, values, day=today, kept=kept, unusual=left_out)
    return KeyResultView(
        row=row,
        cycle=cycle,
        current=last.value if last else None,
        as_of=last.date if last else None,
        progress=done,
        expected=measures.expected(cycle.starts, cycle.ends, today),
        pace=measures.pace(goal, done, starts=cycle.starts, ends=cycle.ends, today=today),
        confidence=next((v.confidence for v in reversed(values) if v.confidence is not None), None),
        stale=measures.stale(row.cadence, last.date if last else None, today),
        change=_change(values, today),
        found=found,
        statement=statement_of(row, found) if found else None,
        is_new=found is not None and found.told is not None and _is_new(found),
        warning=warning_of(row.title),
        forecast=forecast_of(found, cycle, today=today),
        stretched=last is not None and measures.stretched(goal, row.stretch, last.value),
        values=values,
    )


def goal_of(row: KeyResult) -> Goal:
    """What the row asks for."""
    return Goal(row.kind, row.start, row.target, row.low, row.high)


def _is_new(found: Found) -> bool:
    direction = found.told.direction if found.told else 0
    return bool(direction) and direction != found.held


def _change(values: tuple[Value, ...], today: Date) -> float | None:
    """The last value less the last one of an earlier ISO week."""
    monday = today - timedelta(days=today.weekday())
    before = next((one for one in reversed(values) if one.date < monday), None)
    if before is None or values[-1].date <= before.date:
        return None
    return values[-1].value - before.value

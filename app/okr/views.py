"""A key result as everybody sees it: on pages, in the API, in the week."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta

from sqlmodel import Session, col

from app.okr import progress as measures
from app.okr import series, week_rows
from app.okr.forecast import Forecast, forecast_of
from app.okr.models import Cycle, KeyResult
from app.okr.progress import Goal, Pace
from app.okr.sayings import Statement, statement_of
from app.okr.series import Stored, Value
from app.okr.statements import Found, State, asks_all, found_on
from app.okr.week_rows import Placed
from app.okr.wording import warning_of
from app.platform import garbled
from app.platform.iso_weeks import week_of
from app.stats.weekly import FIRST_WEEK


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
    values: tuple[Value, ...]  # of a list's row, only as far back as something rests on them


def check_ins(views: Iterable[KeyResultView]) -> list[str]:
    """The check-ins that key results stand at."""
    last = [view.values[-1].check_in_id for view in views if view.values]
    return [one for one in last if one is not None]


def view(session: Session, placed: Placed, stored: Stored, *, today: Date) -> KeyResultView:
    """Look at one on a day that is known in its cycle, with what its values rest on."""
    measures.stale(placed.row.cadence, today, today)  # alone, it is said which row is damaged
    return of_placed(session, (placed,), today=today, stored={placed.row.id: stored})[0]


def several(
    session: Session,
    rows: Sequence[KeyResult],
    *,
    today: Date,
    stored: Mapping[str, Stored] | None = None,
) -> tuple[KeyResultView, ...]:
    """Look at many on a day, in as many queries as one takes."""
    is_asked = col(KeyResult.id).in_([row.id for row in rows])
    placeds = week_rows.placed(session, is_asked, today=today) if rows else []
    by_id = {
        key_result_view.row.id: key_result_view
        for key_result_view in of_placed(session, placeds, today=today, stored=stored)
    }
    return tuple(by_id[row.id] for row in rows)


def of_placed(
    session: Session,
    placed: Sequence[Placed],
    *,
    today: Date,
    stored: Mapping[str, Stored] | None = None,
) -> tuple[KeyResultView, ...]:
    """The same where it is known how they stand in their cycles."""
    if stored:
        values = {row_id: series.laid_out(one) for row_id, one in stored.items()}
    else:
        values = _recent(session, placed, today)
    return tuple(_view(one, values[one.row.id], today=today) for one in placed)


def _recent(
    session: Session, placed: Sequence[Placed], today: Date
) -> dict[str, tuple[Value, ...]]:
    """As many values as a view rests on: the weeks that count, and what is shown of the last."""
    if not placed:
        return {}

    def suffice(row: KeyResult, values: Sequence[Value]) -> bool:
        return _suffice(row, [value for value in values if value.date <= today], today)

    return series.recent_of(
        session,
        [one.row for one in placed],
        since=min(one.cycle.starts for one in placed) + timedelta(weeks=FIRST_WEEK - 1),
        whole={one.row.id for one in placed if one.reaches_back},
        ends={one.row.id: one.cycle.ends for one in placed},
        suffice=suffice,
    )


def _suffice(row: KeyResult, values: Sequence[Value], today: Date) -> bool:
    """Whether older values could change nothing that a view says."""
    return (
        bool(values)
        and values[0].date < _monday(today)  # so that the change since is known
        and any(value.confidence is not None for value in values)
        and not asks_all(row, values)
    )


def _monday(today: Date) -> Date:
    return today - timedelta(days=today.weekday())


def _view(placed: Placed, every: Sequence[Value], *, today: Date) -> KeyResultView:
    row, cycle = placed.row, placed.cycle
    values = tuple(value for value in every if value.date <= today)
    goal = goal_of(row)
    last = values[-1] if values else None
    done = measures.progress(goal, last.value) if last else None
    found = _found(placed, values, today)
    return KeyResultView(
        row=row,
        cycle=cycle,
        current=last.value if last else None,
        as_of=last.date if last else None,
        progress=done,
        expected=measures.expected(cycle.starts, cycle.ends, today),
        pace=measures.pace(goal, done, starts=cycle.starts, ends=cycle.ends, today=today),
        confidence=next((v.confidence for v in reversed(values) if v.confidence is not None), None),
        stale=bool(garbled.read(measures.stale, row.cadence, last and last.date, today)),
        change=_change(values, today),
        found=found,
        statement=statement_of(row, found) if found else None,
        is_new=found is not None and found.told is not None and _is_new(found),
        warning=warning_of(row.title),
        forecast=forecast_of(found, cycle, today=today),
        stretched=last is not None and measures.stretched(goal, row.stretch, last.value),
        values=values,
    )


def _found(placed: Placed, values: Sequence[Value], today: Date) -> Found | None:
    """What the last whole week says; that nothing can be said, where the row is damaged."""
    row, cycle = placed.row, placed.cycle

    def found_today() -> tuple[Found | None]:
        measures.stale(row.cadence, None, today)
        found = found_on(row, cycle, values, day=today, kept=placed.kept, unusual=placed.left_out)
        return (found,)

    read = garbled.read(found_today)
    return read[0] if read else Found(State.GARBLED, week_of(today), 0, 0)


def goal_of(row: KeyResult) -> Goal:
    """What the row asks for."""
    return Goal(row.kind, row.start, row.target, row.low, row.high)


def _is_new(found: Found) -> bool:
    direction = found.told.direction if found.told else 0
    return bool(direction) and direction != found.held


def _change(values: tuple[Value, ...], today: Date) -> float | None:
    """The last value less the last one of an earlier ISO week."""
    before = next((value for value in reversed(values) if value.date < _monday(today)), None)
    if before is None or values[-1].date <= before.date:
        return None
    return values[-1].value - before.value

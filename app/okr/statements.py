"""What the end of a week says of a key result: closer, further, or no change that can be told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from math import ceil, inf
from typing import Any

from app.okr import progress as measures
from app.okr import weekly_values
from app.okr.cycle_weeks import CycleWeeks
from app.okr.models import Cycle, KeyResult
from app.okr.series import Value
from app.okr.weekly_values import SIX_DAYS
from app.platform.iso_weeks import monday_of, week_of
from app.stats.checks import NotEnoughData
from app.stats.closer import Question, Told, standing, told
from app.stats.landing import Aim, Landing, landing
from app.stats.weekly import FIRST_WEEK, LEAST, Weekly

Said = Any  # a row with the fields of a ToldWeek: hundreds are read, none is written
_SINCE = 2  # weekly values since the start, before anything is said
_A_WEEK = {"daily": 1.0, "weekly": 1.0, "monthly": 7 / 31}  # values that a week brings, at most one
_ONLY_RISES = (8, 6)  # values, and rises among them, before a number is taken for a running total
_WHOLE = 100.0  # percent
_NO_CHANCE = {"maintain", "milestone"}


class State(StrEnum):
    """What a week says."""

    CLOSER = "closer"
    FURTHER = "further"
    NO_CHANGE = "no_change"
    TOO_EARLY = "too_early"
    NO_VALUE = "no_value"
    HOLDING = "holding"
    OUT_OF_BAND = "out_of_band"
    FASTER = "faster"
    SLOWER = "slower"
    GARBLED = "cannot_be_read"  # what is stored of the key result is damaged


@dataclass(frozen=True, slots=True)
class Found:
    """A week's finding before it is put in words.

    told: absent where it is too early, or where no value came. held: what stood the week before.
    """

    state: State
    week: str
    cycle_week: int
    cycle_weeks: int
    told: Told | None = None
    held: int = 0
    landing: Landing | None = None
    values: int = 0  # weekly ones
    possible_from: Date | None = None
    asks_running_total: bool = False
    left_out: tuple[str, ...] = ()  # weeks that were marked as unusual before they began


def found_on(
    row: KeyResult,
    cycle: Cycle,
    values: Sequence[Value],
    *,
    day: Date,
    kept: Sequence[Said] = (),
    unusual: Collection[str] = (),
) -> Found | None:
    """What the last whole week says, seen on a day; None for a milestone.

    Weeks that were kept when their review was frozen stay as they were told; what is corrected
    later counts from the next week on. `unusual` weeks are left out.
    """
    if row.kind == "milestone":
        return None
    weeks, seen = CycleWeeks(cycle.starts, cycle.ends), min(day, cycle.ends)
    known = [value for value in values if value.date <= seen]
    week = weeks.whole_by(seen)
    by_week = {one.week: one for one in kept}
    found = _of_week(row, weeks, known, week, by_week, unusual=unusual)
    last = known[-1].date if known else None
    if last is not None and measures.stale(row.cadence, last, seen):
        return Found(
            State.NO_VALUE, found.week, week, weeks.count, values=found.values,
            left_out=found.left_out,
        )  # fmt: skip
    return found


def _left_out(
    weeks: CycleWeeks, values: Sequence[Value], week: int, unusual: Collection[str]
) -> tuple[str, ...]:
    """Unusual weeks between the first value that counts and the end of a week."""
    if not unusual:
        return ()
    counted = (value.date for value in values if weeks.number_of(value.date) >= FIRST_WEEK)
    first, last = next(counted, None), weeks.last_day(week)
    if first is None:
        return ()
    return tuple(
        one
        for one in sorted(unusual)
        if monday_of(one) <= last and monday_of(one) + SIX_DAYS >= first
    )


def asks_all(row: KeyResult, values: Sequence[Value]) -> bool:
    """Whether these alone leave open if the number looks like a running total."""
    if row.running_total is not None or row.kind not in {"increase", "decrease"}:
        return False
    measured = [value.value for value in values if not value.confirms]
    return all(after >= before for before, after in pairwise(measured))


def only_rises(row: KeyResult, values: Sequence[Value]) -> bool:
    """Whether a number looks like a running total and nobody has said whether it is one."""
    if row.running_total is not None or row.kind not in {"increase", "decrease"}:
        return False
    measured = [value for value in values if not value.confirms]
    steps = [after.value - before.value for before, after in pairwise(measured)]
    least, rises = _ONLY_RISES
    return (
        len(measured) >= least
        and all(step >= 0 for step in steps)
        and sum(step > 0 for step in steps) >= rises
    )


def _of_week(
    row: KeyResult,
    weeks: CycleWeeks,
    values: Sequence[Value],
    week: int,
    kept: Mapping[int, Said],
    *,
    unusual: Collection[str],
) -> Found:
    levels = weekly_values.weekly(row, weeks, values, unusual).until(week)
    series = weekly_values.counted(row, weeks, values, levels, unusual)
    left_out = _left_out(weeks, values, week, unusual)
    iso = week_of(weeks.last_day(week) if week else weeks.starts)
    asks = only_rises(row, values)
    try:
        finding, held = _told(row, weeks, series, week, kept)
    except NotEnoughData:
        return Found(
            State.TOO_EARLY, iso, week, weeks.count,
            landing=_landing(row, weeks, series, levels), values=len(series.weeks),
            possible_from=_possible_from(row, weeks, series, week, unusual=unusual),
            asks_running_total=asks, left_out=left_out,
        )  # fmt: skip
    return Found(
        state=_state(row, finding),
        week=iso,
        cycle_week=week,
        cycle_weeks=weeks.count,
        told=finding,
        held=held,
        landing=_landing(row, weeks, series, levels),
        values=len(series.weeks),
        asks_running_total=asks,
        left_out=left_out,
    )


def _told(
    row: KeyResult, weeks: CycleWeeks, series: Weekly, week: int, kept: Mapping[int, Said]
) -> tuple[Told, int]:
    """What a week tells, and what stood before it."""
    if week == 0:
        raise NotEnoughData("the first week of the cycle is not over")
    said = {number: one.direction for number, one in kept.items() if number < week}
    question = question_of(row)
    held = standing(series, question, week=week - 1, of=weeks.count, said=said)
    if week in kept:
        return _as_told(kept[week]), held
    return told(series, question, week=week, of=weeks.count, said=said), held


def _as_told(kept: Said) -> Told:
    return Told(
        direction=kept.direction,
        p=kept.p,
        limit=kept.bound,
        moved=kept.moved,
        low=kept.low,
        high=kept.high,
        noise=(kept.noise_low, kept.noise_high),
        begins=kept.begins,
        now=kept.now,
        as_factors=kept.as_factors,
    )


def question_of(row: KeyResult) -> Question:
    """What is asked of a number: to move towards its target, or to stay in its band."""
    if row.kind != "maintain":
        return Question(row.target, as_factors=not row.running_total)
    low, high = row.low or 0.0, row.high or 0.0
    inside = low <= row.start <= high
    return Question(row.target, (low, high) if inside else None, as_factors=False)


def _state(row: KeyResult, finding: Told) -> State:
    holds = question_of(row).band is not None
    if not finding.direction:
        return State.HOLDING if holds else State.NO_CHANGE
    if holds:
        return State.OUT_OF_BAND
    nearer = finding.direction == _towards(row)
    if row.running_total:
        return State.FASTER if nearer else State.SLOWER
    return State.CLOSER if nearer else State.FURTHER


def _towards(row: KeyResult) -> int:
    """1 where up is closer, -1 where down is."""
    if row.kind == "maintain":
        return 1 if row.start < (row.low or 0.0) else -1
    return 1 if row.target > row.start else -1


def _landing(row: KeyResult, weeks: CycleWeeks, series: Weekly, levels: Weekly) -> Landing | None:
    """Where it ends, once five weeks have values and as long as one is still to come."""
    if row.kind in _NO_CHANCE or len(series.weeks) < LEAST or levels.weeks[-1] >= weeks.count:
        return None
    total = levels.values[-1] if row.running_total else None
    aim, until = _aim(row, levels, total), levels.weeks[-1]
    return landing(series, aim, of=weeks.count, total=total, until=until)


def bounds_of(row: KeyResult, values: Sequence[float]) -> tuple[float, float]:
    """What the unit allows: no count below 0 and no share above 100 that was not there already."""
    seen = (row.start, row.target, *values)
    lowest = 0.0 if min(seen) >= 0 else -inf
    highest = _WHOLE if row.unit == "percent" and max(seen) <= _WHOLE else inf
    return lowest, highest


def _aim(row: KeyResult, levels: Weekly, total: float | None) -> Aim:
    lowest, highest = bounds_of(row, levels.values)
    rises = _towards(row) > 0
    if total is not None:  # what is counted one way does not come back
        lowest, highest = (total, highest) if rises else (lowest, total)
    return Aim(row.target, rises, lowest, highest, as_factors=not row.running_total)


def _possible_from(
    row: KeyResult, weeks: CycleWeeks, series: Weekly, week: int, *, unusual: Collection[str]
) -> Date | None:
    """The day that may bring the first statement, if values come as often as they should."""
    since = sum(one > 0 for one in series.weeks)
    missing = max(LEAST - len(series.weeks), _SINCE - since, 1)
    needed = ceil(missing / _A_WEEK[row.cadence])
    usual = [
        one for one in range(week + 1, weeks.count + 1) if not _is_lost(row, weeks, one, unusual)
    ]
    return weeks.last_day(usual[needed - 1]) if needed <= len(usual) else None


def _is_lost(row: KeyResult, weeks: CycleWeeks, week: int, unusual: Collection[str]) -> bool:
    """Whether a coming week brings nothing that counts: most of it is unusual, or of a sum, any."""
    last = weeks.last_day(week)
    days = [last - timedelta(days=back) for back in range(SIX_DAYS.days + 1)]
    lost = sum(week_of(day) in unusual for day in days)
    return lost > 0 if row.running_total else 2 * lost > len(days)

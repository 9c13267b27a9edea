"""The values of a key result by week, as a statement rests on them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise

from app.okr.cycle_weeks import CycleWeeks
from app.okr.models import KeyResult
from app.okr.series import Value
from app.platform.iso_weeks import monday_of
from app.stats.weekly import Weekly

SIX_DAYS = timedelta(days=6)  # from a Monday to its Sunday


def weekly(
    row: KeyResult, weeks: CycleWeeks, values: Sequence[Value], unusual: Collection[str] = ()
) -> Weekly:
    """A value for each week: the mean of its values, or of a running total the last one.

    Who only confirms what stands measures nothing: that is no value of its week. Nor is a value of
    an unusual week; a running total stands where it stands, and what such a week added is left out
    of its increments.
    """
    by_week: dict[int, list[Value]] = {}
    is_total = row.running_total
    lost = set() if is_total else {monday_of(one) for one in unusual}
    for value in _measured(weeks, values):
        if not lost or value.date - timedelta(days=value.date.weekday()) not in lost:
            by_week.setdefault(weeks.number_of(value.date), []).append(value)
    means = [
        every[-1].value if is_total or len(every) == 1 else _mean(every)
        for every in by_week.values()
    ]
    return Weekly(tuple(by_week), tuple(means), _people(by_week))


def _mean(every: Sequence[Value]) -> float:
    return sum(value.value for value in every) / len(every)


def counted(
    row: KeyResult,
    weeks: CycleWeeks,
    values: Sequence[Value],
    levels: Weekly,
    unusual: Collection[str] = (),
) -> Weekly:
    """What a statement rests on: the weeks' values, or of a running total what each added."""
    return _increments(levels, weeks, values, unusual) if row.running_total else levels


def _measured(weeks: CycleWeeks, values: Sequence[Value]) -> list[Value]:
    return [value for value in values if value.date <= weeks.ends and not value.confirms]


def _increments(
    levels: Weekly, weeks: CycleWeeks, values: Sequence[Value], unusual: Collection[str]
) -> Weekly:
    """What each week added to a running total, without those that an unusual day had a part in."""
    last = {weeks.number_of(value.date): value.date for value in _measured(weeks, values)}
    mondays = [monday_of(one) for one in unusual]
    touched = {
        week
        for before, week in pairwise(levels.weeks)
        if any(last[before] < monday + SIX_DAYS and monday <= last[week] for monday in mondays)
    }
    return levels.increments().without(touched)


def _people(by_week: Mapping[int, Sequence[Value]]) -> tuple[float, ...]:
    """How many stand behind each week, where every value is one run's own result."""
    every = [value for week in by_week.values() for value in week]
    if not all(value.observed and value.estimate == value.value for value in every):
        return ()
    return tuple(float(sum(value.observed or 0 for value in week)) for week in by_week.values())

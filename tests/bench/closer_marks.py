"""Quarters in which nothing moves, with weeks marked as unusual before they began, by whom and how.

Values pass through what the pages use: dated values, ISO weeks left out, running totals read by
what they add. Marked weeks really are unusual: far below the others. An author may mark by lot, or
only after what was seen until the Sunday before; that author wishes to hear “closer”.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import sqrt

import numpy as np

from app.okr.cycle_weeks import CycleWeeks
from app.okr.models import KeyResult
from app.okr.series import Value
from app.okr.statements import question_of
from app.okr.weekly_values import counted, weekly
from app.platform.iso_weeks import monday_of, week_of
from app.stats.closer import standing

WEEKS = CycleWeeks(date(2026, 10, 1), date(2026, 12, 31))
MEMORY = 0.6  # of a week's noise in the next: the most that the promise allows
SPREAD, UNUSUAL = 25.0, -100.0  # of a value's noise; and what an unusual week adds to it
_DAY = timedelta(days=1)
_ENTERED = datetime(2027, 1, 1, tzinfo=UTC)

Rng = np.random.Generator
Author = Callable[[Rng, Sequence[date], Sequence[float]], set[str]]


@dataclass(frozen=True)
class Habit:
    """How a key result is written down: on these days of the week (1 is Monday), as what."""

    name: str
    days: tuple[int, ...]
    running_total: bool = False
    missing: float = 0.0  # the share of values that never came


HABITS = (
    Habit("Fridays", (5,)),
    Habit("Tuesdays and Fridays", (2, 5)),
    Habit("Fridays, one in six missing", (5,), missing=1 / 6),
    Habit("running total, Mondays", (1,), running_total=True),
    Habit("running total, one in six missing", (5,), running_total=True, missing=1 / 6),
)


def by_lot(rng: Rng, days: Sequence[date], _noise: Sequence[float]) -> set[str]:
    """Two weeks of the cycle, whichever."""
    return {str(one) for one in rng.choice(_weeks(days), 2, replace=False)}


def holidays(_rng: Rng, _days: Sequence[date], _noise: Sequence[float]) -> set[str]:
    """Advent and the rest of the year."""
    return {"2026-W49", "2026-W50", "2026-W51", "2026-W52", "2026-W53"}


def wishful(_rng: Rng, days: Sequence[date], noise: Sequence[float]) -> set[str]:
    """After a good week early, after a bad one late: the next is likely to be like it."""
    weeks, found = _weeks(days), set()
    for place, week in enumerate(weeks):
        seen = [one for day, one in zip(days, noise, strict=True) if day < monday_of(week)]
        good = seen[-1] if seen else 0.0
        if good > 0.5 if 2 * place < len(weeks) else good < -0.5:
            found.add(week)
    return found


AUTHORS: dict[str, Author] = {"by lot": by_lot, "holidays": holidays, "wishful": wishful}


def heard(
    habit: Habit, author: Author, *, history: int, quarters: int, rng: Rng, unmarked: bool = False
) -> int:
    """How many quarters heard a statement. `unmarked`: weeks are unusual, and nobody said so."""
    return sum(
        _speaks(habit, author, _days(habit, history), rng, unmarked=unmarked)
        for _ in range(quarters)
    )


def _speaks(
    habit: Habit, author: Author, days: Sequence[date], rng: Rng, *, unmarked: bool
) -> bool:
    noise = _sluggish(rng, len(days), a_week=len(habit.days))
    marks = author(rng, days, noise)
    row = _key_result(habit)
    values = [one for one in _values(habit, days, noise, marks) if rng.random() >= habit.missing]
    left_out = () if unmarked else marks
    return any(_told(row, values, left_out))


def _told(row: KeyResult, values: Sequence[Value], marks: set[str] | tuple[()]) -> Iterator[int]:
    levels, question = weekly(row, WEEKS, values, marks), question_of(row)
    for week in range(2, WEEKS.count + 1):
        known = counted(row, WEEKS, values, levels.until(week), marks)
        yield standing(known, question, week=week, of=WEEKS.count)


def _values(
    habit: Habit, days: Sequence[date], noise: Sequence[float], marks: set[str]
) -> Iterator[Value]:
    total = 0.0
    befores = [days[0] - 7 * _DAY, *days]
    for (before, day), one in zip(pairwise(befores), noise, strict=True):
        added = [before + place * _DAY for place in range(1, (day - before).days + 1)]
        touched = added if habit.running_total else [day]
        unusual = UNUSUAL * sum(week_of(each) in marks for each in touched) / len(touched)
        level = round(1000 + SPREAD * one + unusual, 2)
        total += level
        yield Value(day, total if habit.running_total else level, recorded_at=_ENTERED)


def _sluggish(rng: Rng, count: int, *, a_week: int) -> list[float]:
    """Noise whose means by week remember as much as the promise allows, one or two values each."""
    memory = MEMORY if a_week == 1 else (sqrt(1 + 8 * MEMORY) - 1) / 2
    found = [float(rng.standard_normal())]
    for step in rng.standard_normal(count - 1):
        found.append(memory * found[-1] + sqrt(1 - memory**2) * float(step))
    return found


def _days(habit: Habit, history: int) -> list[date]:
    first = WEEKS.starts - 7 * history * _DAY
    every = (first + place * _DAY for place in range((WEEKS.ends - first).days + 1))
    return [one for one in every if one.isoweekday() in habit.days]


def _weeks(days: Sequence[date]) -> list[str]:
    return sorted({week_of(one) for one in days if one >= WEEKS.starts})


def _key_result(habit: Habit) -> KeyResult:
    return KeyResult(
        objective_id="",
        title="It stands still",
        unit="number",
        kind="increase",
        start=0.0,
        target=1e6,
        running_total=habit.running_total or None,
        created_at=_ENTERED,
    )

"""Said against came: owners' confidence and our chances at mid-cycle, once key results are closed.

One number for each closed key result. Never a ranking: each owner has a line of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from typing import ClassVar

from pydantic import ConfigDict
from sqlmodel import Session, col

from app.okr import examples, series, week_rows
from app.okr import progress as measures
from app.okr.cycle_weeks import CycleWeeks
from app.okr.models import Cycle, KeyResult
from app.okr.series import Value
from app.okr.statements import found_on
from app.okr.views import goal_of
from app.okr.week_rows import Placed
from app.platform import figures
from app.platform.shapes import answered
from app.stats.checks import NotEnoughData
from app.stats.said import Agreement, said_against_came

LEAST, LEAST_OF_OURS = 10, 20  # closed key results, before anything is said
_TENTHS = 10
# A Friday is answered on Monday; what is said later was said knowing more.
_SAID_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Closed:
    """One closed key result: what was said at mid-cycle, 0..1, and whether it came."""

    key_result_id: str
    owner: str
    confidence: float | None
    chance: float | None
    came: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was said against what came; scores and `agreement` are null while too few are closed."""

    __pydantic_config__: ClassVar[ConfigDict] = answered(examples.CALIBRATION)

    owner: str  # "" for everybody, or for our own chances
    n: int
    needed: int
    expected: float  # so many were said to come
    came: int
    brier: float | None
    base: float | None  # the Brier score of always saying the organisation's own share
    agreement: Agreement | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Calibrations:
    """Everybody together, each owner by name (never a ranking), and our own chances."""

    __pydantic_config__: ClassVar[ConfigDict] = answered(examples.CALIBRATIONS)

    everybody: Calibration
    owners: tuple[Calibration, ...]
    ours: Calibration


def calibrations(session: Session) -> Calibrations:
    """Hold everything that was said in closed cycles against what came."""
    closed = closed_of(session)
    base = sum(one.came for one in closed) / len(closed) if closed else 0.0
    said = [(one.owner, one.confidence, one.came) for one in closed if one.confidence is not None]
    owners = sorted({owner for owner, _, _ in said if owner}, key=str.casefold)
    ours = [(one.chance, one.came) for one in closed if one.chance is not None]
    return Calibrations(
        everybody=_scored("", [(chance, came) for _, chance, came in said], LEAST, base),
        owners=tuple(
            _scored(
                name, [(chance, came) for one, chance, came in said if one == name], LEAST, base
            )
            for name in owners
        ),
        ours=_scored("", ours, LEAST_OF_OURS, base),
    )


def closed_of(session: Session) -> tuple[Closed, ...]:
    """Every key result of a closed cycle that has a value in it."""
    # Of cycles that are over every value is read: no day is today's.
    placed = week_rows.placed(session, col(Cycle.closed_at).is_not(None), today=Date.max)
    ends = {one.row.id: one.cycle.ends for one in placed}
    values = series.of_several(session, [one.row for one in placed], ends=ends)
    found = (_closed(one, values[one.row.id]) for one in placed)
    return tuple(closed for closed in found if closed is not None)


def came(row: KeyResult, value: float) -> bool:
    """Whether the last value is at or beyond the target; in the band; a milestone at 1."""
    return measures.progress(goal_of(row), value) >= 1


def _closed(placed: Placed, values: Sequence[Value]) -> Closed | None:
    if not values:
        return None
    row, cycle = placed.row, placed.cycle
    weeks = CycleWeeks(cycle.starts, cycle.ends)
    middle = weeks.last_day(weeks.middle)
    return Closed(
        row.id,
        placed.owner,
        _confidence(values, middle),
        _chance(placed, values, middle),
        came(row, values[-1].value),
    )


def _confidence(values: Sequence[Value], middle: Date) -> float | None:
    """The last one about a day until the middle of the cycle, and said by then; read as tenths."""
    said = [
        value.confidence
        for value in values
        if value.confidence is not None
        and value.date <= middle
        and value.recorded_at.date() - middle <= _SAID_WITHIN
    ]
    return said[-1] / _TENTHS if said else None


def _chance(placed: Placed, values: Sequence[Value], middle: Date) -> float | None:
    """Ours at the same day: as it was kept then, otherwise as it follows from the values."""
    row, cycle = placed.row, placed.cycle
    week = CycleWeeks(cycle.starts, cycle.ends).middle
    told = next((one for one in placed.kept if one.week == week), None)
    if told is not None:
        kept: float | None = told.chance
        return kept
    found = found_on(row, cycle, values, day=middle, unusual=placed.left_out)
    return found.landing.chance if found and found.landing else None


def _scored(
    owner: str, said: Sequence[tuple[float, bool]], needed: int, share: float
) -> Calibration:
    """Score and words; both wait until enough are closed."""
    came_count = sum(happened for _, happened in said)
    try:
        scored = said_against_came(said, least=needed)
    except NotEnoughData:
        return Calibration(
            owner, len(said), needed, sum(chance for chance, _ in said), came_count, None, None,
            None, f"{figures.count(len(said))} of {figures.count(needed)} needed",
        )  # fmt: skip
    base = said_against_came([(share, happened) for _, happened in said], least=needed)
    expected = f"{figures.whole(scored.expected)} said, {figures.count(scored.came)} came"
    words = {
        Agreement.LESS: f"less came than was said: {expected}",
        Agreement.MORE: f"more came than was said: {expected}",
        Agreement.AGREE: f"said and came agree as far as we can tell (n = {scored.n})",
    }
    return Calibration(
        owner, scored.n, needed, scored.expected, scored.came, scored.brier, base.brier,
        scored.agreement, words[scored.agreement],
    )  # fmt: skip

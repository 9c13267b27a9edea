"""Where a key result lands by the end of its cycle, if the last weeks go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta

from app.okr.models import CheckIn
from app.stats.checks import NotEnoughData
from app.stats.forecast import METHODS, linear_forecast

_WEEKS = timedelta(weeks=6)  # long enough for a line, short enough to be about now; chosen by us


@dataclass(frozen=True, slots=True)
class Landing:
    """The value at the end of the cycle: where the line leads, and a range for it."""

    on: Date
    value: float
    low: float
    high: float
    confidence: float
    values: int  # how many the line rests on
    method: str


def landing(values: Sequence[CheckIn], *, kind: str, ends: Date, today: Date) -> Landing | None:
    """The forecast, or None: too few values, a milestone, or a cycle that is over."""
    if kind == "milestone" or today >= ends:
        return None
    recent = [one for one in values if today - _WEEKS <= one.date <= today]
    points = [(float(one.date.toordinal()), one.value) for one in recent]
    try:
        found = linear_forecast(points, float(ends.toordinal()))
    except NotEnoughData:
        return None
    return Landing(
        on=ends,
        value=found.estimate,
        low=found.low,
        high=found.high,
        confidence=found.confidence,
        values=len(points),
        method=METHODS[0].name,
    )

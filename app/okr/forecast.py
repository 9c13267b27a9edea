"""Where a key result lands by the end of its cycle, if what moves it goes on as it did."""

from dataclasses import dataclass
from datetime import date as Date

from app.okr.models import Cycle
from app.okr.statements import Found
from app.stats.landing import METHODS

_CONFIDENCE = 0.8  # of the range that the statistics give


@dataclass(frozen=True, slots=True)
class Forecast:
    """The value at the end of the cycle with a range for it, inside what the unit allows."""

    on: Date
    value: float
    low: float
    high: float
    confidence: float
    chance: float  # to reach the target, 0.03..0.97
    values: int  # weekly ones that it rests on
    method: str


def forecast_of(found: Found | None, cycle: Cycle, *, today: Date) -> Forecast | None:
    """The forecast, or None: too few weeks, a band, a milestone, or a cycle that is over."""
    if found is None or found.landing is None or today >= cycle.ends:
        return None
    return Forecast(
        on=cycle.ends,
        value=found.landing.value,
        low=found.landing.low,
        high=found.landing.high,
        confidence=_CONFIDENCE,
        chance=found.landing.chance,
        values=found.values,
        method=METHODS[0].name,
    )

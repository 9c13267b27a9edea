"""Were we right? Results so far, and how good authors are at saying beforehand what will come."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.analysis.readout_types import State
from app.stats.after import brier
from app.stats.rate_intervals import jeffreys

_CONFIDENCE = 0.95
_KNOWN = (State.VALIDATED, State.REFUTED, State.INCONCLUSIVE)


@dataclass(frozen=True, slots=True)
class Record:
    """Decided results, and forecasts held against them. Shares 0..1.

    brier: null without a forecast; 0 is always right and sure, 0.25 is a coin.
    """

    results: int
    validated: int
    share: float
    low: float
    high: float
    forecasts: int
    brier: float | None


def record_of(results: Sequence[tuple[float | None, str]]) -> Record | None:
    """(the author's chance of a validated result, what it was); None before the first result.

    What was decided before its result is no result.
    """
    known = [(chance, call == State.VALIDATED) for chance, call in results if call in _KNOWN]
    if not known:
        return None
    validated = sum(came for _, came in known)
    interval = jeffreys(validated, len(known), confidence=_CONFIDENCE)
    said = [(chance, came) for chance, came in known if chance is not None]
    return Record(
        results=len(known),
        validated=validated,
        share=validated / len(known),
        low=interval.low,
        high=interval.high,
        forecasts=len(said),
        brier=brier(said) if said else None,
    )

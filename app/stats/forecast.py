"""Where does the trend of the last weeks land? A straight line with a prediction interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, isfinite, sqrt

from app.stats.checks import NotEnoughData, check_share
from app.stats.methods import Method, Topic

_LEAST = 4  # three points leave one degree of freedom, and an interval that says nothing


@dataclass(frozen=True, slots=True)
class Forecast:
    """One value to come, in the unit of the values seen: low <= estimate <= high."""

    estimate: float
    low: float
    high: float
    confidence: float


def linear_forecast(
    points: Sequence[tuple[float, float]], at: float, *, confidence: float = 0.8
) -> Forecast:
    """Continue the straight line through the points to a moment, with room for a single value.

    Args:
        points: (time, value), at least four of them at two or more times. Any unit of time.
        at: the time to forecast, same unit; usually after the last point.
        confidence: two-sided coverage of one new value, in (0, 1).

    Returns:
        The line's value at that time and its prediction interval; as wide as the line where all
        points lie on one.

    Raises:
        NotEnoughData: fewer than four points, or all at the same time.
        ValueError: a number that is not finite, or confidence out of range.

    Source:
        Least squares; Montgomery & Runger, Applied Statistics and Probability for Engineers,
        section 11-6 (prediction of new observations), equation 11-33.
    """
    check_share(confidence, "confidence")
    if not all(map(isfinite, (at, *(part for point in points for part in point)))):
        raise ValueError("times and values must be finite")
    if len(points) < _LEAST:
        raise NotEnoughData(f"a trend needs {_LEAST} values or more, got {len(points)}")
    line = _fitted(points)
    estimate = line.middle + line.slope * (at - line.centre)
    apart = 1 + 1 / len(points) + (at - line.centre) ** 2 / line.spread
    room = _quantile(confidence, len(points) - 2) * line.noise * sqrt(apart)
    return Forecast(estimate, estimate - room, estimate + room, confidence)


@dataclass(frozen=True, slots=True)
class _Line:
    centre: float  # mean time
    middle: float  # mean value
    slope: float
    spread: float  # sum of squared distances of the times from their mean
    noise: float  # standard deviation of the values around the line


def _fitted(points: Sequence[tuple[float, float]]) -> _Line:
    n = len(points)
    centre, middle = fsum(x for x, _ in points) / n, fsum(y for _, y in points) / n
    spread = fsum((x - centre) ** 2 for x, _ in points)
    if spread <= 0:
        raise NotEnoughData("all values are of the same time, so there is no trend")
    slope = fsum((x - centre) * (y - middle) for x, y in points) / spread
    left = fsum((y - middle - slope * (x - centre)) ** 2 for x, y in points)
    return _Line(centre, middle, slope, spread, sqrt(left / (n - 2)))


def _quantile(confidence: float, freedom: int) -> float:
    from scipy.special import stdtrit  # noqa: PLC0415 - a second to import; commands start without

    return float(stdtrit(freedom, 0.5 + confidence / 2))


METHODS = (
    Method(
        key="linear-forecast",
        name="Linear trend",
        topic=Topic.AFTER,
        functions=("linear_forecast",),
        decides=False,
        plainly=(
            "It draws the straight line that lies closest to the values of the last weeks.",
            "It then follows that line to the last day of the cycle and reads off the value.",
            (
                "The range around it is where one new value would land 8 times in 10,"
                " if the weeks to come scatter as the last ones did."
            ),
            "The range is wide with few values, and grows the further ahead it looks.",
            "It knows nothing of what you will do differently: it is a warning, not a plan.",
        ),
        assumes=(
            "The trend is straight and goes on.",
            (
                "Weeks scatter around it evenly and independently; a number that carries over from"
                " week to week makes the range too narrow."
            ),
        ),
        formula="ŷ(x₀) ± t(1−α/2, n−2) · s · √(1 + 1/n + (x₀ − x̄)² / Σ(x − x̄)²)",
        source="Montgomery & Runger, Applied Statistics and Probability for Engineers, eq. 11-33.",
    ),
)

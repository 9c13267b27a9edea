"""How far two arms must lie apart to be told apart, counted in standard errors at the end.

A rule that is read more than once asks for more than one that is read once; the difference that it
sees with a given power is this many standard errors of the difference.
"""

from collections.abc import Sequence
from functools import lru_cache

from app.stats import special
from app.stats.checks import check_share
from app.stats.group_sequential import bounds, crossing
from app.stats.methods import Method, Topic

_MOST_LOOKS = 12  # more are thinned out evenly: it changes the second digit of nothing
_FARTHEST = 20.0  # standard errors; no rule needs as many
_TOLERANCE = 1e-4


def fixed_drift(*, confidence: float, power: float = 0.8) -> float:
    """Standard errors that one look at the end sees.

    Args:
        confidence: two-sided, in (0, 1). power: in (0, 1).

    Returns:
        A number of standard errors; 2.80 for 95 % and 80 %.

    Raises:
        ValueError: out of range.

    Source:
        Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, section 4.2.

    >>> round(fixed_drift(confidence=0.95), 2)
    2.8
    """
    check_share(confidence, "confidence")
    check_share(power, "power")
    return float(special.ndtri(1 - (1 - confidence) / 2) + special.ndtri(power))


def drift_of_looks(shares: Sequence[float], *, confidence: float, power: float = 0.8) -> float:
    """Standard errors that planned looks see, at one of them.

    Args:
        shares: of the people at each look, rising, in (0, 1]. confidence: two-sided, of all looks.
        power: in (0, 1), above 1 - confidence.

    Returns:
        A number of standard errors of the difference among all people.

    Raises:
        NotEnoughData: no look. ValueError: out of range.

    Source:
        `crossing` at the bounds of `bounds`, solved for the drift; Jennison & Turnbull (2000),
        Group Sequential Methods, section 3.1.

    >>> round(drift_of_looks([0.5, 1.0], confidence=0.95), 2)
    2.81
    """
    check_share(confidence, "confidence")
    return _of_looks(_thinned(shares), confidence, power)


@lru_cache(maxsize=256)
def _of_looks(shares: tuple[float, ...], confidence: float, power: float) -> float:
    return _solved(shares, bounds(shares, alpha=1 - confidence), 1 - confidence, power)


def _solved(shares: Sequence[float], held: Sequence[float], alpha: float, power: float) -> float:
    """The drift that crosses one of these bounds with this power."""
    check_share(power, "power")
    if power <= alpha:
        raise ValueError(f"power must be above the error {alpha:.3g}, got {power}")

    def beyond(drift: float) -> float:
        return crossing(shares, held, drift=drift) - power

    return float(special.brentq(beyond, 0.0, _FARTHEST, xtol=_TOLERANCE))


def _thinned(shares: Sequence[float]) -> tuple[float, ...]:
    if len(shares) <= _MOST_LOOKS:
        return tuple(shares)
    step = len(shares) / _MOST_LOOKS
    return tuple(shares[round((place + 1) * step) - 1] for place in range(_MOST_LOOKS))


DIFFERENCE_POWER = Method(
    key="difference-power",
    name="Power of a comparison",
    topic=Topic.PLANNING,
    functions=("fixed_drift", "drift_of_looks"),
    decides=False,
    plainly=(
        "It says which difference two versions must have to be told apart four times in five.",
        "It needs to know how much values differ from person to person.",
        "Halving the difference takes four times as many people.",
        "Looking more than once, or comparing several versions, takes more people, too.",
        "It is an approximation for planning, and makes no call.",
    ),
    assumes=("Enough people for averages to behave like a bell curve.",),
    formula="δ = θ·√(s²/n₁ + s²/n₂); one look: θ = z₁₋α⁄₂ + z₁₋β; several:"
    " P(|Zₖ| ≥ bₖ at some look | θ) = 1 − β",
    source="Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, section"
    " 4.2; Jennison & Turnbull (2000), section 3.1",
)
METHODS = (DIFFERENCE_POWER,)

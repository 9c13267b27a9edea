"""Afterwards: what past effects add up to, and how good a guess was."""

from collections.abc import Sequence
from math import fsum, isfinite

from app.stats.checks import NotEnoughData
from app.stats.methods import Method, Topic

_LEAST_EFFECTS = 3  # with one or two, James and Stein have nothing to offer


def shrunk(effects: Sequence[float], errors: Sequence[float]) -> tuple[float, ...]:
    """Past effects taken back towards 0 by as much as luck made them look large.

    Args:
        effects: estimates, three at least. errors: the standard error of each, above 0.

    Returns:
        Every effect times the same factor in [0, 1]; their sum is the claim to make for all.

    Raises:
        NotEnoughData: fewer than three effects. ValueError: lengths differ, or no numbers.

    Source:
        Positive-part James-Stein on effects over their errors; Efron & Morris (1973), JASA
        68:117-130, equation 1.4 with the positive part.

    >>> [round(one, 4) for one in shrunk([0.04, 0.01, -0.01], [0.01, 0.01, 0.01])]
    [0.0378, 0.0094, -0.0094]
    """
    if len(effects) != len(errors) or not all(map(isfinite, (*effects, *errors))):
        raise ValueError("every effect needs a standard error, and both must be numbers")
    if min(errors, default=1.0) <= 0:
        raise ValueError("a standard error must be above 0")
    if len(effects) < _LEAST_EFFECTS:
        raise NotEnoughData(f"shrinking needs {_LEAST_EFFECTS} effects, got {len(effects)}")
    squares = fsum((one / error) ** 2 for one, error in zip(effects, errors, strict=True))
    factor = max(0.0, 1 - (len(effects) - 2) / squares) if squares > 0 else 0.0
    return tuple(effect * factor for effect in effects)


def brier(forecasts: Sequence[tuple[float, bool]]) -> float:
    """How far an author's chances lay from what came.

    Args:
        forecasts: (chance said before, whether it came).

    Returns:
        0 (always right and sure) to 1; always saying one half scores 0.25.

    Raises:
        NotEnoughData: no forecast. ValueError: a chance outside [0, 1].

    Source:
        Brier (1950), Monthly Weather Review 78:1-3, for one of two outcomes.

    >>> round(brier([(0.9, True), (0.4, False)]), 3)
    0.085
    """
    if not forecasts:
        raise NotEnoughData("there is no forecast to score")
    if not all(0 <= chance <= 1 for chance, _ in forecasts):
        raise ValueError("a chance must lie in 0..1")
    return fsum((chance - came) ** 2 for chance, came in forecasts) / len(forecasts)


SHRINKAGE = Method(
    key="shrinkage",
    name="James–Stein",
    topic=Topic.AFTER,
    functions=("shrunk",),
    decides=False,
    plainly=(
        "Measured effects look larger than they are, the more so the more luck is in them.",
        "Added up over many experiments, they promise too much.",
        "So all of them are taken back towards nothing by one factor.",
        "The more the effects stand out of their luck, the less is taken back.",
        "Use the sum for a claim about all; a single effect keeps its own interval.",
    ),
    assumes=(
        "Effects were measured apart from each other.",
        "All experiments are in, not the best.",
    ),
    formula="θ̂ᵢ = max(0, 1 − (k − 2)/Σ(xᵢ/sᵢ)²)·xᵢ",
    source="Efron & Morris (1973), JASA 68:117–130",
)
BRIER = Method(
    key="brier",
    name="Brier score",
    topic=Topic.AFTER,
    functions=("brier",),
    decides=False,
    plainly=(
        "Before an experiment its author may say how likely it is to work.",
        "Afterwards each chance is held against what came.",
        "0 is perfect; always saying fifty-fifty scores 0.25.",
        "Being sure and wrong costs most.",
        "A handful of forecasts says little about anybody.",
    ),
    assumes=("The chance was said before the result was known.",),
    formula="Σ(chance − came)²/n",
    source="Brier (1950), Monthly Weather Review 78:1–3",
)
METHODS = (SHRINKAGE, BRIER)

"""Said against came: whether chances that were said beforehand agree with what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import fsum

from app.stats.checks import NotEnoughData
from app.stats.methods import Method, Topic

_EACH_SIDE = 0.025
_LEAST_SURE, _SUREST = 0.03, 0.97  # a 10 of 10 that fails once must not settle the matter


class Agreement(StrEnum):
    """What can be told of chances that were said."""

    LESS = "less"  # came than was said
    MORE = "more"
    AGREE = "agree"


@dataclass(frozen=True, slots=True)
class Scored:
    """Chances against what came. brier: 0..1; expected: how many were said to come."""

    n: int
    expected: float
    came: int
    brier: float
    agreement: Agreement


def said_against_came(said: Sequence[tuple[float, bool]], *, least: int = 10) -> Scored:
    """Hold chances against what came, with the exact distribution of how many come.

    Args:
        said: (chance in 0..1, whether it came). least: how many must be known, above 0.

    Returns:
        The Brier score of the chances as said, and whether fewer or more came than they allow.

    Raises:
        NotEnoughData: fewer than `least`. ValueError: a chance outside [0, 1].

    Source:
        Brier (1950), Monthly Weather Review 78:1-3; the Poisson binomial distribution, Wang (1993),
        Statistica Sinica 3:295-312, with each side at 2.5 %.

    >>> found = said_against_came([(0.7, True)] * 6 + [(0.7, False)] * 4)
    >>> found.came, round(found.expected, 1), found.agreement.value
    (6, 7.0, 'agree')
    """
    if not all(0 <= chance <= 1 for chance, _ in said):
        raise ValueError("a chance must lie in 0..1")
    if len(said) < max(least, 1):
        raise NotEnoughData(f"{len(said)} of {least} needed")
    came = sum(happened for _, happened in said)
    shares = poisson_binomial([min(_SUREST, max(_LEAST_SURE, chance)) for chance, _ in said])
    agreement = Agreement.AGREE
    if fsum(shares[: came + 1]) <= _EACH_SIDE:
        agreement = Agreement.LESS
    elif fsum(shares[came:]) <= _EACH_SIDE:
        agreement = Agreement.MORE
    return Scored(
        n=len(said),
        expected=fsum(chance for chance, _ in said),
        came=came,
        brier=fsum((chance - happened) ** 2 for chance, happened in said) / len(said),
        agreement=agreement,
    )


def poisson_binomial(chances: Sequence[float]) -> tuple[float, ...]:
    """How likely 0, 1, 2, … of several come, each with its own chance.

    Args:
        chances: each in [0, 1].

    Returns:
        One share more than there are chances; they add up to 1.

    Raises:
        ValueError: a chance outside [0, 1].

    Source:
        Wang (1993), Statistica Sinica 3:295-312, by adding one chance after the other.

    >>> [round(one, 2) for one in poisson_binomial([0.5, 0.2])]
    [0.4, 0.5, 0.1]
    """
    if not all(0 <= chance <= 1 for chance in chances):
        raise ValueError("a chance must lie in 0..1")
    shares = [1.0]
    for chance in chances:
        fails = [share * (1 - chance) for share in (*shares, 0.0)]
        comes = [share * chance for share in (0.0, *shares)]
        shares = [fail + come for fail, come in zip(fails, comes, strict=True)]
    return tuple(shares)


SAID = Method(
    key="said-against-came",
    name="Said against came",
    topic=Topic.WEEKS,
    functions=("said_against_came", "poisson_binomial"),
    decides=False,
    plainly=(
        "Half-way through a cycle every owner says how sure they are; the end says what came.",
        "Confidence 7 of 10 is read as a chance of 70 %.",
        "It asks whether so few, or so many, would come if the chances that were said were right.",
        "From ten closed key results on it may say so; before, it only counts.",
        "It is for the person who said it, never a ranking.",
    ),
    assumes=("Key results come or fail apart from each other.",),
    formula="P(X ≤ came) ≤ 2.5 % or P(X ≥ came) ≤ 2.5 %, X Poisson binomial; Σ(p − came)²/n",
    source="Brier (1950); Wang (1993), Statistica Sinica 3:295–312",
)
METHODS = (SAID,)

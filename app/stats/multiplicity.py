"""Several arms at once: more chances to be lucky, and what that costs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import fsum

from app.stats.checks import NotEnoughData, check_share
from app.stats.methods import Method, Topic
from app.stats.one_arm import State
from app.stats.two_arm import Arm, Comparison, compare


def bonferroni(p_values: Sequence[float]) -> tuple[float, ...]:
    """Multiply each p-value by their number.

    Args:
        p_values: in [0, 1].

    Returns:
        As many, in the same order, 1 at most.

    Raises:
        ValueError: a value outside [0, 1].

    Source:
        Dunn (1961), JASA 56:52-64.
    """
    _check(p_values)
    return tuple(min(1.0, len(p_values) * p) for p in p_values)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p-values step by step; never larger than Bonferroni's, and as safe.

    Args:
        p_values: in [0, 1].

    Returns:
        As many, in the same order, 1 at most.

    Raises:
        ValueError: a value outside [0, 1].

    Source:
        Holm (1979), Scandinavian Journal of Statistics 6:65-70.
    """
    _check(p_values)
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = highest
    return tuple(adjusted)


def _check(p_values: Sequence[float]) -> None:
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError(f"p-values must lie in 0..1, got {list(p_values)}")


@dataclass(frozen=True, slots=True)
class Family:
    """All arms against one baseline. Each comparison's p_value is adjusted as its interval is.

    holm: the p-values by Holm, descriptive. state: of the whole experiment.
    """

    comparisons: tuple[Comparison, ...]
    holm: tuple[float, ...]
    state: State


def compare_all(arms: Sequence[Arm], baseline: Arm, *, confidence: float, mde: float) -> Family:
    """Decide about several arms at one look, each against the baseline only.

    Each interval is at 1 - (1 - confidence)/m, so that all hold together; it decides, and the
    p-value beside it is multiplied by m, so that the two cannot disagree.

    Args:
        arms: one or more. baseline: the same for all. confidence: two-sided, of all together.
        mde: the smallest effect worth having, in (0, 1).

    Returns:
        A state for each arm, and VALIDATED if any is, REFUTED if all are, else INCONCLUSIVE.

    Raises:
        NotEnoughData: an arm has nobody, or there is none. ValueError: out of range.

    Source:
        Dunn (1961), JASA 56:52-64; Holm (1979), Scandinavian Journal of Statistics 6:65-70.
    """
    if not arms:
        raise NotEnoughData("there is no arm to compare with the baseline")
    check_share(confidence, "confidence")
    each = 1 - (1 - confidence) / len(arms)
    raw = [compare(arm, baseline, confidence=each, mde=mde) for arm in arms]
    adjusted = bonferroni([one.p_value for one in raw])
    both = zip(raw, adjusted, strict=True)
    comparisons = tuple(replace(one, p_value=p_value) for one, p_value in both)
    return Family(comparisons, holm([one.p_value for one in raw]), overall(comparisons))


def overall(comparisons: Sequence[Comparison]) -> State:
    """Validated if any comparison is, refuted if all are, else inconclusive."""
    states = {comparison.state for comparison in comparisons}
    if State.VALIDATED in states:
        return State.VALIDATED
    return State.REFUTED if states == {State.REFUTED} else State.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """A chi-square test: statistic, degrees of freedom, p-value in [0, 1]."""

    statistic: float
    freedom: int
    p_value: float


def equal_rates(arms: Sequence[Arm]) -> ChiSquare:
    """Test whether all arms share one rate. Descriptive.

    Args:
        arms: two or more, each with somebody.

    Returns:
        The statistic, k - 1 degrees and the p-value.

    Raises:
        NotEnoughData: fewer than two arms, an empty one, or nobody or everybody did it.

    Source:
        Pearson (1900), Philosophical Magazine 50:157-175; as R's prop.test without correction.
    """
    if len(arms) < 2 or not all(arm.people for arm in arms):
        raise NotEnoughData("it takes two arms at least, each with somebody in it")
    pooled = sum(arm.hits for arm in arms) / sum(arm.people for arm in arms)
    if not 0 < pooled < 1:
        raise NotEnoughData("nobody or everybody did it, so the arms cannot be told apart")
    from scipy.special import chdtrc  # noqa: PLC0415 - SciPy takes long to import

    variance = pooled * (1 - pooled)
    statistic = fsum(arm.people * (arm.rate - pooled) ** 2 / variance for arm in arms)
    return ChiSquare(statistic, len(arms) - 1, float(chdtrc(len(arms) - 1, statistic)))


def pairwise(arms: Sequence[Arm]) -> tuple[float, ...]:
    """The unadjusted chi-square p-value of each pair: first with second, first with third, …

    Args:
        arms: two or more, each with somebody.

    Returns:
        k(k - 1)/2 p-values.

    Raises:
        NotEnoughData: as `equal_rates`, of any pair.

    Source:
        As `equal_rates`; R's pairwise.prop.test without correction.
    """
    return tuple(equal_rates(pair).p_value for pair in combinations(arms, 2))


METHODS: tuple[Method, ...] = (
    Method(
        key="several-arms",
        name="Several arms against one baseline",
        topic=Topic.TWO_ARMS,
        functions=("compare_all", "bonferroni", "holm"),
        decides=True,
        plainly=(
            "With five arms there are five chances that luck looks like success.",
            "So each arm has to clear a higher bar, the higher the more arms there are.",
            "The intervals are wider for that, and all of them hold at the same time.",
            "The experiment is validated if any arm is, and refuted only if every arm is.",
            "Arms that you leave out before launch make the bar lower for the others.",
        ),
        assumes=("each arm is compared with the baseline only", "one look"),
        formula="each at 1 - alpha/m; p times m; Holm: max over j <= i of (m - j + 1) p_(j)",
        source="Dunn (1961), JASA 56:52-64; Holm (1979), Scandinavian J. of Statistics 6:65-70",
    ),
    Method(
        key="equal-rates",
        name="All arms alike",
        topic=Topic.TWO_ARMS,
        functions=("equal_rates", "pairwise"),
        decides=False,
        plainly=(
            "This asks a single question: could all the arms have the same rate?",
            "A small p-value says that some arm differs from some other.",
            "It does not say which one, nor by how much.",
            "The pairs listed beside it are not corrected for there being many.",
            "It describes and never makes a call.",
        ),
        assumes=("5 or more expected in each cell",),
        formula="chi2 = sum n_i (p_i - p)^2 / (p (1 - p)), k - 1 degrees",
        source="Pearson (1900), Philosophical Magazine 50:157-175",
    ),
)

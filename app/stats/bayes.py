"""What is likely, given the counts: chances and losses. They describe; none makes a call."""

from app.stats import special
from app.stats.methods import Method, Topic
from app.stats.two_arm import Arm


def chance_to_beat(arm: Arm, baseline: Arm) -> float:
    """How likely the arm's rate is above the baseline's, each rate as likely as any before.

    Args:
        arm, baseline: distinct people.

    Returns:
        A probability in [0, 1].

    Raises:
        NotEnoughData: an arm has nobody.

    Source:
        Miller (2015), "Formulas for Bayesian A/B Testing", closed form for two betas.

    >>> round(chance_to_beat(Arm(500, 60), Arm(500, 45)), 4)
    0.9385
    """
    _ = arm.rate, baseline.rate
    return _beats(_posterior(arm), _posterior(baseline))


def expected_loss(arm: Arm, baseline: Arm) -> float:
    """How much rate is lost on average by taking the arm where the baseline is better.

    Args:
        arm, baseline: distinct people.

    Returns:
        E[(baseline - arm)+], in [0, 1].

    Raises:
        NotEnoughData: an arm has nobody.

    Source:
        Stucchio (2015), "Bayesian A/B Testing at VWO", section on expected loss.

    >>> round(expected_loss(Arm(500, 60), Arm(500, 45)), 5)
    0.00052
    """
    _ = arm.rate, baseline.rate
    own, base = _posterior(arm), _posterior(baseline)
    base_mean, own_mean = base[0] / sum(base), own[0] / sum(own)
    gain = base_mean * _beats((base[0] + 1, base[1]), own)
    return max(0.0, gain - own_mean * _beats(base, (own[0] + 1, own[1])))


def _posterior(arm: Arm) -> tuple[int, int]:
    return arm.hits + 1, arm.people - arm.hits + 1


def _beats(one: tuple[int, int], other: tuple[int, int]) -> float:
    """P(Beta(one) > Beta(other)) as the shortest of four equal sums."""
    (a, b), (c, d) = one, other
    shortest = min(a, b, c, d)
    if shortest == a:
        return _miller(a, b, c, d)
    if shortest == d:  # 1 - other > 1 - one
        return _miller(d, c, b, a)
    return 1 - (_miller(c, d, a, b) if shortest == c else _miller(b, a, d, c))


def _miller(a: int, b: int, c: int, d: int) -> float:
    """P(Beta(a, b) > Beta(c, d)), a sum of `a` terms."""
    import numpy as np  # noqa: PLC0415 - most pages need no arrays

    i = np.arange(a, dtype=np.float64)
    logs = (
        special.betaln(c + i, b + d)
        - np.log(b + i)
        - special.betaln(1 + i, b)
        - special.betaln(c, d)
    )
    return float(min(1.0, np.exp(logs).sum()))


METHODS: tuple[Method, ...] = (
    Method(
        key="chance-to-beat",
        name="Chance to beat the baseline",
        topic=Topic.TWO_ARMS,
        functions=("chance_to_beat",),
        decides=False,
        plainly=(
            "It says how likely the arm is better, given the counts and nothing known before.",
            "90 % means that you would be wrong one time in ten to prefer it.",
            "It says nothing about how much better, so read it beside the interval.",
            "Whoever stops as soon as it looks high is fooled by luck, like with any other number.",
            "So it is shown beside the call, and never makes one.",
        ),
        assumes=("before the counts every rate was as likely as any other",),
        formula="P(B > A) = sum_{i < aB} B(aA + i, bA + bB)/((bB + i) B(1 + i, bB) B(aA, bA))",
        source="Miller (2015), Formulas for Bayesian A/B Testing",
    ),
    Method(
        key="expected-loss",
        name="Expected loss",
        topic=Topic.TWO_ARMS,
        functions=("expected_loss",),
        decides=False,
        plainly=(
            "If you take the new mail and it is worse after all, you lose something.",
            "This is that loss on average, with every possible difference weighed by its chance.",
            "It is in points of the rate: 0.1 points is one click in a thousand people.",
            "A small loss can justify a choice even if nobody can say which arm is better.",
            "It is shown beside the call, and never makes one.",
        ),
        assumes=("before the counts every rate was as likely as any other",),
        formula="E[(pA - pB)+] = E[pA] P(pA' > pB) - E[pB] P(pA > pB')",
        source="Stucchio (2015), Bayesian A/B Testing at VWO",
    ),
)

"""How many times as many: the ratio of two rates. It describes, and makes no call."""

from dataclasses import dataclass
from math import exp, log, sqrt

from app.stats import special
from app.stats.checks import NotEnoughData
from app.stats.methods import Method, Topic
from app.stats.two_arm import Arm

_HIGHEST = 700.0  # exp of it is still a number


@dataclass(frozen=True, slots=True)
class Ratio:
    """Bounds of a ratio of two rates, 0 <= low <= high."""

    low: float
    high: float


def koopman_between(arm: Arm, baseline: Arm, *, below: float, above: float) -> Ratio:
    """The ratio of two rates with a limit of its own on each side.

    Args:
        arm, baseline: distinct people. below, above: of the chi-square, above 0, for ratios under
            and over the one seen.

    Returns:
        The ratios that the limits leave, the one seen among them.

    Raises:
        NotEnoughData: an arm has nobody, nobody in the baseline did it, or all did in both.

    Source:
        Koopman (1984), Biometrics 40:513-517.

    >>> found = koopman_between(Arm(500, 60), Arm(500, 40), below=3.84, above=3.84)
    >>> round(found.low, 3), round(found.high, 3)
    (1.029, 2.191)
    """
    estimate = _ratio(arm, baseline)
    middle = log(estimate) if estimate else -_HIGHEST
    low = exp(_crossing(arm, baseline, below, middle, step=-1.0)) if arm.hits else 0.0
    high = exp(_crossing(arm, baseline, above, middle, step=1.0))
    return Ratio(low, high)


def _ratio(arm: Arm, baseline: Arm) -> float:
    rate, base = arm.rate, baseline.rate
    if not base:
        raise NotEnoughData("nobody in the baseline did it, so nothing is a multiple of it")
    if rate == base == 1:
        raise NotEnoughData("everybody did it in both arms, so the ratio has no width")
    return rate / base


def _crossing(arm: Arm, baseline: Arm, limit: float, start: float, *, step: float) -> float:
    """Where, on the logarithm's scale, the score statistic first reaches the limit."""
    end = start + step
    while _score(arm, baseline, end) < limit:
        step *= 2
        end = start + step
    return float(
        special.brentq(lambda at: _score(arm, baseline, at) - limit, start, end, xtol=1e-12)
    )


def _score(arm: Arm, baseline: Arm, log_ratio: float) -> float:
    """Koopman's chi-square of a ratio of rates."""
    ratio = exp(log_ratio)
    base = restricted_base(arm, baseline, ratio)
    rate = min(1.0, ratio * base)
    total = 0.0
    for one, fitted in ((arm, rate), (baseline, base)):
        variance = one.people * fitted * (1 - fitted)
        total += (one.hits - one.people * fitted) ** 2 / variance if variance else 0.0
    return total


def restricted_base(arm: Arm, baseline: Arm, ratio: float) -> float:
    """The baseline's likeliest rate, given that the arm's is `ratio` times as large.

    Args:
        arm, baseline: distinct people. ratio: above 0.

    Returns:
        A rate in [0, min(1, 1/ratio)].

    Source:
        Koopman (1984), Biometrics 40:513-517.

    >>> round(restricted_base(Arm(500, 60), Arm(500, 40), 1.0), 4)
    0.1
    """
    everybody, hits = arm.people + baseline.people, arm.hits + baseline.hits
    once = ratio * (arm.people + baseline.hits) + arm.hits + baseline.people
    inner = once * once - 4 * everybody * ratio * hits
    # The smaller root, written so that nothing cancels.
    return min(2 * hits / (once + sqrt(max(0.0, inner))), 1.0, 1 / ratio)


METHODS: tuple[Method, ...] = (
    Method(
        key="ratio",
        name="Relative lift",
        topic=Topic.TWO_ARMS,
        functions=("koopman_between", "restricted_base"),
        decides=False,
        plainly=(
            "It says how many times as many people did it as in the baseline.",
            "A ratio of 1.25 is a quarter more, whether from 4 to 5 % or from 40 to 50 %.",
            "Where the baseline is small the ratio is shaky, and its interval shows how much.",
            "If nobody in the baseline did it, there is no ratio, and none is shown.",
            "It is shown beside the call, which is made on the difference in points.",
        ),
        assumes=("somebody in the baseline did it",),
        formula="X2(r) = sum (x - n q)^2 / (n q (1 - q)) <= c, q1 = r q0, q restricted ML",
        source="Koopman (1984), Biometrics 40:513-517",
    ),
)

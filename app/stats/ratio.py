"""How many times as many: ratios and odds of two rates. They describe; none makes a call."""

from dataclasses import dataclass
from math import exp, log, sqrt

from app.stats.checks import NotEnoughData, check_share
from app.stats.methods import Method, Topic
from app.stats.two_arm import Arm, critical_value

_HIGHEST = 700.0  # exp of it is still a number


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio with its bounds, 0 <= low <= estimate <= high, and the method's name."""

    estimate: float
    low: float
    high: float
    method: str


def log_ratio(arm: Arm, baseline: Arm, *, confidence: float) -> Ratio:
    """The ratio of two rates with the delta interval of its logarithm.

    Args:
        arm, baseline: distinct people; somebody in each did it. confidence: two-sided, in (0, 1).

    Returns:
        A ratio above 0: 1.25 is a quarter more.

    Raises:
        NotEnoughData: an arm has nobody, or nobody in it did it, or all did in both.

    Source:
        Katz, Baptista, Azen & Pike (1978), Biometrics 34:469-474, method C.
    """
    check_share(confidence, "confidence")
    estimate = _ratio(arm, baseline)
    if not arm.hits:
        raise NotEnoughData("nobody in the arm did it: its ratio has no logarithm")
    terms = (1 / one.hits - 1 / one.people for one in (arm, baseline))
    return _on_log_scale(estimate, sqrt(sum(terms)), confidence, "Log ratio")


def koopman(arm: Arm, baseline: Arm, *, confidence: float) -> Ratio:
    """The ratio of two rates with the score interval: holds where clicks are few.

    Args:
        arm, baseline: distinct people; somebody in the baseline did it.
        confidence: two-sided, in (0, 1).

    Returns:
        A ratio of 0 or more; low is 0 if nobody in the arm did it.

    Raises:
        NotEnoughData: an arm has nobody, or nobody in the baseline did it.

    Source:
        Koopman (1984), Biometrics 40:513-517.
    """
    check_share(confidence, "confidence")
    limit = critical_value(confidence) ** 2
    return koopman_between(arm, baseline, below=limit, above=limit)


def koopman_between(arm: Arm, baseline: Arm, *, below: float, above: float) -> Ratio:
    """The same with a limit of its own on each side.

    Args:
        arm, baseline: as `koopman`. below, above: of the chi-square, above 0, for ratios under and
            over the one seen.

    Returns:
        A ratio of 0 or more.

    Raises:
        NotEnoughData: as `koopman`.

    Source:
        Koopman (1984), Biometrics 40:513-517.
    """
    estimate = _ratio(arm, baseline)
    middle = log(estimate) if estimate else -_HIGHEST
    low = exp(_crossing(arm, baseline, below, middle, step=-1.0)) if arm.hits else 0.0
    high = exp(_crossing(arm, baseline, above, middle, step=1.0))
    return Ratio(estimate, low, high, "Koopman")


def odds_woolf(arm: Arm, baseline: Arm, *, confidence: float) -> Ratio:
    """The odds ratio with the delta interval of its logarithm.

    Args:
        arm, baseline: distinct people; some did it and some did not in each.
        confidence: two-sided, in (0, 1).

    Returns:
        An odds ratio above 0.

    Raises:
        NotEnoughData: a cell is empty; `odds_gart` takes it.

    Source:
        Woolf (1955), Annals of Human Genetics 19:251-253.
    """
    check_share(confidence, "confidence")
    cells = _cells(arm, baseline)
    if not all(cells):
        raise NotEnoughData("none or all did it in an arm: its odds have no logarithm")
    return _odds(cells, confidence, "Odds ratio, Woolf")


def odds_gart(arm: Arm, baseline: Arm, *, confidence: float) -> Ratio:
    """The odds ratio after half a person more in each cell.

    Args:
        arm, baseline: distinct people. confidence: two-sided, in (0, 1).

    Returns:
        An odds ratio above 0.

    Raises:
        NotEnoughData: an arm has nobody.

    Source:
        Gart (1966), Biometrics 22:141-169; Haldane (1955), Annals of Human Genetics 20:309-311.
    """
    check_share(confidence, "confidence")
    _ = arm.rate, baseline.rate  # nobody is refused before half a person is added
    cells = [cell + 0.5 for cell in _cells(arm, baseline)]
    return _odds(cells, confidence, "Odds ratio, Gart")


def _ratio(arm: Arm, baseline: Arm) -> float:
    rate, base = arm.rate, baseline.rate
    if not base:
        raise NotEnoughData("nobody in the baseline did it, so nothing is a multiple of it")
    if rate == base == 1:
        raise NotEnoughData("everybody did it in both arms, so the ratio has no width")
    return rate / base


def _crossing(arm: Arm, baseline: Arm, limit: float, start: float, *, step: float) -> float:
    """Where, on the logarithm's scale, the score statistic first reaches the limit."""
    from scipy.optimize import brentq  # noqa: PLC0415 - SciPy takes long to import

    end = start + step
    while _score(arm, baseline, end) < limit:
        step *= 2
        end = start + step
    return float(brentq(lambda at: _score(arm, baseline, at) - limit, start, end, xtol=1e-12))


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
    """
    everybody, hits = arm.people + baseline.people, arm.hits + baseline.hits
    once = ratio * (arm.people + baseline.hits) + arm.hits + baseline.people
    inner = once * once - 4 * everybody * ratio * hits
    # The smaller root, written so that nothing cancels.
    return min(2 * hits / (once + sqrt(max(0.0, inner))), 1.0, 1 / ratio)


def _cells(arm: Arm, baseline: Arm) -> list[int]:
    return [arm.hits, arm.people - arm.hits, baseline.hits, baseline.people - baseline.hits]


def _odds(cells: list[int] | list[float], confidence: float, method: str) -> Ratio:
    did, did_not, base_did, base_did_not = cells
    error = sqrt(sum(1 / cell for cell in cells))
    return _on_log_scale(did * base_did_not / (did_not * base_did), error, confidence, method)


def _on_log_scale(estimate: float, error: float, confidence: float, method: str) -> Ratio:
    times = exp(critical_value(confidence) * error)
    return Ratio(estimate, estimate / times, estimate * times, method)


METHODS: tuple[Method, ...] = (
    Method(
        key="ratio",
        name="Relative lift",
        topic=Topic.TWO_ARMS,
        functions=("koopman", "koopman_between", "restricted_base", "log_ratio"),
        decides=False,
        plainly=(
            "It says how many times as many people did it as in the baseline.",
            "A ratio of 1.25 is a quarter more, whether from 4 to 5 % or from 40 to 50 %.",
            "Where the baseline is small the ratio is shaky, and its interval shows how much.",
            "If nobody in the baseline did it, there is no ratio, and none is shown.",
            "It describes; the call is made on the difference in points.",
        ),
        assumes=("somebody in the baseline did it",),
        formula="p1/p0; log: exp(+- z sqrt(1/x1 - 1/n1 + 1/x0 - 1/n0)); Koopman: score inverted",
        source="Koopman (1984), Biometrics 40:513-517; Katz et al. (1978), Biometrics 34:469-474",
    ),
    Method(
        key="odds",
        name="Odds ratio",
        topic=Topic.TWO_ARMS,
        functions=("odds_woolf", "odds_gart"),
        decides=False,
        plainly=(
            "Odds are those who did it for each one who did not.",
            "The ratio compares the odds of two groups, as medicine and some programs do.",
            "For small rates it is nearly the ratio of the rates; for large ones it is not.",
            "Gart's form works even where nobody or everybody did it.",
            "It describes and never makes a call.",
        ),
        assumes=("people act independently",),
        formula="ad/bc, exp(+- z sqrt(1/a + 1/b + 1/c + 1/d)); Gart: each cell + 1/2",
        source="Woolf (1955), Annals of Human Genetics 19:251-253; Gart (1966), Biometrics "
        "22:141-169",
    ),
)

"""Beside the deciding sequences of bounds: their two-sided and one-sided kin, for description."""

from math import exp, expm1, isfinite, log, log1p, sqrt

from app.stats.checks import NotEnoughData, check_counts, check_share
from app.stats.methods import Method, Topic
from app.stats.one_arm import Interval

_LARGEST = 700.0  # exp of it is still a float
_LEAST_WEIGHT = 1e-3  # of confseq: what is left of the weight where it is tightest for nobody
_EDGE = 1e-9  # the smallest rate that is looked for


def beta_binomial_sequence(hits: int, people: int, *, tightest: float, alpha: float) -> Interval:
    """A rate's two-sided bounds that hold at every moment at once.

    Args:
        hits, people: matured. tightest: the number of people at which it is tightest, over 0.
        alpha: two-sided, in (0, 1).

    Returns:
        0 <= low <= hits/people <= high <= 1.

    Raises:
        NotEnoughData: nobody. ValueError: out of range.

    Source:
        Howard, Ramdas, McAuliffe & Sekhon (2021), Annals of Statistics 49:1055-1080, section 3.5;
        the least weight as in gostevehoward/confseq@70b1ef30.
    """
    check_counts(hits, people)
    weight = max(normal_mixture_weight(tightest, alpha=alpha) - 1, _LEAST_WEIGHT)
    low = _lowest(hits, people, weight, -log(alpha))
    high = 1 - _lowest(people - hits, people, weight, -log(alpha))
    return Interval(low, high, BETA_BINOMIAL.name)


def log_beta_binomial_mixture(
    total: float, variance: float, *, below: float, above: float, tightest: float, alpha: float
) -> float:
    """The logarithm of the mixture of a centred sum whose terms lie in -below..above.

    Args:
        total: the centred sum. variance: its variance so far, from 0 up.
        below, above: the reach of one term, over 0.
        tightest: the variance at which it is tightest. alpha: two-sided there, in (0, 1).

    Returns:
        Any finite number; the sum has strayed too far where it reaches ln(1/alpha).

    Raises:
        ValueError: out of range.

    Source:
        Howard et al. (2021), section 3.5, proposition 7.
    """
    _check_number(total, "the sum")
    if not (below > 0 and above > 0 and variance >= 0 and isfinite(variance)):
        raise ValueError(f"reach must be over 0 and the variance 0 or more, got {variance}")
    from scipy.special import betaln  # noqa: PLC0415 - SciPy takes long to import

    weight = normal_mixture_weight(tightest, alpha=alpha) - below * above
    weight = max(weight, _LEAST_WEIGHT * below * above)
    reach = below + above
    misses = (variance - below * total) / (below * reach)
    hits = (variance + above * total) / (above * reach)
    mixed = betaln(weight / (below * reach) + misses, weight / (above * reach) + hits)
    before = betaln(weight / (below * reach), weight / (above * reach))
    scale = variance / (below * above) * log(reach) - hits * log(below) - misses * log(above)
    return float(scale + mixed - before)


def normal_mixture_weight(tightest: float, *, alpha: float) -> float:
    """The weight of a normal mixture that is tightest at this variance.

    Args:
        tightest: over 0. alpha: two-sided, in (0, 1).

    Returns:
        Over 0, in units of the variance.

    Raises:
        ValueError: out of range.

    Source:
        Howard et al. (2021), section 3.5.
    """
    check_share(alpha, "alpha")
    if not (isfinite(tightest) and tightest > 0):
        raise ValueError(f"it is tightest at a number over 0, got {tightest}")
    lasting = -2 * log(alpha)
    return tightest / (lasting + log1p(lasting))


def log_normal_mixture(total: float, variance: float, *, weight: float) -> float:
    """The logarithm of the normal mixture of a centred sum.

    Args:
        total: the centred sum. variance: so far, from 0 up. weight: from `normal_mixture_weight`.

    Returns:
        Any finite number; the sum has strayed too far where it reaches ln(1/alpha).

    Raises:
        ValueError: out of range.

    Source:
        Robbins (1970), Annals of Mathematical Statistics 41:1397-1409; Howard et al. (2021),
        equation 14.
    """
    _check_number(total, "the sum")
    _check_variance(variance, weight)
    return -0.5 * log1p(variance / weight) + total * total / (2 * (variance + weight))


def normal_mixture_bound(variance: float, *, alpha: float, weight: float) -> float:
    """How far a centred sum of this variance may stray at any time, to either side.

    Args:
        variance: so far, from 0 up. alpha: two-sided, in (0, 1).
        weight: from `normal_mixture_weight`.

    Returns:
        Over 0, in units of the sum.

    Raises:
        ValueError: out of range.

    Source:
        Robbins (1970); Howard et al. (2021), equation 14.
    """
    check_share(alpha, "alpha")
    _check_variance(variance, weight)
    return sqrt((variance + weight) * (log1p(variance / weight) - 2 * log(alpha)))


def asymptotic_low(
    estimate: float, standard_error: float, people: int, *, n_max: int, alpha: float
) -> float:
    """A difference's lower bound that holds at every moment; of minus the estimate, the upper.

    Args:
        estimate: of the difference. standard_error: of the estimate now, over 0.
        people: in both arms together, now. n_max: planned, where the bound is tightest.
        alpha: one-sided, in (0, 0.5).

    Returns:
        Less than the estimate.

    Raises:
        NotEnoughData: nobody, or no spread. ValueError: out of range.

    Source:
        Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, arXiv 2103.06476, equation 161.
    """
    ratio = _ratio(estimate, standard_error, people, n_max=n_max, alpha=alpha)
    lasting = log1p(sqrt(ratio + 1) / (2 * alpha))
    return estimate - standard_error * sqrt(2 * (ratio + 1) / ratio * lasting)


def asymptotic_low_p(
    estimate: float, standard_error: float, people: int, *, n_max: int, alpha: float
) -> float:
    """The smallest one-sided alpha at which 0 lies under the lower bound.

    Args:
        estimate, standard_error, people, n_max: as `asymptotic_low`. alpha: where it is tightest.

    Returns:
        A p-value in (0, 1]; under alpha exactly where `asymptotic_low` is over 0.

    Raises:
        NotEnoughData: nobody, or no spread. ValueError: out of range.

    Source:
        Equation 161 of arXiv 2103.06476 solved for alpha, rho held.
    """
    ratio = _ratio(estimate, standard_error, people, n_max=n_max, alpha=alpha)
    lasting = (estimate / standard_error) ** 2 * ratio / (2 * (ratio + 1))
    if estimate <= 0 or lasting == 0:
        return 1.0
    odds = sqrt(ratio + 1) / 2
    return min(1.0, odds / expm1(lasting) if lasting < _LARGEST else odds * exp(-lasting))


def _ratio(
    estimate: float, standard_error: float, people: int, *, n_max: int, alpha: float
) -> float:
    """People times rho², with the two-sided error that belongs to one side's alpha."""
    check_share(2 * alpha, "twice alpha")
    _check_number(estimate, "the estimate")
    if people < 1 or n_max < 1:
        raise NotEnoughData("there is nobody yet, so there is nothing to compare")
    if not isfinite(standard_error) or standard_error < 0:
        raise ValueError(f"the standard error must be a number from 0 up, got {standard_error}")
    if standard_error == 0:
        raise NotEnoughData("all people did the same, so the spread is not known yet")
    return people / normal_mixture_weight(n_max, alpha=2 * alpha)


def _lowest(hits: int, people: int, weight: float, wanted: float) -> float:
    """The largest rate that the two-sided mixture rejects from below; 0 where none is."""
    from scipy.optimize import brentq  # noqa: PLC0415 - SciPy takes long to import
    from scipy.special import betaln  # noqa: PLC0415 - SciPy takes long to import

    def beyond(rate: float) -> float:
        a, b = weight * rate, weight * (1 - rate)
        mixed = betaln(a + hits, b + people - hits) - betaln(a, b)
        return float(mixed - hits * log(rate) - (people - hits) * log1p(-rate)) - wanted

    highest = min(hits / people, 1 - _EDGE)
    if hits == 0 or beyond(_EDGE) <= 0:
        return 0.0
    return float(brentq(beyond, _EDGE, highest, xtol=1e-14))


def _check_number(number: float, name: str) -> None:
    if not isfinite(number):
        raise ValueError(f"{name} must be a number, got {number}")


def _check_variance(variance: float, weight: float) -> None:
    if not (isfinite(variance) and variance >= 0 and isfinite(weight) and weight > 0):
        raise ValueError(f"variance must be 0 or more, weight over 0, got {variance}, {weight}")


BETA_BINOMIAL = Method(
    key="beta-binomial-two-sided",
    name="Two-sided beta-binomial sequence",
    topic=Topic.PEEKING,
    functions=("beta_binomial_sequence", "log_beta_binomial_mixture"),
    decides=False,
    plainly=(
        "It bounds a rate from both sides, at every moment at once.",
        "It stands beside the rule that may be read at any time, and decides nothing.",
        "Both bounds together are wrong no more often than the error that is allowed.",
        "So each of them is a little wider than a bound that is read alone.",
        "It is tightest at the number of people for which it was made.",
    ),
    assumes=("People's clicks do not depend on one another.", "People count in order of release."),
    formula="B(cp+k, c(1−p)+n−k)/B(cp, c(1−p)) / (pᵏ(1−p)ⁿ⁻ᵏ) < 1/α,"
    " c = n*/(L + ln(1 + L)) − 1, L = −2 ln α",
    source="Howard, Ramdas, McAuliffe & Sekhon (2021), Annals of Statistics 49:1055–1080",
)
NORMAL_MIXTURE = Method(
    key="normal-mixture",
    name="Normal mixture bound",
    topic=Topic.PEEKING,
    functions=("normal_mixture_weight", "log_normal_mixture", "normal_mixture_bound"),
    decides=False,
    plainly=(
        "It says how far a sum may stray by luck alone, at every moment at once.",
        "The sequences of bounds for differences are made from it.",
        "One number sets where it is tightest; that number is fixed before the launch.",
        "Far from there it is wider, but it never stops to hold.",
        "It decides nothing by itself.",
    ),
    assumes=("The sum's terms average out to 0.", "Its variance is known."),
    formula="√[(v + ρ)(ln((v + ρ)/ρ) − 2 ln α)], ρ = v*/(L + ln(1 + L)), L = −2 ln α",
    source="Robbins (1970), Annals of Mathematical Statistics 41:1397–1409; Howard et al. (2021),"
    " Annals of Statistics 49:1055–1080",
)
ONE_SIDED = Method(
    key="asymptotic-one-sided",
    name="One-sided asymptotic sequence",
    topic=Topic.PEEKING,
    functions=("asymptotic_low", "asymptotic_low_p"),
    decides=False,
    plainly=(
        "It asks one thing only: whether one version is better than another.",
        "Its bound holds at every moment at once, so it may be read at any time.",
        "A bound to one side is nearer than the same side of an interval with two.",
        "It cannot tell that a version is worse.",
        "It stands beside the rule and decides nothing.",
    ),
    assumes=(
        "People were assigned to versions at random and count once.",
        "Enough people for averages to behave like a bell curve.",
    ),
    formula="Δ − SE·√[2(Nρ²+1)/(Nρ²) · ln(1 + √(Nρ²+1)/(2α))], ρ² from 2α",
    source="Waudby-Smith et al., arXiv 2103.06476, equation 161",
)
METHODS = (BETA_BINOMIAL, NORMAL_MIXTURE, ONE_SIDED)

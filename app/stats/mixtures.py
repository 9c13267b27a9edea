"""Two-sided sequences and mixtures as other libraries have them: to compare with; no calls."""

from collections.abc import Callable
from math import log, log1p, sqrt

from app.stats.checks import check_counts, check_share
from app.stats.methods import Method, Topic


def beta_binomial_sequence(
    hits: int, people: int, *, t_opt: float, alpha: float
) -> tuple[float, float]:
    """A rate's two-sided confidence sequence; descriptive.

    Args:
        hits, people: matured. t_opt: people at which it is tightest. alpha: two-sided.

    Returns:
        0 <= low <= hits/people <= high <= 1.

    Raises:
        NotEnoughData: nobody. ValueError: out of range.

    Source:
        Howard et al. (2021); bernoulli_confidence_interval of gostevehoward/confseq@70b1ef30.
    """
    check_counts(hits, people)
    check_share(alpha, "alpha")
    spread = -2 * log(alpha)
    c = max(t_opt / (spread + log1p(spread)) - 1, 1e-3)  # confseq's floor, for a tiny t_opt
    low = _two_sided_low(hits, people, c, -log(alpha))
    return low, 1 - _two_sided_low(people - hits, people, c, -log(alpha))


def log_mixture_two_sided(
    s: float, v: float, *, v_opt: float, alpha_opt: float, g: float, h: float
) -> float:
    """The log beta-binomial mixture of a sum of variables in -g..h; descriptive.

    Args:
        s: the centred sum. v: its variance so far. v_opt, alpha_opt: where it is tightest.
        g, h: reach below and above, over 0.

    Returns:
        any finite number.

    Raises:
        ValueError: out of range.

    Source:
        Howard et al. (2021), section 3.5; uniform_boundaries of confseq@70b1ef30.
    """
    from scipy.special import betaln  # noqa: PLC0415 - SciPy takes long to import

    if not (g > 0 and h > 0 and v >= 0):
        raise ValueError(f"g and h must be over 0 and v at least 0, got {g}, {h}, {v}")
    r = max(normal_mixture_rho(v_opt, alpha_opt) - g * h, 1e-3 * g * h)
    whole = g + h
    below, above = (v - g * s) / (g * whole), (v + h * s) / (h * whole)
    return float(
        v / (g * h) * log(whole)
        - above * log(g)
        - below * log(h)
        + betaln(r / (g * whole) + below, r / (h * whole) + above)
        - betaln(r / (g * whole), r / (h * whole))
    )


def normal_mixture_rho(v_opt: float, alpha_opt: float) -> float:
    """The normal mixture's weight that is tightest at variance v_opt.

    Args:
        v_opt: over 0. alpha_opt: two-sided, in (0, 1).

    Returns:
        over 0.

    Raises:
        ValueError: out of range.

    Source:
        Howard et al. (2021), section 3.5.
    """
    check_share(alpha_opt, "alpha_opt")
    if not v_opt > 0:
        raise ValueError(f"v_opt must be over 0, got {v_opt}")
    spread = -2 * log(alpha_opt)
    return v_opt / (spread + log1p(spread))


def normal_mixture_bound(v: float, *, alpha: float, rho: float) -> float:
    """How far a centred sum of variance v may stray at any time, two-sided.

    Args:
        v: at least 0. alpha: in (0, 1). rho: from `normal_mixture_rho`.

    Returns:
        over 0.

    Raises:
        ValueError: out of range.

    Source:
        Howard et al. (2021), equation 14.
    """
    check_share(alpha, "alpha")
    if not (v >= 0 and rho > 0):
        raise ValueError(f"v must be at least 0 and rho over 0, got {v} and {rho}")
    return sqrt((v + rho) * (log1p(v / rho) - 2 * log(alpha)))


def _two_sided_low(hits: int, people: int, c: float, needed: float) -> float:
    return _crossing(hits, people, lambda rate: _log_mixture(hits, people, rate, c) - needed)


def _crossing(hits: int, people: int, excess: Callable[[float], float]) -> float:
    from scipy.optimize import brentq  # noqa: PLC0415 - SciPy takes long to import

    least, top = 1e-12, min(hits / people, 1 - 1e-12)
    if hits == 0 or excess(least) <= 0:
        return 0.0
    return float(brentq(excess, least, top, xtol=1e-14))


def _log_mixture(hits: int, people: int, rate: float, c: float) -> float:
    from scipy.special import betaln  # noqa: PLC0415 - SciPy takes long to import

    a, b = c * rate, c * (1 - rate)
    mixed = betaln(a + hits, b + people - hits) - betaln(a, b)
    return float(mixed - hits * log(rate) - (people - hits) * log1p(-rate))


MIXTURES = Method(
    key="mixtures",
    name="Mixture boundaries, two-sided",
    topic=Topic.PEEKING,
    functions=(
        "beta_binomial_sequence",
        "log_mixture_two_sided",
        "normal_mixture_rho",
        "normal_mixture_bound",
    ),
    decides=False,
    plainly=(
        "They are the relatives of the rule for any time, looking both ways at once.",
        "Libraries for such rules publish their numbers, and ours agree with them.",
        "Each averages over many imagined truths, so that none needs to be guessed.",
        "What is wide enough for all of them together is wide enough at every moment.",
        "They describe and make no call.",
    ),
    assumes=("What one person does tells nothing about another.",),
    formula="{p: ln M(k, n; p) < ln(1/α)}, M the beta-binomial mixture;"
    " |S| < √[(V+ρ)(ln((V+ρ)/ρ) + 2 ln(1/α))]",
    source="Howard, Ramdas, McAuliffe & Sekhon (2021), Annals of Statistics 49:1055–1080",
)
METHODS = (MIXTURES,)

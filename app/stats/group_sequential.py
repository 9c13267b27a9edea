"""Two arms looked at on planned days: bounds of z that spend alpha look by look."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import sqrt
from typing import TYPE_CHECKING

from app.stats import special
from app.stats.checks import NotEnoughData, check_share
from app.stats.methods import Method, Topic

if TYPE_CHECKING:
    import numpy as np

_WIDEST = 8.0  # z beyond which nothing is left to spend in double precision
_STEPS_PER_UNIT = 40  # of the grid in z·√information
_TOLERANCE = 1e-9
_HALVINGS = 20  # of [0, 1] in the search for p: to 1e-6


def spent(share: float, *, alpha: float) -> float:
    """How much of alpha may be used by this share of the planned information.

    Args:
        share: in [0, 1]. alpha: of all looks, both sides, in (0, 1).

    Returns:
        In [0, alpha], rising.

    Raises:
        ValueError: out of range.

    Source:
        Lan & DeMets (1983), Biometrika 70:659-663, O'Brien-Fleming-like.

    >>> round(spent(0.5, alpha=0.05), 5)
    0.00305
    """
    check_share(alpha, "alpha")
    if not 0 <= share <= 1:
        raise ValueError(f"a share of information lies in 0..1, got {share}")
    if share == 0:
        return 0.0
    # Each side spends half: twice 2(1 - Φ(z/√t)) at alpha/2.
    return float(4 * special.ndtr(-special.ndtri(1 - alpha / 4) / sqrt(share)))


def bounds(shares: Sequence[float], *, alpha: float) -> tuple[float, ...]:
    """The |z| to exceed at each look.

    Args:
        shares: of the planned information at each look, rising, in (0, 1].
        alpha: of all looks, both sides, in (0, 1).

    Returns:
        One bound a look, at most 8.

    Raises:
        NotEnoughData: no look. ValueError: shares that do not rise, or out of range.

    Source:
        Recursive integration of Armitage, McPherson & Rowe (1969), JRSS A 132:235-244, with the
        spending of Lan & DeMets (1983).

    >>> [round(one, 3) for one in bounds([0.5, 1.0], alpha=0.05)]
    [2.963, 1.969]
    """
    _check(shares)
    found: tuple[float, ...] = ()
    before = 0.0
    for place in range(len(shares)):
        allowed = spent(shares[place], alpha=alpha)
        found += (_bound(tuple(shares[: place + 1]), found, allowed - before),)
        before = crossing(shares[: place + 1], found)
    return found


def bounds_p(shares: Sequence[float], seen: Sequence[float], *, alpha: float) -> float:
    """The alpha from whose bounds on some look so far would have told a difference.

    Args:
        shares: as `bounds`. seen: z at each look. alpha: of the rule, from which it is sought.

    Returns:
        A p-value in (0, 1] that holds over all looks; at most alpha exactly where a bound of it
        was reached.

    Raises:
        NotEnoughData: no look. ValueError: shares that do not rise, or lengths that differ.

    Source:
        `bounds` inverted by halving; Jennison & Turnbull (2000), Group Sequential Methods,
        section 9.4.

    >>> round(bounds_p([0.5, 1.0], [1.2, 2.4], alpha=0.05), 4)
    0.0165
    """
    _check(shares)
    if len(shares) != len(seen):
        raise ValueError("there must be one z for each look")

    def told(at: float) -> bool:
        limits = bounds(shares, alpha=at)
        return any(abs(z) >= limit for z, limit in zip(seen, limits, strict=True))

    return halved(told, 0.0, alpha) if told(alpha) else halved(told, alpha, 1.0)


def halved(
    told: Callable[[float], bool], low: float, high: float, *, times: int = _HALVINGS
) -> float:
    """Where a test begins to tell between two alphas, by halving.

    Args:
        told: whether it does at an alpha. low, high: it does not at the one, and does at the other.
        times: how often.

    Returns:
        An alpha in (low, high].

    Source:
        Bisection, Press et al. (2007), Numerical Recipes, section 9.1.

    >>> round(halved(lambda alpha: alpha > 0.03, 0.0, 1.0), 4)
    0.03
    """
    for _ in range(times):
        middle = (low + high) / 2
        low, high = (low, middle) if told(middle) else (middle, high)
    return high


def crossing(shares: Sequence[float], bounds_held: Sequence[float], *, drift: float = 0.0) -> float:
    """How often |z| exceeds a bound at some look: the error, or with a drift the power.

    Args:
        shares: of the information at each look, rising. bounds_held: |z| at each.
        drift: the expected z at full information.

    Returns:
        A probability in [0, 1].

    Raises:
        NotEnoughData: no look. ValueError: shares that do not rise, or lengths that differ.

    Source:
        Armitage, McPherson & Rowe (1969), JRSS A 132:235-244.

    >>> round(crossing([0.5, 1.0], [1.96, 1.96]), 4)
    0.0831
    """
    _check(shares)
    if len(shares) != len(bounds_held):
        raise ValueError("there must be one bound for each look")
    _, _, out = _density(tuple(shares), tuple(bounds_held), drift)
    return min(1.0, out)


def _bound(shares: tuple[float, ...], held: tuple[float, ...], allowed: float) -> float:
    """The |z| that spends what is allowed at the last of these looks."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    grid, mass, _ = _density(shares[:-1], held, 0.0)
    before = shares[-2] if len(shares) > 1 else 0.0
    spread = sqrt(shares[-1] - before)

    def beyond(bound: float) -> float:
        edge = bound * sqrt(shares[-1])
        out = special.ndtr((grid - edge) / spread) + special.ndtr((-edge - grid) / spread)
        return float(np.sum(mass * out)) - allowed

    if allowed <= _TOLERANCE * _TOLERANCE or beyond(_WIDEST) > 0:
        return _WIDEST
    return float(special.brentq(beyond, 0.0, _WIDEST, xtol=_TOLERANCE))


@lru_cache(maxsize=512)
def _density(
    shares: tuple[float, ...], held: tuple[float, ...], drift: float
) -> "tuple[np.ndarray, np.ndarray, float]":
    """Where those stand who crossed no bound, in z·√information, with weights; and who did."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    grid, mass, out, before = np.zeros(1), np.ones(1), 0.0, 0.0
    for share, bound in zip(shares, held, strict=True):
        spread, edge = sqrt(share - before), bound * sqrt(share)
        center = grid + drift * (share - before)
        left = special.ndtr((center - edge) / spread) + special.ndtr((-edge - center) / spread)
        out += float(np.sum(mass * left))
        points, weights = _simpson(edge, spread)
        steps = (points[:, None] - center[None, :]) / spread
        density = np.exp(-0.5 * steps * steps) @ mass / (spread * sqrt(2 * np.pi))
        grid, mass, before = points, density * weights, share
    return grid, mass, out


def _simpson(edge: float, spread: float) -> "tuple[np.ndarray, np.ndarray]":
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    half = max(20, int(edge / spread * _STEPS_PER_UNIT / 2))
    points = np.linspace(-edge, edge, 4 * half + 1)
    weights = np.full(points.size, 2.0)
    weights[1::2] = 4.0
    weights[[0, -1]] = 1.0
    return points, weights * (points[1] - points[0]) / 3


def _check(shares: Sequence[float]) -> None:
    if not shares:
        raise NotEnoughData("a sequential test needs a look")
    rising = all(later > before for before, later in zip((0.0, *shares), shares, strict=False))
    if not rising or shares[-1] > 1 + _TOLERANCE:
        raise ValueError(f"shares of information must rise within 0..1, got {list(shares)}")


GROUP_SEQUENTIAL = Method(
    key="group-sequential",
    name="Group-sequential test, Lan–DeMets",
    topic=Topic.PEEKING,
    functions=("bounds", "bounds_p", "halved", "crossing", "spent"),
    decides=True,
    plainly=(
        "It compares versions on days that were fixed before the launch.",
        "Each look uses up a part of the error that is allowed in all.",
        "Early looks use little: only a large difference ends it then.",
        "The last look is nearly as sharp as a test with one look only.",
        "If more or fewer people are in than planned, the bounds follow those who are.",
    ),
    assumes=(
        "Looks are held on their dates, whatever the numbers look like.",
        "Enough people for the difference to behave like a bell curve.",
    ),
    formula="P(|Z₁| ≥ b₁ or … or |Zₖ| ≥ bₖ) = α(tₖ);"
    " α(t) = 4[1 − Φ(Φ⁻¹(1 − α/4)/√t)], as O'Brien and Fleming's",
    source="Lan & DeMets (1983), Biometrika 70:659–663; Armitage, McPherson & Rowe (1969),"
    " JRSS A 132:235–244",
)
METHODS = (GROUP_SEQUENTIAL,)

"""Two arms at looks: chances counted exactly, given how many did it, along the paths still open."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from app.stats.checks import NotEnoughData, check_share
from app.stats.group_sequential import halved, spent
from app.stats.methods import Method, Topic
from app.stats.paths import Paths, Step, start, steps_of
from app.stats.ratio import koopman_between
from app.stats.score import Pair, score_low
from app.stats.two_arm import Arm

NAME = "exact conditional looks"
_WIDEST = 8.0  # standard errors of an interval where no count would have been enough
_SURELY = 1 - 1e-9  # alpha at which nearly anything is shown
_HALVINGS = 46  # in the search for p: to 1e-14


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a test at looks.

    needed: for each look the fewest hits that show it; None where no number would. error: how
    likely equal arms are to reach one of them.
    """

    needed: tuple[int | None, ...]
    error: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What a look asks for.

    above: hits of the arm from which it is better. below: hits of the baseline from which the arm
    is worse. None where no number would be enough.
    """

    above: int | None
    below: int | None


def one_side(looks: Sequence[Pair], shares: Sequence[float], *, alpha: float) -> Side:
    """The arm's hits at each look from which it is better, given everybody's hits.

    Args:
        looks: everybody seen until each look, and their hits. shares: of the planned people, each
            in (0, 1]; 1 at the planned last look.
        alpha: of this side over all looks, in (0, 0.5).

    Returns:
        A count for each look, and the error that is spent, at most alpha.

    Raises:
        NotEnoughData: no look. ValueError: out of range, or lengths that differ.

    Source:
        Given everybody's hits the arm's are hypergeometric: Fisher (1935), JRSS 98:39-82; what a
        look may spend: Lan & DeMets (1983), Biometrika 70:659-663.

    >>> one_side([Pair(9, 250, 2, 250), Pair(20, 500, 6, 500)], [0.5, 1.0], alpha=0.025).needed
    (11, 19)
    """
    _check(looks, shares, 2 * alpha)
    return _side(steps_of(tuple(looks)), shares, alpha)


def limits(looks: Sequence[Pair], shares: Sequence[float], *, alpha: float) -> tuple[Limits, ...]:
    """What every look asks for, on both sides.

    Args:
        looks, shares: as `one_side`. alpha: of both sides together, in (0, 1).

    Returns:
        One for each look; a later look never changes an earlier one's.

    Raises:
        NotEnoughData: no look. ValueError: as `one_side`.

    Source:
        As `one_side`, once for the arm and once for its baseline.

    >>> limits([Pair(9, 250, 2, 250), Pair(20, 500, 6, 500)], [0.5, 1.0], alpha=0.05)
    (Limits(above=11, below=11), Limits(above=19, below=19))
    """
    above = one_side(looks, shares, alpha=alpha / 2)
    below = one_side([look.turned() for look in looks], shares, alpha=alpha / 2)
    return tuple(Limits(*pair) for pair in zip(above.needed, below.needed, strict=True))


def looks_p(looks: Sequence[Pair], shares: Sequence[float], *, alpha: float) -> float:
    """The alpha from which some look so far shows a difference, to either side.

    Args:
        looks, shares: as `one_side`. alpha: of the rule, of both sides together. Counts are whole,
            so a larger alpha may end more paths early and ask for more later: the p-value is
            sought from the rule's own, never to contradict its limits.

    Returns:
        A p-value in (0, 1] that holds over all looks; at most alpha exactly where `limits` of it
        were reached.

    Raises:
        NotEnoughData: no look. ValueError: as `one_side`.

    Source:
        `limits` inverted by halving; stagewise p-values of repeated intervals, Jennison & Turnbull
        (2000), Group Sequential Methods, section 9.4.

    >>> round(looks_p([Pair(9, 250, 2, 250), Pair(20, 500, 6, 500)], [0.5, 1.0], alpha=0.05), 4)
    0.0085
    """
    _check(looks, shares, alpha)
    turned = [look.turned() for look in looks]
    found = min(_lowest(side, shares, alpha) for side in (looks, turned))
    return found if found < _SURELY else 1.0


def interval_at(seen: Pair, limit: Limits) -> tuple[float, float]:
    """The interval that belongs to a look: it leaves out 0 exactly where a limit was reached.

    Args:
        seen: everybody until the look. limit: what it asked for.

    Returns:
        (low, high), in [-1, 1]. Those of all looks hold together.

    Source:
        Repeated confidence intervals, Jennison & Turnbull (1984), Controlled Clinical Trials
        5:33-45, of the score statistic.

    >>> [round(one, 4) for one in interval_at(Pair(20, 500, 6, 500), Limits(19, 19))]
    [0.0066, 0.0533]
    """
    turned = seen.turned()
    low = score_low(seen, critical=critical_at(seen, limit.above))
    return low, -score_low(turned, critical=critical_at(turned, limit.below))


def relative_at(seen: Pair, limit: Limits) -> tuple[float, float]:
    """The same interval as a share of the baseline's rate: 0.25 is a quarter more.

    Args:
        seen: everybody until the look; somebody in the baseline did it. limit: what it asked for.

    Returns:
        (low, high), low at least -1; they leave out 0 exactly where those of `interval_at` do.

    Raises:
        NotEnoughData: nobody in the baseline did it, or everybody in both arms.

    Source:
        The score of a ratio, Koopman (1984), Biometrics 40:513-517, at the critical values of
        `interval_at`; at a ratio of 1 both scores are one.

    >>> [round(one, 2) for one in relative_at(Pair(20, 500, 6, 500), Limits(19, 19))]
    [0.27, 7.8]
    """
    everybody = seen.people + seen.base_people
    below, above = (
        critical_at(pair, needed) ** 2 * everybody / (everybody - 1)
        for pair, needed in ((seen, limit.above), (seen.turned(), limit.below))
    )
    arm, base = Arm(seen.people, seen.hits), Arm(seen.base_people, seen.base_hits)
    ratio = koopman_between(arm, base, below=below, above=above)
    return ratio.low - 1, ratio.high - 1


def critical_at(seen: Pair, needed: int | None) -> float:
    """How many standard errors the arm must lie above its baseline to have reached a count.

    Args:
        seen: everybody until the look. needed: hits of the arm; None where no number would do.

    Returns:
        Midway between that count and the one before; 8, or beyond all counts, where there is none.

    Source:
        As `interval_at`.

    >>> round(critical_at(Pair(20, 500, 6, 500), 19), 3)
    2.185
    """
    if not 0 < seen.pooled < 1:
        return _WIDEST
    if needed is None:
        most = min(seen.people, seen.hits + seen.base_hits)
        return max(_WIDEST, _z(seen, most + 1))
    reached = _z(seen, needed)
    return max((reached + _z(seen, needed - 1)) / 2, reached / 2)


def _z(seen: Pair, hits: int) -> float:
    """The score of equal rates if this many of all hits were the arm's, even if they can't be."""
    everybody = seen.people + seen.base_people
    spread = seen.pooled * (1 - seen.pooled) * (1 / seen.people + 1 / seen.base_people)
    apart = hits / seen.people - (seen.hits + seen.base_hits - hits) / seen.base_people
    return apart / sqrt(spread * everybody / (everybody - 1))


def _side(steps: Sequence[Step], shares: Sequence[float], alpha: float) -> Side:
    paths, used, needed = start(), 0.0, []
    for step, share in zip(steps, shares, strict=True):
        paths = step.after(paths)
        allowed = spent(share, alpha=2 * alpha) / 2 - used
        count = _fewest(paths, allowed)
        if count is not None:
            count = max(count, _above_even(step.now))
            open_still = paths.below(count)
            used += float(paths.chances[len(open_still.chances) :].sum())
            paths = open_still
            most = min(step.now.people, step.now.hits + step.now.base_hits)
            count = count if count <= most else None
        needed.append(count)
    return Side(tuple(needed), used)


def _above_even(now: Pair) -> int:
    """The fewest hits with which the arm's rate is above its baseline's.

    Where looks differed much in rate and in shares the test alone might call fewer a rise.
    """
    everybody = now.people + now.base_people
    return (now.hits + now.base_hits) * now.people // everybody + 1


def _fewest(paths: Paths, allowed: float) -> int | None:
    """The fewest hits that are no likelier than what is allowed."""
    tails = paths.chances[::-1].cumsum()[::-1] + paths.missing
    fits = (tails <= allowed).nonzero()[0]
    if len(fits):
        return paths.first + int(fits[0])
    return paths.first + len(tails) if paths.missing <= allowed else None


def _lowest(looks: Sequence[Pair], shares: Sequence[float], alpha: float) -> float:
    """The alpha from which this side is reached, on the rule's side of its own."""
    steps, hits = steps_of(tuple(looks)), [look.hits for look in looks]

    def reached(at: float) -> bool:
        needed = _side(steps, shares, at / 2).needed
        return any(one is not None and seen >= one for one, seen in zip(needed, hits, strict=True))

    if not reached(alpha):
        high = _SURELY
        return halved(reached, alpha, high, times=_HALVINGS) if reached(high) else high
    return halved(reached, 0.0, alpha, times=_HALVINGS)


def _check(looks: Sequence[Pair], shares: Sequence[float], alpha: float) -> None:
    check_share(alpha, "alpha")
    if not looks:
        raise NotEnoughData("no look has been held yet")
    if not min(looks[0].people, looks[0].base_people):
        raise NotEnoughData("an arm has nobody yet, so there is nothing to compare")
    if len(looks) != len(shares):
        raise ValueError("there must be a share of the people for each look")
    if any(not 0 < share <= 1 for share in shares):
        raise ValueError(f"shares must lie in (0, 1], got {list(shares)}")


METHODS: tuple[Method, ...] = (
    Method(
        key="conditional-looks",
        name=NAME,
        topic=Topic.PEEKING,
        functions=("one_side", "limits", "looks_p", "interval_at", "relative_at", "critical_at"),
        decides=True,
        plainly=(
            (
                "It compares two versions at looks fixed beforehand: thirty, if you wanted to look"
                " at any time."
            ),
            (
                "At each look it takes everybody who did it, and asks how many of them chance alone"
                " would give to one version."
            ),
            (
                "The count that is needed is the one that chance reaches no more often than"
                " allowed, at this look and all before it together."
            ),
            (
                "Nothing is rounded off by a curve, so it holds for a small holdout and for rare"
                " events."
            ),
            "Between looks the last one stands; a yes stays, with its interval.",
        ),
        assumes=(
            "Everybody was assigned by lot before the first look, and nobody joins later.",
            "What one person does tells nothing about another.",
        ),
        formula="P(S_1 ≥ c_1 or … or S_j ≥ c_j | hits of both) ≤ 2Φ(−z_{α/4}/√t_j) a side, t ="
        " matured/planned, S hypergeometric, look by look; interval: the score at the critical"
        " value midway between z(c_j − 1) and z(c_j)",
        source="Fisher (1935), JRSS 98:39-82; Lan & DeMets (1983), Biometrika 70:659-663; Jennison"
        " & Turnbull (1984), Controlled Clinical Trials 5:33-45",
    ),
)

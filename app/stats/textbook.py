"""Well known exact tests of two rates, as textbooks have them: for comparison, never for a call."""

from dataclasses import dataclass

from app.stats.checks import NotEnoughData
from app.stats.methods import Method, Topic
from app.stats.score import Pair

_MOST = 200  # people an arm; SciPy's search takes three seconds at 500


@dataclass(frozen=True, slots=True)
class ExactTest:
    """A test's statistic and its p-value in (0, 1]."""

    statistic: float
    p_value: float


def fisher(pair: Pair) -> float:
    """Fisher's exact test, two-sided, as most programs print it. Descriptive.

    Args:
        pair: counts of distinct people.

    Returns:
        The chance, hits in all being given, of a table no likelier than ours; in (0, 1].

    Source:
        Fisher (1935), JRSS 98:39-82; two-sided as in R's fisher.test.
    """
    from scipy.stats import fisher_exact  # noqa: PLC0415 - SciPy takes long to import

    return float(fisher_exact(_table(pair)).pvalue)


def boschloo_above(pair: Pair) -> ExactTest:
    """Boschloo's exact test that an arm lies above its baseline. Descriptive, for small arms.

    Args:
        pair: counts of distinct people, at most 200 an arm.

    Returns:
        Fisher's one-sided p-value as the statistic, and the largest chance of one as small.

    Raises:
        NotEnoughData: an arm of more than 200, where it takes seconds; ours is `exact_difference`.

    Source:
        Boschloo (1970), Statistica Neerlandica 24:1-9.
    """
    _check_small(pair)
    from scipy.stats import boschloo_exact  # noqa: PLC0415 - SciPy takes long to import

    got = boschloo_exact(_table(pair), alternative="greater")
    return ExactTest(float(got.statistic), float(got.pvalue))


def barnard_above(pair: Pair) -> ExactTest:
    """Barnard's exact test (pooled score) that an arm lies above its baseline. Descriptive.

    Args:
        pair: counts of distinct people, at most 200 an arm.

    Returns:
        The pooled score as the statistic, and the largest chance of one as high.

    Raises:
        NotEnoughData: an arm of more than 200, where it takes seconds; ours is `exact_difference`.

    Source:
        Barnard (1947), Biometrika 34:123-138; Suissa & Shuster (1985), JRSS A 148:317-327.
    """
    _check_small(pair)
    from scipy.stats import barnard_exact  # noqa: PLC0415 - SciPy takes long to import

    got = barnard_exact(_table(pair), alternative="greater")
    return ExactTest(float(got.statistic), float(got.pvalue))


def _check_small(pair: Pair) -> None:
    if max(pair.people, pair.base_people) > _MOST:
        raise NotEnoughData(f"for more than {_MOST} people an arm this test takes too long")


def _table(pair: Pair) -> list[list[int]]:
    missed, base_missed = pair.people - pair.hits, pair.base_people - pair.base_hits
    return [[pair.hits, pair.base_hits], [missed, base_missed]]


METHODS: tuple[Method, ...] = (
    Method(
        key="fisher-boschloo-barnard",
        name="Fisher, Boschloo, Barnard",
        topic=Topic.TWO_ARMS,
        functions=("fisher", "boschloo_above", "barnard_above"),
        decides=False,
        plainly=(
            "These are three well known exact tests of whether two groups differ.",
            "Fisher's takes the total number of clicks as given, which makes it cautious.",
            "Boschloo's and Barnard's let the total vary and so see a little more.",
            "They tell how surprising the counts are, but not how large the effect is.",
            "They stand beside our answer for comparison and never make a call.",
        ),
        assumes=("people act independently",),
        formula="Fisher: hypergeometric tail; the others: sup over p of P(tail | p, p)",
        source="Fisher (1935), JRSS 98:39-82; Boschloo (1970), Statistica Neerlandica 24:1-9; "
        "Barnard (1947), Biometrika 34:123-138",
    ),
)

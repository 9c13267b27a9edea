"""Several arms at once: more chances to be lucky, and what that costs."""

from collections.abc import Sequence

from app.stats import special
from app.stats.methods import Method, Topic


def bonferroni(p_values: Sequence[float]) -> tuple[float, ...]:
    """Multiply each p-value by their number.

    Args:
        p_values: one at least, in [0, 1].

    Returns:
        As many, in the same order, 1 at most.

    Raises:
        ValueError: a value outside [0, 1].

    Source:
        Dunn (1961), JASA 56:52-64.

    >>> bonferroni([0.25, 0.5])
    (0.5, 1.0)
    """
    _check(p_values)
    _, adjusted, *_ = special.multipletests(p_values, method="bonferroni")
    return tuple(map(float, adjusted))


def _check(p_values: Sequence[float]) -> None:
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError(f"p-values must lie in 0..1, got {list(p_values)}")


METHODS: tuple[Method, ...] = (
    Method(
        key="several-arms",
        name="Several arms against one baseline",
        topic=Topic.TWO_ARMS,
        functions=("bonferroni",),
        decides=True,
        plainly=(
            "With five arms there are five chances that luck looks like success.",
            "So each arm has to clear a higher bar, the higher the more arms there are.",
            "The intervals are wider for that, and all of them hold at the same time.",
            "The experiment is validated if any arm is, and refuted only if every arm is.",
            "Arms that you leave out before launch make the bar lower for the others.",
        ),
        assumes=("each arm is compared with the baseline only", "one look"),
        formula="each at 1 - alpha/m; p times m",
        source="Dunn (1961), JASA 56:52-64",
        library="statsmodels, multipletests",
    ),
)

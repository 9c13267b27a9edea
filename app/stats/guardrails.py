"""Is something harmful happening? Exact one-sided bounds against a maximum."""

from dataclasses import dataclass
from enum import StrEnum

from app.stats.checks import check_share
from app.stats.methods import Method, Topic
from app.stats.one_arm import clopper_pearson

_ALPHA = 0.05  # of each side, for all looks together


class GuardState(StrEnum):
    """What can be said of a guardrail."""

    BREACHED = "breached"
    SAFE = "safe"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Guard:
    """A harmful rate beside its maximum. Rates 0..1; `rate` is None while nobody is counted."""

    state: GuardState
    rate: float | None
    low: float
    high: float

    @property
    def ok(self) -> bool:
        """Whether an experiment may go on: it is not proven to do harm."""
        return self.state is not GuardState.BREACHED


def guard(hits: int, people: int, *, maximum: float, looks: int = 1) -> Guard:
    """Compare a harmful rate (unsubscribes, bounces, complaints) with its maximum.

    Args:
        hits, people: distinct people, 0 <= hits <= people.
        maximum: the highest bearable rate, in (0, 1). looks: how often it is looked at, >= 1.

    Returns:
        BREACHED if the lower bound (alpha 0.05/looks) is above the maximum, SAFE if the upper
        bound (alpha 0.05) is below it, UNKNOWN otherwise and while nobody is counted.

    Raises:
        ValueError: counts, maximum or looks out of range.

    Source:
        One-sided bounds of Clopper & Pearson (1934), Biometrika 26:404-413; Bonferroni over looks.
    """
    check_share(maximum, "maximum")
    if looks < 1:
        raise ValueError(f"looks must be 1 or more, got {looks}")
    if people == 0 and hits == 0:
        return Guard(GuardState.UNKNOWN, None, 0.0, 1.0)
    low = clopper_pearson(hits, people, confidence=1 - _ALPHA / looks).low
    high = clopper_pearson(hits, people, confidence=1 - _ALPHA).high
    return Guard(_state(low, high, maximum), hits / people, low, high)


def _state(low: float, high: float, maximum: float) -> GuardState:
    if low > maximum:
        return GuardState.BREACHED
    return GuardState.SAFE if high < maximum else GuardState.UNKNOWN


GUARDRAIL = Method(
    key="guardrail",
    name="Exact guardrail",
    topic=Topic.HEALTH,
    functions=("guard",),
    decides=True,
    plainly=(
        "A guardrail watches something that must not get worse, such as unsubscribes.",
        "It is breached once we can say that the true rate is over your limit.",
        "It is safe once we can say that it is under.",
        "In between nobody knows: 0 of 100 people can't prove that it is under 1 %.",
        "A breach takes a validated result back, and keeps the next wave from being sent.",
    ),
    assumes=("What one person does tells nothing about another.",),
    formula="breached: exact lower bound at α/looks > max; safe: exact upper bound at α < max;"
    " α = 0.05",
    source="Clopper & Pearson (1934), Biometrika 26:404–413; Bonferroni over looks",
)
METHODS = (GUARDRAIL,)

"""Is something harmful happening? Non-inferiority to a maximum, which may be read at any time."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import log, log1p

from app.stats.anytime import log_evidence
from app.stats.checks import check_share
from app.stats.methods import Method, Topic

_KEPT = 4_096  # answers: the same counts are read by every page that shows them
_WON = log(20)  # of the design: a false alarm in one harmless arm of twenty, ever


class GuardState(StrEnum):
    """What can be said of a guardrail."""

    BREACHED = "breached"
    SAFE = "safe"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Guard:
    """A harmful rate beside its maximum. `rate`, 0..1, is None while nobody is counted.

    log_e: the logarithm of the evidence that the true rate is over the maximum.
    """

    state: GuardState
    rate: float | None
    log_e: float

    @property
    def ok(self) -> bool:
        """Whether an experiment may go on: it is not proven to do harm."""
        return self.state is not GuardState.BREACHED


@lru_cache(maxsize=_KEPT)
def guard(hits: int, people: int, *, maximum: float, n_max: int) -> Guard:
    """Compare a harmful rate (unsubscribes, bounces, complaints) with its maximum, at any time.

    Args:
        hits, people: distinct people so far, 0 <= hits <= people.
        maximum: the highest bearable rate, in (0, 1). n_max: people planned, 1 or more.

    Returns:
        BREACHED where the evidence for a higher rate reaches 20, SAFE (non-inferior) where that for
        a lower one does, UNKNOWN otherwise and while nobody is counted. However often it is read, a
        rate at the maximum is called a breach in at most one case of twenty.

    Raises:
        ValueError: counts, maximum or n_max out of range.

    Source:
        One-sided beta-binomial mixtures, Howard, Ramdas, McAuliffe & Sekhon (2021), Annals of
        Statistics 49:1055-1080; the least weight of half a hit is ours, for few people.

    >>> guard(30, 500, maximum=0.02, n_max=1000).state.value
    'breached'
    """
    check_share(maximum, "maximum")
    if n_max < 1:
        raise ValueError(f"n_max must be 1 or more, got {n_max}")
    if people == 0 and hits == 0:
        return Guard(GuardState.UNKNOWN, None, 0.0)
    weight = _weight(maximum, n_max)
    over = log_evidence(hits, people, maximum, weight=weight)
    under = log_evidence(people - hits, people, 1 - maximum, weight=weight)
    return Guard(_state(over, under), hits / people, over)


def _weight(maximum: float, n_max: int) -> float:
    """People that the mixture weighs: best at the planned number, and half a hit at least."""
    lasting = 2 * _WON
    return max(n_max / (lasting + log1p(lasting)) - 1, 0.5 / maximum)


def _state(over: float, under: float) -> GuardState:
    if over >= _WON:
        return GuardState.BREACHED
    return GuardState.SAFE if under >= _WON else GuardState.UNKNOWN


GUARDRAIL = Method(
    key="guardrail",
    name="Guardrail for any time",
    topic=Topic.HEALTH,
    functions=("guard",),
    decides=True,
    plainly=(
        "A guardrail watches something that must not get worse, such as unsubscribes.",
        "It is breached once we can say that the true rate is over your limit, whenever we look.",
        "It is safe once we can say that it is under.",
        "In between nobody knows: 0 of 100 people can't prove that it is under 1 %.",
        "A breach takes a validated result back, and keeps the next wave from being sent.",
    ),
    assumes=("What one person does tells nothing about another.",),
    formula="breached: e ≥ 20, e the one-sided beta-binomial mixture against p ≤ max with c ="
    " max(n/(L + ln(1 + L)) − 1, 0.5/max), L = 2 ln 20; safe: the same from the other side",
    source="Howard, Ramdas, McAuliffe & Sekhon (2021), Annals of Statistics 49:1055–1080",
)
METHODS = (GUARDRAIL,)

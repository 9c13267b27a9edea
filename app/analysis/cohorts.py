"""How soon people do it, by days since their own mail. Description, not the call."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.analysis.readout_types import ArmCounts, Readout
from app.experiments.vocabulary import HOLDOUT
from app.stats.rate_intervals import clopper_pearson


@dataclass(frozen=True, slots=True)
class Day:
    """People who first did it so many days after their mail, and the share who had by then.

    The share is of everybody who was mailed: whoever's days are still to come has not.
    """

    day: int
    people: int
    so_far: int
    share: float
    low: float
    high: float


def mailed(readout: Readout) -> tuple[ArmCounts, ...]:
    """Everybody but the holdout, which stands beside them where versions are compared."""
    return tuple(arm for arm in readout.arms if arm.key != HOLDOUT)


def curve(readout: Readout) -> tuple[Day, ...]:
    """Every day from the mail to the last on which somebody did it; nothing where nobody did."""
    released = sum(arm.released for arm in mailed(readout))
    everybody = sum(people for _, people in readout.days)
    if not everybody or everybody > sum(arm.did for arm in mailed(readout)):
        return ()  # nobody yet; or frozen when days held the holdout's people, too
    return tuple(_days(dict(readout.days), released, readout.rule.confidence))


def _days(people_on: dict[int, int], released: int, confidence: float) -> Iterator[Day]:
    so_far = 0
    for day in range(max(people_on) + 1):
        so_far += people_on.get(day, 0)
        interval = clopper_pearson(so_far, released, confidence=confidence)
        yield Day(
            day, people_on.get(day, 0), so_far, so_far / released, interval.low, interval.high
        )

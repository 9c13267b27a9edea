"""Whether an effect fades over the days since people got what was tested, in a sentence."""

from collections.abc import Iterator, Mapping
from math import sqrt

from app.analysis.counts import ArmTotals
from app.analysis.shapes import Rule
from app.platform import figures
from app.stats.checks import NotEnoughData
from app.stats.fading import Trend, effect_trend

_SURE = 0.05  # of a trend that is worth a sentence; description, so no rule's own level
_LEAST_HITS = 5  # on a day, in both versions together, for its effect to behave like a number


def sentence(
    days: Mapping[str, Mapping[int, int]], totals: Mapping[str, ArmTotals], rule: Rule
) -> str:
    """Of the first version against the baseline; nothing where there is too little to tell."""
    base = totals.get(rule.baseline)
    keys = [key for key in totals if key not in {rule.baseline, "holdout"}]
    if rule.counts.is_value or not keys or base is None or not base.released:
        return ""
    arm = totals[keys[0]]
    if not arm.released:
        return ""
    found = tuple(_days(days, arm, base))
    try:
        trend = effect_trend([effect for effect, _ in found], [error for _, error in found])
    except NotEnoughData:
        return ""
    return _told(arm.key, trend, first=found[0][0], days=len(found))


def _days(
    days: Mapping[str, Mapping[int, int]], arm: ArmTotals, base: ArmTotals
) -> Iterator[tuple[float, float]]:
    """Each day's lead and its standard error, as long as days have enough to say."""
    for day in range(1 + max((*days.get(arm.key, {}), *days.get(base.key, {})), default=0)):
        hits = [days.get(one.key, {}).get(day, 0) for one in (arm, base)]
        mine, theirs = hits[0] / arm.released, hits[1] / base.released
        error = sqrt(mine * (1 - mine) / arm.released + theirs * (1 - theirs) / base.released)
        if sum(hits) < _LEAST_HITS or error == 0:  # all or nobody: such a day knows no luck
            return
        yield mine - theirs, error


def _told(key: str, trend: Trend, *, first: float, days: int) -> str:
    if trend.p_value >= _SURE or first == 0:
        return f"Over {days} days the lead of “{key}” shows no trend beyond luck."
    change = f"{figures.set_points(round(abs(trend.slope), 3))} a day"
    if (trend.slope < 0) == (first > 0):
        return (
            f"Most of the lead of “{key}” comes at once: it falls by {change}. That may be"
            " novelty; a later wave would tell."
        )
    return f"The lead of “{key}” grows by {change}: people may need time to learn it."

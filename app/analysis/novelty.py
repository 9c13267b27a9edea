"""Whether an effect fades over the days since people got what was tested, in a sentence."""

from collections.abc import Mapping
from math import sqrt

from app.analysis.counts import ArmTotals
from app.analysis.shapes import Rule
from app.stats.checks import NotEnoughData
from app.stats.fading import effect_trend

_SURE = 0.05  # of a trend that is worth a sentence; description, so no rule's own level
_LEAST_HITS = 5  # on a day, in both versions together, for its effect to behave like a number


def sentence(
    days: Mapping[str, Mapping[int, int]], totals: Mapping[str, ArmTotals], rule: Rule
) -> str:
    """Of the first version against the baseline; nothing where there is too little to tell."""
    base = totals.get(rule.baseline)
    keys = [key for key in totals if key not in {rule.baseline, "holdout"}]
    if rule.metric != "click_rate" or not keys or base is None or not base.released:
        return ""
    arm = totals[keys[0]]
    if not arm.released:
        return ""
    effects, errors = [], []
    for day in range(1 + max((*days.get(arm.key, {}), *days.get(base.key, {})), default=0)):
        hits = [days.get(one.key, {}).get(day, 0) for one in (arm, base)]
        if sum(hits) < _LEAST_HITS:
            break
        rates = [count / one.released for count, one in zip(hits, (arm, base), strict=True)]
        effects.append(rates[0] - rates[1])
        errors.append(
            sqrt(
                sum(
                    rate * (1 - rate) / one.released
                    for rate, one in zip(rates, (arm, base), strict=True)
                )
            )
        )
    try:
        trend = effect_trend(effects, errors)
    except NotEnoughData:
        return ""
    if trend.p_value >= _SURE or effects[0] == 0:
        return f"Over {len(effects)} days the lead of “{arm.key}” shows no trend beyond luck."
    fades = (trend.slope < 0) == (effects[0] > 0)
    change = f"{abs(100 * trend.slope):.1f} points a day"
    if fades:
        return (
            f"Most of the lead of “{arm.key}” comes at once: it falls by {change}. That may be"
            " novelty; a later wave would tell."
        )
    return f"The lead of “{arm.key}” grows by {change}: people may need time to learn it."

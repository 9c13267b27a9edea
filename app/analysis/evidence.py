"""How an experiment stands to the key results that it is meant to move.

One arm alone cannot say how much would have happened anyway, so nothing is projected from it. The
author's own arithmetic stands beside it, labelled as an assumption.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum
from typing import Any

from app.analysis.sentences import share, short
from app.analysis.shapes import Comparison, Estimate, Evidence, Movement, Readout

_NO_CONTROL = (
    "Not projected: without a group that gets nothing, nobody knows how many of them would"
    " have done it anyway."
)


_UNITS = (
    "Not projected: say how many people would be reached (`reach`) and the share of those who do it"
    " that moves the key result (`carry`)."
)


@dataclass(frozen=True, slots=True)
class Increment:
    """What came on top because of the experiment, summed over the people who got it."""

    amount: float
    low: float
    high: float
    people: int  # released in the arms that were compared


def increment_of(readout: Readout) -> Increment | None:
    """Difference × people released, over every arm beside the baseline; None without one.

    Significant or not, up or down. Ends of several arms are added, which is wide enough for all.
    """
    released = {arm.key: arm.released for arm in readout.arms}
    found = [
        (one.difference, one.low, one.high, released.get(one.arm, 0)) for one in readout.comparisons
    ]
    known = [
        (difference, low, high, people)
        for difference, low, high, people in found
        if difference is not None and low is not None and high is not None and people
    ]
    if not known or len(known) < len(found):
        return None
    return Increment(
        amount=fsum(difference * people for difference, _, _, people in known),
        low=fsum(low * people for _, low, _, people in known),
        high=fsum(high * people for _, _, high, people in known),
        people=sum(people for *_, people in known),
    )


def of(
    design: Mapping[str, Any],
    estimates: tuple[Estimate, ...],
    comparisons: tuple[Comparison, ...] = (),
    realised: Mapping[str, Movement] | None = None,
) -> tuple[Evidence, ...]:
    """One row per linked key result. `realised` is how each has moved since."""
    links: list[Mapping[str, Any]] = design.get("key_results") or []
    moved = realised or {}
    return tuple(
        _row(link, estimates, _best(comparisons), moved.get(link["key_result_id"]))
        for link in links
    )


def _row(
    link: Mapping[str, Any],
    estimates: tuple[Estimate, ...],
    best: Comparison | None,
    realised: Movement | None,
) -> Evidence:
    projected = _projected(link, best) if best else None
    return Evidence(
        key_result_id=link["key_result_id"],
        mode=link.get("mode", "evidence"),
        projected=projected,
        realised=realised,
        reason=None if projected else _UNITS if best else _NO_CONTROL,
        assumption=_told(link, best, projected)
        if best and projected
        else _assumption(link, estimates[0])
        if len(estimates) == 1
        else None,
    )


def _best(comparisons: tuple[Comparison, ...]) -> Comparison | None:
    """The version that would be built: the one whose interval begins highest."""
    known = [row for row in comparisons if row.low is not None]
    return max(known, key=lambda row: row.low or 0.0, default=None)


def _projected(link: Mapping[str, Any], best: Comparison) -> Movement | None:
    factor = _factor(link)
    if factor is None or best.difference is None or best.low is None or best.high is None:
        return None
    low, high = sorted((best.low * factor, best.high * factor))  # a number may be meant to fall
    return Movement(best.difference * factor, low, high)


def _told(link: Mapping[str, Any], best: Comparison, projected: Movement) -> str:
    """`12,000 people × +2.1 points × 25 % carried = +63 (12 to 114), if built. Assumed: …`."""
    week = " a week" if link.get("reach_per") == "week" else ""
    each = "" if link["per_hit"] == 1 else f" × {link['per_hit']:,.10g} each"
    return (
        f"{link['reach']:,.0f} people × {best.difference or 0:+.4g} × {short(link['carry'])}"
        f" carried{each} = {projected.movement:+,.0f}{week} ({projected.low:,.0f} to"
        f" {projected.high:,.0f}), if built. Assumed: {link['reach']:,.0f} people,"
        f" {short(link['carry'])} carried{each}."
    )


def _factor(link: Mapping[str, Any]) -> float | None:
    reach, carry, per_hit = link.get("reach"), link.get("carry"), link.get("per_hit")
    if reach is None or carry is None or per_hit is None:
        return None
    return float(reach * carry * per_hit)


def _assumption(link: Mapping[str, Any], seen: Estimate) -> str | None:
    """`12,000 × 12.0 % × 25 % carried = +360 (294 to 432), if …`: what the author assumes."""
    reach, carry, per_hit = link.get("reach"), link.get("carry"), link.get("per_hit")
    if reach is None or carry is None or per_hit is None or seen.rate is None:
        return None
    factor = reach * carry * per_hit
    each = "" if per_hit == 1 else f" × {per_hit:,.10g} each"
    week = " a week" if link.get("reach_per") == "week" else ""
    result = f"{factor * seen.rate:+,.0f}{week}"
    return (
        f"{reach:,.0f} people × {share(seen.rate)} × {short(carry)} carried{each}"
        f" = {result} ({factor * seen.low:,.0f} to {factor * seen.high:,.0f}),"
        f" if built, and if all of it is caused by the slice. Assumed, not measured:"
        f" {reach:,.0f} people, {short(carry)} carried{each}."
    )

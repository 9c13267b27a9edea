"""How an experiment stands to the key results that it is meant to move.

One arm alone cannot say how much would have happened anyway, so nothing is projected from it. The
author's own arithmetic stands beside it, labelled as an assumption. With a group to compare with,
what came on top is projected by the same assumptions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, Protocol, cast

from app.analysis.sentences import share, short
from app.analysis.shapes import Estimate, Evidence, Movement, Readout

_NO_CONTROL = (
    "Not projected: without a group that gets nothing, nobody knows how many of them would"
    " have done it anyway."
)
_NO_ASSUMPTION = "Not projected: nobody has said how many people it would reach once built."


class Compared(Protocol):
    """What is used of a readout's comparison: an arm beside its baseline, per person."""

    @property
    def arm(self) -> str:
        """The arm that got something."""
        ...

    @property
    def difference(self) -> float | None:
        """Per person, in shares or in the unit of the value."""
        ...

    @property
    def low(self) -> float | None:
        """The lower end of its interval."""
        ...

    @property
    def high(self) -> float | None:
        """The upper end of its interval."""
        ...


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
        (one.difference, one.low, one.high, released.get(one.arm, 0))
        for one in cast("Sequence[Compared]", readout.comparisons)
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
    comparisons: Sequence[Compared] = (),
    realised: Mapping[str, Movement] | None = None,
) -> tuple[Evidence, ...]:
    """One row per linked key result. `realised` is how each has moved since."""
    links: list[Mapping[str, Any]] = design.get("key_results") or []
    return tuple(
        Evidence(
            key_result_id=link["key_result_id"],
            mode=link.get("mode", "evidence"),
            projected=_projected(link, comparisons),
            realised=(realised or {}).get(link["key_result_id"]),
            reason=_why_not(link, comparisons),
            assumption=_assumption(link, estimates[0]) if len(estimates) == 1 else None,
        )
        for link in links
    )


def _projected(link: Mapping[str, Any], comparisons: Sequence[Compared]) -> Movement | None:
    """What the one arm that was compared would move, by what the author assumes."""
    factor = _factor(link)
    if factor is None or len(comparisons) != 1:
        return None
    (one,) = comparisons
    if one.difference is None or one.low is None or one.high is None:
        return None
    low, high = sorted((factor * one.low, factor * one.high))
    return Movement(movement=factor * one.difference, low=low, high=high)


def _why_not(link: Mapping[str, Any], comparisons: Sequence[Compared]) -> str | None:
    if not comparisons:
        return _NO_CONTROL
    return None if _projected(link, comparisons) else _NO_ASSUMPTION


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
    each = "" if per_hit == 1 else f" × {per_hit:,g} each"
    week = " a week" if link.get("reach_per") == "week" else ""
    result = f"{factor * seen.rate:+,.0f}{week}"
    return (
        f"{reach:,.0f} people × {share(seen.rate)} × {short(carry)} carried{each}"
        f" = {result} ({factor * seen.low:,.0f} to {factor * seen.high:,.0f}),"
        f" if built, and if all of it is caused by the slice. Assumed, not measured:"
        f" {reach:,.0f} people, {short(carry)} carried{each}."
    )

"""How an experiment stands to the key results that it is meant to move.

One arm alone cannot say how much would have happened anyway, so nothing is projected from it. The
author's own arithmetic stands beside it, labelled as an assumption.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import fsum
from typing import Any

from app.analysis.readout_types import Comparison, Estimate, Evidence, Movement, Readout
from app.platform import figures

_NO_CONTROL = (
    "Not projected: without a group that gets nothing, nobody knows how many of them would"
    " have done it anyway."
)
_NOT_YET = "Not projected yet: too few windows have closed to compare with the baseline."
_UNITS = (
    "Not projected: nobody said before the launch how many people would be reached, and which share"
    " of those who do it moves the key result."
)
_A_SHARE = (
    "Not projected: the key result is in percent, and people cannot be added to a share. The result"
    " stands beside it as evidence."
)
_MEASURED = (
    "Not projected: this experiment measures the key result itself. What it finds is put as its"
    " value once every window has closed, if its cycle is still open."
)
PERCENT = "percent"


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
        (comparison.difference, comparison.low, comparison.high, released.get(comparison.arm, 0))
        for comparison in readout.comparisons
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


def evidence_of(
    design: Mapping[str, Any],
    estimates: tuple[Estimate, ...],
    comparisons: tuple[Comparison, ...] = (),
    realised: Mapping[str, Movement] | None = None,
    *,
    units: Mapping[str, str] | None = None,
) -> tuple[Evidence, ...]:
    """One row per linked key result. `realised` is how each has moved since; `units`, in what."""
    links: list[Mapping[str, Any]] = design.get("key_results") or []
    moved, known = realised or {}, units or {}
    is_compared = bool(comparisons or (design.get("rule") or {}).get("baseline"))
    rows = []
    for link in links:
        key = link["key_result_id"]
        reason = _unprojectable(link, known.get(key, ""), comparisons, is_compared=is_compared)
        rows.append(_row(link, estimates, _best(comparisons), moved.get(key), reason=reason))
    return tuple(rows)


def _unprojectable(
    link: Mapping[str, Any],
    unit: str,
    comparisons: tuple[Comparison, ...],
    *,
    is_compared: bool,
) -> str | None:
    """Why nothing can be said of the key result's movement, if so."""
    if unit == PERCENT and link.get("mode") == "direct":
        return _MEASURED
    if not is_compared:
        return _A_SHARE if unit == PERCENT else _NO_CONTROL
    if unit == PERCENT:
        return _A_SHARE
    if _best(comparisons) is None:
        return _NOT_YET
    return _UNITS if _factor(link) is None else None


def _row(
    link: Mapping[str, Any],
    estimates: tuple[Estimate, ...],
    best: Comparison | None,
    realised: Movement | None,
    *,
    reason: str | None,
) -> Evidence:
    projected = _projected(link, best) if best and reason is None else None
    said = None
    if best and projected:
        said = _told(link, best, projected)
    elif reason == _NO_CONTROL and len(estimates) == 1:
        said = _assumption(link, estimates[0])
    return Evidence(
        key_result_id=link["key_result_id"],
        mode=link.get("mode", "evidence"),
        projected=projected,
        realised=realised,
        reason=reason,
        assumption=said,
        linked_at=datetime.fromisoformat(link["linked_at"]) if link.get("linked_at") else None,
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
    return (
        f"{figures.people(link['reach'])} × {_difference(best)} × {_carried(link)} ="
        f" {_moved(link, projected)}, if built. Assumed: {_assumed(link)}."
    )


def _difference(best: Comparison) -> str:
    difference = best.difference or 0.0
    is_value = best.chance_to_beat is None
    return f"{figures.signed_value(difference)} each" if is_value else figures.points(difference)


def _moved(link: Mapping[str, Any], moved: Movement) -> str:
    """`+63 a week (12 to 114)`."""
    week = " a week" if link.get("reach_per") == "week" else ""
    ends = f"{figures.whole(moved.low)} to {figures.whole(moved.high)}"
    return f"{figures.signed_whole(moved.movement)}{week} ({ends})"


def _carried(link: Mapping[str, Any]) -> str:
    each = "" if link["per_hit"] == 1 else f" × {figures.count(link['per_hit'])} each"
    return f"{figures.limit(link['carry'])} carried{each}"


def _assumed(link: Mapping[str, Any]) -> str:
    return f"{figures.people(link['reach'])}, {_carried(link)}"


def _factor(link: Mapping[str, Any]) -> float | None:
    reach, carry, per_hit = link.get("reach"), link.get("carry"), link.get("per_hit")
    if reach is None or carry is None or per_hit is None:
        return None
    return float(reach * carry * per_hit)


def _assumption(link: Mapping[str, Any], seen: Estimate) -> str | None:
    """`12,000 people × 12.0 % × 25 % carried = +360 (294 to 432), if …`: the author's own."""
    factor = _factor(link)
    if factor is None or seen.rate is None:
        return None
    low, high = sorted((factor * seen.low, factor * seen.high))
    moved = Movement(factor * seen.rate, low, high)
    return (
        f"{figures.people(link['reach'])} × {figures.share(seen.rate)} × {_carried(link)} ="
        f" {_moved(link, moved)}, if built, and if all of it is caused by the slice. Assumed, not"
        f" measured: {_assumed(link)}."
    )

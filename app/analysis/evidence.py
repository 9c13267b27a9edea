"""How an experiment stands to the key results that it is meant to move.

One arm alone cannot say how much would have happened anyway, so nothing is projected from it. The
author's own arithmetic stands beside it, labelled as an assumption.
"""

from collections.abc import Mapping
from typing import Any

from app.analysis.sentences import share, short
from app.analysis.shapes import Estimate, Evidence

_NO_CONTROL = (
    "Not projected: without a group that gets nothing, nobody knows how many of them would"
    " have done it anyway."
)


def of(design: Mapping[str, Any], estimates: tuple[Estimate, ...]) -> tuple[Evidence, ...]:
    """One row per linked key result."""
    links: list[Mapping[str, Any]] = design.get("key_results") or []
    return tuple(
        Evidence(
            key_result_id=link["key_result_id"],
            mode=link.get("mode", "evidence"),
            projected=None,
            realised=None,
            reason=_NO_CONTROL,
            assumption=_assumption(link, estimates[0]) if len(estimates) == 1 else None,
        )
        for link in links
    )


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

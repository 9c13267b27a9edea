"""Where the next cycle begins and how far it goes: as far again, as far as that can be. Pure.

The same step again, where it stays within what the number can be. Where it would not (50 → 90 %,
now at 85, would be 125 %), the same share of the way that was left: a failure rate that was to fall
from 50 to 10 is to fall to a fifth again, so 85 → 97 %.
"""

from dataclasses import dataclass
from decimal import Decimal

from app.okr.models import KeyResult

_MORE_DIGITS = 4  # that a proposal may have beyond those that were typed
_MOST_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Goal:
    """What is proposed; a person changes it."""

    start: float
    target: float
    stretch: float | None


def proposed(row: KeyResult, current: float) -> Goal | None:
    """From where it stands, as far again; None where there is no way left, or never was one."""
    if row.kind in {"maintain", "milestone"}:
        return None
    known = [one for one in (row.start, row.target, current) if one is not None]
    bound = _bound(row, known)
    target = _next(row.start, row.target, current, bound)
    if target is None:
        return None
    stretch = None if row.stretch is None else _next(row.start, row.stretch, current, bound)
    if stretch is not None and (stretch - target) * (target - current) <= 0:
        stretch = None  # there is nothing beyond the target any more
    return Goal(current, target, stretch)


def _bound(row: KeyResult, known: list[float]) -> float | None:
    """Where the number ends: a count that never was below 0, a percentage that never left 100."""
    if min(known) < 0:
        return None
    if row.kind == "decrease":
        return 0.0
    return 100.0 if row.unit == "percent" and max(known) <= 100 else None


def _next(start: float, goal: float, current: float, bound: float | None) -> float | None:
    before, asked, now = (Decimal(repr(float(one))) for one in (start, goal, current))
    again = now + (asked - before)
    if bound is None or (Decimal(bound) - again) * (asked - before) > 0:
        return float(again)
    end = Decimal(bound)
    if now == end:
        return None
    left = (end - asked) / (end - before) if end != before else Decimal(0)
    return _rounded(end - (end - now) * max(left, Decimal(0)), now, (before, asked, now))


def _rounded(value: Decimal, now: Decimal, typed: tuple[Decimal, ...]) -> float:
    """With a digit more than people typed, or as many more as keep it on its side of the start."""
    digits = max(0, *(-int(one.normalize().as_tuple().exponent) for one in typed))
    for more in range(1, _MORE_DIGITS):
        near = round(value, min(digits, _MOST_DIGITS) + more)
        if (near - now) * (value - now) > 0:
            return float(near)
    return float(value)

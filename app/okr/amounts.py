"""How values and changes of a key result are said: a change of a percentage is in points."""

from collections.abc import Sequence
from math import floor, log10

from app.platform import figures

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}
_DIGITS = 6  # beyond these nothing is known


def amount(value: float, unit: str) -> str:
    """A value in its unit: `12 %`, `€ 31,200`, `1,515`."""
    if unit == "percent":
        return f"{figures.exact(value)} %"
    if unit in {"", "number"}:
        return figures.exact(value)
    return f"{SIGNS.get(unit, unit)} {figures.exact(value)}"


def change(value: float, unit: str) -> str:
    """A difference, always with its sign: `+1.5 points`, `−€ 200`, `+109`."""
    said = how_much(value, unit)
    if figures.exact(abs(value)) == "0":
        return f"±{said}"
    return f"{'+' if value > 0 else '−'}{said}"


def how_much(value: float, unit: str) -> str:
    """How large a difference is, without a sign: `70`, `2 points`, `€ 200`."""
    if unit != "percent":
        return amount(abs(value), unit)
    written = figures.exact(abs(value))
    return f"{written} {'point' if written == '1' else 'points'}"


def in_percent(percent: float) -> str:
    """A change as a share of what was: 5 is `+5 %`."""
    return f"{change(percent, 'number')} %"


def rounded(values: Sequence[float], *, width: float) -> tuple[float, ...]:
    """Values with the digits that a range of this width can tell; none is rounded away to 0.

    A range of 168 is told in ones, one of 1,680 in tens.
    """
    if width <= 0:
        return tuple(values)
    digits = 1 - floor(log10(width / 2))
    while any(value and not round(value, digits) for value in values) and digits < _DIGITS:
        digits += 1
    return tuple(round(value, digits) + 0.0 for value in values)

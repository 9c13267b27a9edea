"""How values and changes of a key result are said: a change of a percentage is in points."""

from collections.abc import Sequence
from math import floor, log10

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}
_DIGITS = 6  # beyond these nothing is known


def number(value: float) -> str:
    """1240 is `1,240`; decimals only where there are any; a true minus."""
    text = f"{value:,.{_DIGITS}f}"
    plain = text.rstrip("0").rstrip(".")
    return ("0" if plain in {"-0", ""} else plain).replace("-", "−")


def amount(value: float, unit: str) -> str:
    """A value in its unit: `12 %`, `€ 31,200`, `1,515`."""
    if unit == "percent":
        return f"{number(value)} %"
    if unit in {"", "number"}:
        return number(value)
    return f"{SIGNS.get(unit, unit)} {number(value)}"


def change(value: float, unit: str) -> str:
    """A difference, always with its sign: `+1.5 points`, `−€ 200`, `+109`."""
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    size = abs(value)
    if unit == "percent":
        return f"{sign}{number(size)} {'point' if size == 1 else 'points'}"
    return sign + amount(size, unit)


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

"""How values and changes of a key result are said: a change of a percentage is in points.

In English as everywhere on our pages; in a language that its reader asks for, as that writes it.
"""

from collections.abc import Sequence
from math import floor, log10

from app.languages import written
from app.languages.words import IN_ENGLISH, Words
from app.platform import figures

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}
_DIGITS = 6  # beyond these nothing is known


def amount(value: float, unit: str, words: Words = IN_ENGLISH) -> str:
    """A value in its unit: `12 %`, `€ 31,200`, `1,515`; in German `31.200 €`."""
    if not words.is_english:
        return _written(value, unit, words)
    if unit == "percent":
        return f"{figures.exact(value)} %"
    if unit in {"", "number"}:
        return figures.exact(value)
    return f"{SIGNS.get(unit, unit)} {figures.exact(value)}"


def change(value: float, unit: str, words: Words = IN_ENGLISH) -> str:
    """A difference, always with its sign: `+1.5 points`, `−€ 200`, `+109`."""
    return f"{_sign(value)}{how_much(value, unit, words)}"


def how_much(value: float, unit: str, words: Words = IN_ENGLISH) -> str:
    """How large a difference is, without a sign: `70`, `2 points`, `€ 200`."""
    if unit != "percent":
        return amount(abs(value), unit, words)
    number = amount(abs(value), "number", words)
    if figures.exact(abs(value)) == "1":
        return words.say("{number} point", number=number)
    return words.say("{number} points", number=number)


def in_percent(percent: float, words: Words = IN_ENGLISH) -> str:
    """A change as a share of what was: 5 is `+5 %`."""
    return f"{_sign(percent)}{amount(abs(percent), 'percent', words)}"


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


def _sign(value: float) -> str:
    if figures.exact(abs(value)) == "0":
        return "±"
    return "+" if value > 0 else "−"


def _written(value: float, unit: str, words: Words) -> str:
    value = round(value, _DIGITS) + 0.0  # no minus before a zero
    if unit == "percent":
        return written.exact_percent(value, words.spoken)
    if unit in {"", "number"}:
        return written.exact(value, words.spoken)
    return written.exact_money(value, words.spoken, unit)

"""Days and numbers of one column: what can be read two ways is told by its neighbours, or asked.

`3/4/2026` is a day of March or of April, `1,234` a thousand or one and a bit. A neighbour that can
be read one way only (`25/3/2026`, `74,5`) tells of the whole column; where none does, or two
disagree, nothing is guessed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.platform import written_days, written_numbers
from app.platform.written_days import Order
from app.platform.written_numbers import Decimals

WRITTEN_ORDERS = (Order.DAY_FIRST, Order.MONTH_FIRST)


class TwoWays(ValueError):
    """This cell can be read in two ways, and nothing says which."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number, and the unit that stood beside it: `%`, `€`, `EUR`, or nothing."""

    value: Decimal
    unit: str


def order_told(cells: Iterable[str]) -> Order | None:
    """Which of day and month these cells write first, if they tell it and agree."""
    told = set()
    for cell in cells:
        fitting = written_days.fitting(cell)
        if len(fitting) == 1:
            told.add(fitting[0])
    return told.pop() if len(told) == 1 else None


def decimals_told(cells: Iterable[str]) -> Decimals | None:
    """Which decimal sign these cells use, if they tell it and agree."""
    told = set()
    for cell in cells:
        point, comma, _unit = written_numbers.every(cell)
        if (point is None) is not (comma is None):
            told.add(Decimals.POINT if comma is None else Decimals.COMMA)
    return told.pop() if len(told) == 1 else None


def day(text: str, order: Order | None) -> date | None:
    """The day that a cell is; None where it is none. Raises TwoWays."""
    found = {
        one: plain
        for one in written_days.fitting(text)
        if (plain := _plain(written_days.read(text, one))) is not None
    }
    if len(set(found.values())) <= 1:
        return next(iter(found.values()), None)
    if order not in found:
        raise TwoWays(text)
    return found[order]


def number(text: str, decimals: Decimals | None) -> Number | None:
    """The number that a cell is; None where it is none. Raises TwoWays."""
    point, comma, unit = written_numbers.every(text)
    found = {Decimals.POINT: point, Decimals.COMMA: comma}
    known = {one for one in found.values() if one is not None}
    if len(known) > 1 and decimals is None:
        raise TwoWays(text)
    value = found[decimals] if len(known) > 1 and decimals else next(iter(known), None)
    return None if value is None else Number(value, unit)


def _plain(found: date | datetime | None) -> date | None:
    return found.date() if isinstance(found, datetime) else found

"""Sums as people do them on paper: 1000.1 and 35.2 are 1035.3, not 1035.3000000000002.

Numbers are kept as the database's double precision, which gives back what was typed up to fifteen
digits; they are added as the decimals that they stand for.
"""

from collections.abc import Iterable
from decimal import Decimal
from math import isfinite

from app.platform import figures
from app.platform.errors import Invalid

LARGEST = 1e15  # beyond, doubles have no decimals left; chosen by us


def total(numbers: Iterable[float]) -> float:
    """The sum."""
    return float(sum((_decimal(number) for number in numbers), Decimal(0)))


def part(number: float, *, of: int, taken: int) -> float:
    """What is left of a number when it is spread over people and some of them are taken out."""
    return float(_decimal(number) * (of - taken) / of) if taken else number


def times(number: float, factor: int) -> float:
    """The number, so many times: 100 times 0.07 is 7."""
    return float(_decimal(number) * factor)


def checked(number: float) -> float:
    """The number, if a key result can hold it, whoever brings it."""
    if not isfinite(number) or abs(number) > LARGEST:
        raise Invalid.at(
            "value", f"This number is beyond {figures.exact(LARGEST)}, the most a key result holds."
        )
    return number


def _decimal(number: float) -> Decimal:
    return Decimal(repr(float(number)))

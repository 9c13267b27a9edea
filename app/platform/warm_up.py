"""A daily limit that rises: who sends from a new address earns the trust of receivers by steps."""

from dataclasses import dataclass
from datetime import date
from math import log

from app.platform.days import within

_MOST = 1_000_000  # mails a day: whoever may send so many is warm
_FACTORS = (1.01, 10.0)
_LIKE = (
    "must be a day, how many mails leave on it, and how many times as many on each day after it,"
    " such as 2026-12-01 50 1.5"
)


@dataclass(frozen=True, slots=True)
class WarmUp:
    """So many mails on the day it begins, and `factor` times as many on each day after."""

    begins: date
    first: int
    factor: float

    @classmethod
    def read(cls, written: str) -> "WarmUp":
        """Read `2026-12-01 50 1.5`. Raises ValueError with how it is written."""
        try:
            day, first, factor = written.replace(",", " ").split()
            found = cls(within(date.fromisoformat(day)), int(first), float(factor))
        except ValueError:
            raise ValueError(_LIKE) from None
        low, high = _FACTORS
        if not (1 <= found.first <= _MOST and low <= found.factor <= high):
            raise ValueError(f"{_LIKE}: 1 to 1000000 mails, and 1.01 to 10 times as many")
        return found

    @property
    def written(self) -> str:
        """As `read` reads it."""
        return f"{self.begins} {self.first} {self.factor}"

    def limit(self, day: date) -> int | None:
        """How many mails may leave on a day; None: it is over. Before its first day, as on that."""
        steps = max(0, (day - self.begins).days)
        if steps * log(self.factor) >= log(_MOST / self.first) and steps:
            return None
        return int(self.first * self.factor**steps)

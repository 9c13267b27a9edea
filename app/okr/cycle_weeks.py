"""The weeks of a cycle: seven days each from its first day, the last one ending with it. Pure."""

from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from functools import cached_property

_DAYS = 7


@dataclass(frozen=True)
class CycleWeeks:
    """Week 1 begins with the cycle; weeks before it are 0, -1 and so on."""

    starts: Date
    ends: Date

    @cached_property
    def count(self) -> int:
        """How many there are: the last is as long as it takes to end with the cycle."""
        return max(1, round(((self.ends - self.starts).days + 1) / _DAYS))

    @property
    def middle(self) -> int:
        """The week at whose end half of them are gone."""
        return (self.count + 1) // 2

    def number_of(self, day: Date) -> int:
        """The week that a day of the cycle, or before it, lies in."""
        return min((day - self.starts).days // _DAYS + 1, self.count)

    def last_day(self, week: int) -> Date:
        """The day with which a week is whole."""
        if week >= self.count:
            return self.ends
        return self.starts + timedelta(days=_DAYS * week - 1)

    def whole_by(self, day: Date) -> int:
        """How many weeks of the cycle are whole at the end of a day."""
        if day >= self.ends:
            return self.count
        return min(max(0, (day - self.starts).days + 1) // _DAYS, self.count - 1)

"""Which part of each contribution counts where several measured the same people. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date

from app.okr import exact
from app.okr.models import Contribution


@dataclass(frozen=True, slots=True)
class Group:
    """So many people of one experiment were in the open windows of exactly these others, too."""

    people: int
    others: frozenset[str]


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the ledger as it stands: `shared` of its people are counted by larger ones."""

    row: Contribution
    shared: int

    @property
    def counted(self) -> bool:
        """Whether anything of it is added."""
        return self.shared < self.row.people

    @property
    def added(self) -> float:
        """What is added."""
        return self._part(self.row.amount)

    @property
    def range(self) -> tuple[float, float]:
        """The interval of what is added."""
        return self._part(self.row.low), self._part(self.row.high)

    def _part(self, number: float) -> float:
        return exact.part(number, of=self.row.people, taken=self.shared)


def as_of(rows: Sequence[Contribution], day: Date) -> tuple[Line, ...]:
    """The ledger as it was known on a day."""
    return lined([row for row in rows if row.date <= day])


def lined(rows: Sequence[Contribution]) -> tuple[Line, ...]:
    """Each row with how many of its people larger ones count; of equals, the earlier is larger.

    A row whose people are all counted by others counts nobody, so it takes nobody from a third one
    whose windows touched its own and not theirs.
    """
    found: dict[str, Line] = {}
    counting: defaultdict[str, set[str]] = defaultdict(set)  # experiments, by what they count
    for row in sorted(rows, key=lambda one: (-abs(one.amount), one.date, one.experiment_id)):
        line = found[row.experiment_id] = Line(row, _shared(row, counting[row.event]))
        if line.counted:
            counting[row.event].add(row.experiment_id)
    return tuple(found[row.experiment_id] for row in rows)


def _shared(row: Contribution, larger: set[str]) -> int:
    people: int = sum(group["people"] for group in row.overlaps if larger & set(group["with"]))
    return min(people, row.people)

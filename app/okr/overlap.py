"""Which part of each contribution counts where several measured the same people. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import Any

from app.okr import exact
from app.okr.models import Contribution
from app.platform import garbled


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
    groups: tuple[Group, ...] = ()
    is_garbled: bool = False  # whom it shares cannot be read: nothing of it is added

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
    lines: dict[str, Line] = {}
    counting: defaultdict[str, set[str]] = defaultdict(set)  # experiments, by what they count
    for row in sorted(
        rows,
        key=lambda contribution: (
            -abs(contribution.amount),
            contribution.date,
            contribution.experiment_id,
        ),
    ):
        line = lines[row.experiment_id] = _line(row, counting)
        if line.counted:
            counting[row.event].add(row.experiment_id)
    return tuple(lines[row.experiment_id] for row in rows)


def groups_of(overlaps: Sequence[Mapping[str, Any]]) -> tuple[Group, ...]:
    """Whom a row shares with others, as it is stored."""
    return tuple(Group(int(overlap["people"]), frozenset(overlap["with"])) for overlap in overlaps)


def _line(row: Contribution, counting: Mapping[str, set[str]]) -> Line:
    groups = garbled.read(groups_of, row.overlaps)
    if groups is None:
        return Line(row, row.people, is_garbled=True)
    larger = counting.get(row.event, set())
    people = sum(group.people for group in groups if larger & group.others)
    return Line(row, min(people, row.people), groups)

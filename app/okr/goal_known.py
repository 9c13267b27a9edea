"""What is here already of what a file of goals names: cycles, teams, objectives, key results."""

import re
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from typing import ClassVar

from sqlmodel import Session

from app.okr import store
from app.okr.models import Cycle
from app.okr.schemas import LONGEST_CYCLE

_YEAR, _OTHER = r"(?P<year>20\d{2})", r"(?P<year2>20\d{2})"
_GAP = r"\W{0,3}"
_NAMES = (  # how tools call a stretch of a calendar year, and its months
    (
        re.compile(
            rf"{_YEAR}{_GAP}Q(?P<part>[1-4])|Q(?P<part2>[1-4]){_GAP}{_OTHER}", re.IGNORECASE
        ),
        3,
    ),
    (re.compile(rf"{_YEAR}{_GAP}H(?P<part>[12])|H(?P<part2>[12]){_GAP}{_OTHER}", re.IGNORECASE), 6),
    (re.compile(rf"(?:annual|year)?{_GAP}{_YEAR}", re.IGNORECASE), 12),
)


class KnownCycle:
    """What a cycle's name alone says of its days."""

    LONGEST: ClassVar[int] = LONGEST_CYCLE.days

    @staticmethod
    def told_by(name: str) -> tuple[Date | None, Date | None]:
        """`Q4 2026`, `2026 H1`, `Annual 2026`: the days of calendar years; else nothing."""
        for form, months in _NAMES:
            found = form.fullmatch(name.strip())
            if found:
                said = found.groupdict()
                year = int(said["year"] or said["year2"])
                part = int(said.get("part") or said.get("part2") or 1)
                first = (part - 1) * months + 1
                after = Date(year + (first + months > 12), (first + months - 1) % 12 + 1, 1)
                return Date(year, first, 1), after - timedelta(days=1)
        return None, None


@dataclass(frozen=True, slots=True)
class Known:
    """By name in small letters."""

    session: Session
    cycles: dict[str, Cycle]
    teams: dict[str, str]
    objectives: dict[tuple[str, str], str]  # by cycle and title
    key_results: dict[tuple[str, str], str]  # by objective and title

    def cycle(self, name: str) -> Cycle | None:
        """A cycle of this name."""
        return self.cycles.get(name.casefold())

    def team(self, name: str) -> str | None:
        """The id of a team of this name."""
        return self.teams.get(name.casefold())

    def objective(self, cycle_id: str, title: str) -> str | None:
        """The id of an objective of a cycle."""
        return self.objectives.get((cycle_id, title.casefold()))

    def key_result(self, objective_id: str, title: str) -> str | None:
        """The id of a key result of an objective."""
        return self.key_results.get((objective_id, title.casefold()))

    def values(self, key_result_id: str) -> dict[Date, float]:
        """What was put for a key result, by day."""
        return {
            one.date: one.value
            for one in store.entries(self.session, key_result_id)
            if one.experiment_id is None and not one.confirms
        }


def of(session: Session) -> Known:
    """Everything that rows could name, the first of two with one name."""
    objectives: dict[tuple[str, str], str] = {}
    for one in store.objectives(session):
        objectives.setdefault((one.cycle_id, one.title.casefold()), one.id)
    key_results: dict[tuple[str, str], str] = {}
    for row in store.every_key_result(session):
        key_results.setdefault((row.objective_id, row.title.casefold()), row.id)
    return Known(
        session,
        {one.name.casefold(): one for one in store.cycles(session)},
        {one.name.casefold(): one.id for one in store.teams(session)},
        objectives,
        key_results,
    )

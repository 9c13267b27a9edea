"""What an import of goals would make of a file, row by row; nothing is written here.

What is here already is known again by its name: a cycle, an objective of a cycle, a key result of
an objective. So the same file twice makes nothing twice, and what people changed since stays.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date as Date

from pydantic import ValidationError
from sqlmodel import Session

from app.okr import goal_known
from app.okr.goal_known import Known, KnownCycle
from app.okr.goal_rows import CheckIn, Goal
from app.okr.models import Cycle
from app.okr.schemas import KeyResultDraft


@dataclass(slots=True)
class NewCycle:
    """A cycle that is made, or found."""

    name: str
    starts: Date
    ends: Date
    found: Cycle | None


@dataclass(slots=True)
class NewObjective:
    """An objective that is made, or found by its title in its cycle."""

    cycle: NewCycle
    title: str
    line: int
    owner: str = ""
    teams: tuple[str, ...] = ()
    found: str | None = None  # its id


@dataclass(slots=True)
class NewKeyResult:
    """A key result that is made, or found by its title in its objective; and its values."""

    objective: NewObjective
    draft: KeyResultDraft
    line: int
    found: str | None = None
    check_ins: dict[Date, CheckIn] = field(default_factory=dict)
    held: dict[Date, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line, or a part of it, that is left out."""

    line: int
    why: str


@dataclass(slots=True)
class Plan:
    """All that would be made, and every refusal."""

    cycles: list[NewCycle] = field(default_factory=list)
    objectives: list[NewObjective] = field(default_factory=list)
    key_results: list[NewKeyResult] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    asks: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many would be made."""
        return {
            "cycles": sum(one.found is None for one in self.cycles),
            "teams": len(self.teams),
            "objectives": sum(one.found is None for one in self.objectives),
            "key_results": sum(one.found is None for one in self.key_results),
            "check_ins": sum(len(one.check_ins) for one in self.key_results),
            "known": sum(one.found is not None for one in self.objectives)
            + sum(one.found is not None for one in self.key_results),
            "refused": len(self.refused),
        }


def of(session: Session, goals: Sequence[Goal], *, cycle: Cycle | None, today: Date) -> Plan:
    """What these rows would become; `cycle` takes those that name none."""
    builder = _Builder(Plan(), goal_known.of(session), cycle, today)
    for goal in goals:
        if not goal.is_key_result:
            builder.take(goal, builder.objective)
    for goal in goals:
        if goal.is_key_result:
            builder.take(goal, builder.key_result)
    builder.plan.refused.sort(key=lambda one: one.line)
    return builder.plan


class _No(ValueError):
    """Why a row is not taken."""


@dataclass(slots=True)
class _Builder:
    plan: Plan
    known: Known
    cycle: Cycle | None
    today: Date
    cycles: dict[str, NewCycle] = field(default_factory=dict)
    objectives: dict[tuple[str, str], NewObjective] = field(default_factory=dict)
    by_id: dict[str, NewObjective] = field(default_factory=dict)
    key_results: dict[tuple[int, str], NewKeyResult] = field(default_factory=dict)

    def take(self, goal: Goal, build: Callable[[Goal], None]) -> None:
        """Build what the row says, or note why not."""
        try:
            build(goal)
        except _No as error:
            self.plan.refused.append(Refusal(goal.line, str(error)))
        self.plan.refused += [Refusal(goal.line, why) for why in goal.left_out]

    def objective(self, goal: Goal) -> None:
        """A row that is an objective."""
        cycle = self._cycle(goal)
        objective = self._objective(cycle, goal.title, goal)
        if goal.id:
            self.by_id[goal.id] = objective

    def key_result(self, goal: Goal) -> None:
        """A row that is a key result, or one more check-in of it."""
        objective = self._parent(goal)
        title = goal.title.casefold()
        held = self.key_results.get((id(objective), title))
        if held is None:
            held = self._new_key_result(goal, objective)
            self.key_results[id(objective), title] = held
            self.plan.key_results.append(held)
        elif _differ(held.draft, goal):
            raise _No(f"Line {held.line} gives “{goal.title}” other numbers: keep one of them.")
        for check_in in goal.check_ins:
            if why := self._add(held, check_in):
                self.plan.refused.append(Refusal(goal.line, why))

    def _cycle(self, goal: Goal) -> NewCycle:
        name = goal.cycle or (self.cycle.name if self.cycle else "")
        if not name:
            raise _No("It names no cycle: choose one for such rows.")
        held = self.cycles.get(name.casefold())
        if held is None:
            held = self._new_cycle(name, goal)
            if held.found and held.found.closed_at:
                raise _No(f"“{held.name}” is closed and scored, so nothing in it changes.")
            self.cycles[name.casefold()] = held
            self.plan.cycles.append(held)
        return held

    def _new_cycle(self, name: str, goal: Goal) -> NewCycle:
        found = self.known.cycle(name)
        if found:
            return NewCycle(found.name, found.starts, found.ends, found)
        starts, ends = (goal.starts, goal.ends) if goal.starts and goal.ends else (None, None)
        if starts is None or ends is None:
            starts, ends = KnownCycle.told_by(name)
        if starts is None or ends is None:
            raise _No(f"There is no cycle “{name[:60]}”, and nothing says when it begins and ends.")
        if ends <= starts or (ends - starts).days > KnownCycle.LONGEST:
            raise _No(f"The cycle “{name[:60]}” would run from {starts} to {ends}.")
        return NewCycle(name, starts, ends, None)

    def _objective(self, cycle: NewCycle, title: str, goal: Goal) -> NewObjective:
        at = (cycle.name.casefold(), title.casefold())
        if at not in self.objectives:
            found = self.known.objective(cycle.found.id, title) if cycle.found else None
            made = NewObjective(cycle, title, goal.line, goal.owner, goal.teams, found)
            self.objectives[at] = made
            self.plan.objectives.append(made)
            self._teams(made)
        return self.objectives[at]

    def _teams(self, objective: NewObjective) -> None:
        if objective.found is None:
            new = [one for one in objective.teams if not self.known.team(one)]
            named = {one.casefold() for one in self.plan.teams}
            self.plan.teams += [one for one in new if one.casefold() not in named]

    def _parent(self, goal: Goal) -> NewObjective:
        if goal.parent_id in self.by_id:
            return self.by_id[goal.parent_id]
        if not goal.parent:
            raise _No(f"“{goal.title[:60]}” names no objective that it belongs to.")
        if goal.makes_parent:
            return self._objective(self._cycle(goal), goal.parent, goal)
        same = [
            one for (_, title), one in self.objectives.items() if title == goal.parent.casefold()
        ]
        if len(same) == 1:
            return same[0]
        if len(same) > 1:
            raise _No(f"There are {len(same)} objectives “{goal.parent[:60]}” in the file.")
        return self._here(goal)

    def _here(self, goal: Goal) -> NewObjective:
        cycle = self._cycle(goal)
        if cycle.found and self.known.objective(cycle.found.id, goal.parent):
            return self._objective(cycle, goal.parent, goal)
        raise _No(f"Its objective “{goal.parent[:60]}” is neither in the file nor here.")

    def _new_key_result(self, goal: Goal, objective: NewObjective) -> NewKeyResult:
        if goal.target is None or goal.start is None:
            missing = "target" if goal.target is None else "start"
            raise _No(f"“{goal.title[:60]}” has no {missing}: a key result is a number that moves.")
        found = self.known.key_result(objective.found, goal.title) if objective.found else None
        held = self.known.values(found) if found else {}
        return NewKeyResult(objective, _draft(goal), goal.line, found, held=held)

    def _add(self, row: NewKeyResult, one: CheckIn) -> str:
        """Take a value in; a sentence where it is left out. What is here stays as it is."""
        ends = row.objective.cycle.ends
        day = one.day or min(self.today, ends)
        if day > self.today:
            return f"Its value of {day} lies in the future."
        if day > ends:
            return f"Its value of {day} lies after the cycle, which ends on {ends}."
        if row.draft.kind == "milestone" and one.value not in {0, 1}:
            return f"Its value of {day} is neither 0 nor 1, as a milestone’s is."
        if day in row.held:
            same = row.held[day] == one.value or one.day is None
            return "" if same else f"{day} has another value here, and it stays."
        other = row.check_ins.get(day)
        if other is not None and other.value != one.value:
            return f"Line {other.line} has another value for {day}."
        row.check_ins.setdefault(day, one)
        return ""


def _kind(goal: Goal) -> str:
    """The direction that is said, else the one from start to target."""
    assert goal.start is not None
    assert goal.target is not None
    return goal.kind or ("decrease" if goal.target < goal.start else "increase")


def _draft(goal: Goal) -> KeyResultDraft:
    try:
        return KeyResultDraft.model_validate(
            {
                "objective_id": "",
                "title": goal.title,
                "kind": _kind(goal),
                "unit": goal.unit,
                "start": goal.start,
                "target": goal.target,
                "weight": goal.weight or 1,
                "owner": goal.owner,
            }
        )
    except ValidationError as error:
        raise _No("; ".join(_said(error))) from error


def _said(error: ValidationError) -> Iterator[str]:
    for one in error.errors():
        sentence = str(one["msg"]).removeprefix("Value error, ")
        yield sentence[:1].upper() + sentence[1:] + ("" if sentence.endswith(".") else ".")


def _differ(draft: KeyResultDraft, goal: Goal) -> bool:
    """Whether a later row of one key result says another start or target."""
    return any(
        said is not None and said != held
        for said, held in ((goal.start, draft.start), (goal.target, draft.target))
    )

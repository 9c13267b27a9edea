"""Goals and their history from a file of another tool: looked at, then taken in one transaction."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.okr import closed, goal_columns, goal_file, goal_plan, goal_rows, outcomes, store, telling
from app.okr.goal_columns import Field
from app.okr.goal_file import Sheet
from app.okr.goal_plan import NewCycle, NewKeyResult, NewObjective, Plan, Refusal
from app.okr.goal_rows import Goal, Reading
from app.okr.models import CheckIn, Cycle
from app.okr.schemas import CycleDraft, GoalsDraft, ObjectiveDraft, TeamDraft
from app.platform import turns
from app.platform.errors import FieldError, Invalid

SOURCE = "import"
_TURN = "goals imported"  # two of one file at once: the second finds what the first made
_SAID = {
    "dates": "Some days can be read in two ways. Say which stands first, the day or the month.",
    "decimals": "Some numbers can be read in two ways. Say which sign stands before the decimals.",
}


@dataclass(frozen=True, slots=True)
class Look:
    """The file as it was read, what its columns become, and what would be made of it."""

    sheet: Sheet
    columns: tuple[Field | None, ...]
    plan: Plan
    digest: str  # of the file's text: the audit says which file it was


def look(session: Session, draft: GoalsDraft, *, zone: ZoneInfo, now: datetime) -> Look:
    """What an import would make. Writes nothing. Raises Invalid."""
    text = draft.csv.replace("\r\n", "\n")
    sheet = goal_file.read(text)
    columns = goal_columns.chosen(sheet.headings, draft.columns)
    told = [(row.line, goal_rows.told(row, columns)) for row in sheet.rows]
    reading = Reading.of([cells for _, cells in told], draft.dates, draft.decimals)
    goals: list[Goal] = []
    refused = [Refusal(line, why) for line, why in sheet.unread]
    for line, cells in told:
        try:
            goals.append(goal_rows.read(line, cells, reading))
        except goal_rows.Refused as error:
            refused.append(Refusal(line, str(error)))
    cycle = _open_cycle(session, draft.cycle_id) if draft.cycle_id else None
    plan = goal_plan.of(session, goals, cycle=cycle, today=now.astimezone(zone).date())
    plan.refused = sorted((*refused, *plan.refused), key=lambda one: one.line)
    plan.asks = tuple(sorted(reading.asks))
    return Look(sheet, columns, plan, hashlib.sha256(text.encode()).hexdigest())


def take(session: Session, draft: GoalsDraft, *, by: str, zone: ZoneInfo, now: datetime) -> Look:
    """Make what the look says. The same file again makes nothing. Raises Invalid, Conflict."""
    turns.take(session, _TURN)
    found = look(session, draft, zone=zone, now=now)
    if found.plan.asks:
        errors = tuple(FieldError(name, _SAID[name]) for name in found.plan.asks)
        raise Invalid(" ".join(error.message for error in errors), errors=errors)
    teams = _teams(session, found.plan)
    cycles = {one.name: _cycle(session, one) for one in found.plan.cycles}
    made: dict[int, str] = {}
    for objective in found.plan.objectives:
        cycle = cycles[objective.cycle.name]
        made[id(objective)] = _objective(session, objective, cycle, teams, now=now)
    for row in found.plan.key_results:
        _key_result(session, row, made[id(row.objective)], by=by, now=now)
    return found


def _open_cycle(session: Session, cycle_id: str) -> Cycle:
    closed.refuse(session, cycles=(cycle_id,))
    return store.cycle_of(session, cycle_id)


def _teams(session: Session, plan: Plan) -> dict[str, str]:
    for name in plan.teams:
        outcomes.add_team(session, TeamDraft(name=name))
    return {team.name.casefold(): team.id for team in store.teams(session)}


def _cycle(session: Session, one: NewCycle) -> Cycle:
    if one.found:
        closed.refuse(session, cycles=(one.found.id,))
        return one.found
    draft = CycleDraft(name=one.name, starts=one.starts, ends=one.ends)
    return outcomes.add_cycle(session, draft)


def _objective(
    session: Session, one: NewObjective, cycle: Cycle, teams: dict[str, str], *, now: datetime
) -> str:
    if one.found:
        return one.found
    team_ids = list(dict.fromkeys(teams[name.casefold()] for name in one.teams))
    draft = ObjectiveDraft(title=one.title, cycle_id=cycle.id, team_ids=team_ids, owner=one.owner)
    return outcomes.add_objective(session, draft, now=now).id


def _key_result(
    session: Session, one: NewKeyResult, objective_id: str, *, by: str, now: datetime
) -> None:
    row_id = one.found
    if row_id is None:
        draft = one.draft.model_copy(update={"objective_id": objective_id})
        row_id = outcomes.add_key_result(session, draft, now=now).id
    row = store.claimed(session, row_id)
    for day, told in sorted(one.check_ins.items()):
        session.add(
            CheckIn(
                key_result_id=row.id,
                date=day,
                value=told.value,
                comment=told.note,
                confidence=told.confidence,
                source=SOURCE,
                recorded_at=now,
                recorded_by=by,
            )
        )
        telling.valued(session, row.id, day, told.value, source=SOURCE, now=now)
    session.flush()

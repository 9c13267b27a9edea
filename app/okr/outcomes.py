"""Teams, cycles, objectives, key results: set, and shared."""

from datetime import datetime

from sqlmodel import Session

from app.okr import store
from app.okr.models import Cycle, KeyResult, Objective, Team
from app.okr.schemas import CycleDraft, KeyResultDraft, ObjectiveDraft, TeamDraft
from app.platform.errors import Conflict, NotBuiltYet


def add_team(session: Session, draft: TeamDraft) -> Team:
    """A team; its name is its own."""
    if store.team_named(session, draft.name):
        raise Conflict(f"There is a team “{draft.name}” already.")
    row = Team(name=draft.name, function=draft.function)
    session.add(row)
    session.flush()
    return row


def add_cycle(session: Session, draft: CycleDraft) -> Cycle:
    """A cycle; its name is its own."""
    if store.cycle_named(session, draft.name):
        raise Conflict(f"There is a cycle “{draft.name}” already.")
    row = Cycle(name=draft.name, starts=draft.starts, ends=draft.ends)
    session.add(row)
    session.flush()
    return row


def add_objective(session: Session, draft: ObjectiveDraft, *, now: datetime) -> Objective:
    """An objective of a cycle, shared by its teams."""
    store.cycle_of(session, draft.cycle_id)
    for team_id in draft.team_ids:
        store.team_of(session, team_id)
    row = Objective(title=draft.title, cycle_id=draft.cycle_id, owner=draft.owner, created_at=now)
    session.add(row)
    session.flush()
    store.share(session, row.id, draft.team_ids)
    return row


def add_key_result(session: Session, draft: KeyResultDraft, *, now: datetime) -> KeyResult:
    """A key result of an objective."""
    store.objective_of(session, draft.objective_id)
    if draft.source not in {"manual", "api"}:
        raise NotBuiltYet.at(
            "source", f"Values from “{draft.source}” are not built yet; use manual or api."
        )
    row = KeyResult(**draft.model_dump(), created_at=now)
    session.add(row)
    session.flush()
    return row

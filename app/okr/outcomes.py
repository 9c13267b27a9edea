"""Teams, cycles, objectives, key results: set, and shared."""

from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from app.okr import closed, source_store, sources, store, telling
from app.okr.models import Cycle, KeyResult, Objective, Team
from app.okr.schemas import (
    CycleChanges,
    CycleDraft,
    KeyResultChanges,
    KeyResultDraft,
    ObjectiveChanges,
    ObjectiveDraft,
    TeamChanges,
    TeamDraft,
)
from app.platform.errors import Conflict, FieldError, Invalid


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


def change_team(session: Session, row: Team, changes: TeamChanges) -> Team:
    """Change the fields that were sent."""
    sent = changes.model_dump(exclude_unset=True, exclude_none=True)
    held = store.team_named(session, sent.get("name", row.name))
    if held is not None and held.id != row.id:
        raise Conflict(f"There is a team “{held.name}” already.")
    row.name, row.function = sent.get("name", row.name), sent.get("function", row.function)
    session.add(row)
    session.flush()
    return row


def change_cycle(session: Session, row: Cycle, changes: CycleChanges) -> Cycle:
    """Change the fields that were sent, while it is open."""
    store.claimed_cycle(session, row.id)
    closed.refuse(session, cycles=(row.id,))
    sent = changes.model_dump(exclude_unset=True, exclude_none=True)
    try:
        draft = CycleDraft.model_validate(
            {"name": row.name, "starts": row.starts, "ends": row.ends} | sent
        )
    except ValidationError as error:
        raise Invalid.at("ends", "The last day must come after the first.") from error
    held = store.cycle_named(session, draft.name)
    if held is not None and held.id != row.id:
        raise Conflict(f"There is a cycle “{held.name}” already.")
    row.name, row.starts, row.ends = draft.name, draft.starts, draft.ends
    session.add(row)
    session.flush()
    return row


def remove_cycle(session: Session, row: Cycle) -> None:
    """Only while it has no objective."""
    store.claimed_cycle(session, row.id)
    if store.objectives(session, cycle_id=row.id):
        raise Conflict(f"“{row.name}” has objectives. Remove those first.")
    session.delete(row)
    session.flush()


def add_objective(session: Session, draft: ObjectiveDraft, *, now: datetime) -> Objective:
    """An objective of a cycle, shared by its teams."""
    store.cycle_of(session, draft.cycle_id)
    closed.refuse(session, cycles=(draft.cycle_id,))
    for team_id in draft.team_ids:
        store.team_of(session, team_id)
    row = Objective(title=draft.title, cycle_id=draft.cycle_id, owner=draft.owner, created_at=now)
    session.add(row)
    session.flush()
    store.share(session, row.id, draft.team_ids)
    return row


def add_key_result(session: Session, draft: KeyResultDraft, *, now: datetime) -> KeyResult:
    """A key result of an objective."""
    objective = store.objective_of(session, draft.objective_id)
    closed.refuse(session, objectives=(objective.id,))
    row = KeyResult(**draft.model_dump(exclude={"http", "sql", "past"}), created_at=now)
    session.add(row)
    session.flush()
    _read_from(session, row, draft, now=now)
    return row


def change_key_result(
    session: Session, row: KeyResult, changes: KeyResultChanges, *, now: datetime
) -> KeyResult:
    """Change the fields that were sent; kind and unit stay, for the values are written in them."""
    store.claimed(session, row.id)
    draft = _parsed(_as_is(session, row) | changes.model_dump(exclude_unset=True))
    if draft.source != row.source:
        _refuse_a_new_source(session, row)
    with telling.changes(session, row, comment="The start was changed", now=now):
        for name, value in draft.model_dump(exclude={"http", "sql"}).items():
            setattr(row, name, value)
        session.add(row)
    _read_from(session, row, draft, now=now)
    return row


def change_objective(session: Session, row: Objective, changes: ObjectiveChanges) -> Objective:
    """Change the fields that were sent."""
    closed.refuse(session, objectives=(row.id,))
    sent = changes.model_dump(exclude_unset=True, exclude_none=True)
    for team_id in sent.get("team_ids", ()):
        store.team_of(session, team_id)
    row.title, row.owner = sent.get("title", row.title), sent.get("owner", row.owner)
    session.add(row)
    if "team_ids" in sent:
        store.unshare(session, row.id)
        store.share(session, row.id, sent["team_ids"])
    session.flush()
    return row


def remove_key_result(session: Session, row: KeyResult) -> None:
    """Only while it has no value: what was measured is kept."""
    store.claimed(session, row.id)
    if store.has_history(session, row.id):
        raise Conflict(f"“{row.title}” has values, so it stays. Give it another title instead.")
    store.drop_key_result(session, row)


def remove_objective(session: Session, row: Objective) -> None:
    """Only while it has no key result."""
    closed.refuse(session, objectives=(row.id,))
    if store.key_results(session, objective_id=row.id, limit=1):
        raise Conflict(f"“{row.title}” has key results. Remove those first.")
    store.unshare(session, row.id)
    session.delete(row)
    session.flush()


def _refuse_a_new_source(session: Session, row: KeyResult) -> None:
    if store.experiment_wrote(session, row.id):
        raise Conflict(
            f"Experiments wrote values of “{row.title}”. Take those back before it gets its values"
            " from elsewhere: otherwise the same movement could count twice."
        )


def _as_is(session: Session, row: KeyResult) -> dict[str, Any]:
    names = set(KeyResultDraft.model_fields) - {"http", "sql"}
    read = source_store.source_of(session, row.id)
    reads = {row.source: sources.settings_of(row.source, read)} if read else {}
    return {name: getattr(row, name) for name in names} | reads


def _parsed(document: dict[str, Any]) -> KeyResultDraft:
    source = document["source"]
    kept = {name: value for name, value in document.items() if name not in {"http", "sql"}}
    try:
        return KeyResultDraft.model_validate(
            kept | ({source: document.get(source)} if source in {"http", "sql"} else {})
        )
    except ValidationError as error:
        fields = tuple(
            FieldError(".".join(map(str, one["loc"])), one["msg"].removeprefix("Value error, "))
            for one in error.errors()
        )
        raise Invalid("; ".join(field.message for field in fields), errors=fields) from error


def _read_from(session: Session, row: KeyResult, draft: KeyResultDraft, *, now: datetime) -> None:
    """Read values from now on from where the draft says, or from nowhere any more."""
    read = draft.http or draft.sql
    if read is None:
        source_store.drop_source(session, row.id)
    else:
        sources.keep(session, row.id, read, now=now)

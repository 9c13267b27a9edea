"""What an agent may write: drafts, and a line that asks their owner to launch one."""

from typing import Any

from app.agents import arguments, refusals
from app.agents.asking import Asking, plain, version_of
from app.api import experiments
from app.experiments import drafts, store
from app.experiments.design_schemas import Draft
from app.experiments.models import Experiment, Status
from app.identity import audit_rows
from app.platform import clock
from app.platform.errors import Conflict
from app.platform.iso_weeks import week_of
from app.review import items
from app.review.schemas import NoteDraft

_TOLD = ("id", "name", "status")  # get_experiment tells the rest
_NAME = 60  # characters of an experiment's name in the line


def draft_experiment(asking: Asking, asked: arguments.DraftExperiment) -> Any:
    """A new draft. What is missing for a launch, its checklist says."""
    draft = Draft.model_validate(asked.model_dump(exclude={"idempotency_key"}, exclude_unset=True))
    row = drafts.add(asking.session, draft, by=asking.who.name, now=asking.now)
    return _shown(asking, row)


def update_draft(asking: Asking, asked: arguments.UpdateDraft) -> Any:
    """Change a draft that nobody changed since it was read."""
    row = _draft(asking, asked.experiment_id)
    if version_of(row) != asked.version:
        raise _changed(asking, row)
    changed = drafts.change(asking.session, row, asked.changes, by=asking.who.name, now=asking.now)
    return _shown(asking, changed)


def ask_for_launch(asking: Asking, asked: arguments.AskForLaunch) -> Any:
    """A line of this week's review that names the draft, with a link to it. Nothing is launched."""
    row = _draft(asking, asked.experiment_id)
    address = f"{asking.settings.public_url}/experiments/{row.id}"
    text = f"Launch “{row.name[:_NAME]}”? {asked.note} {address}"
    week = week_of(asking.now.astimezone(asking.settings.zone).date())
    noted = NoteDraft(kind="blocker", text=text)
    items.note(asking.session, week, noted, by=asking.who.name, now=asking.now)
    return {"asked": True, "week": week, "address": address, "id": row.id}


def _draft(asking: Asking, experiment_id: str) -> Experiment:
    row = store.locked(asking.session, experiment_id)
    if row.status != Status.DRAFT:
        raise Conflict(refusals.not_a_draft(row.id, row.status))
    return row


def _changed(asking: Asking, row: Experiment) -> Conflict:
    last = audit_rows.last_about(asking.session, row.id)
    name = last.actor if last else row.created_by
    return Conflict(refusals.version_old(name, clock.iso(row.updated_at)))


def _shown(asking: Asking, row: Experiment) -> Any:
    whole = plain(experiments.shown(asking.session, row))
    return {"version": version_of(row), **{name: whole[name] for name in _TOLD}}

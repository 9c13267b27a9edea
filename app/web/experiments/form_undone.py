"""Undo, on every step of a draft: take back what was changed last, whoever changed it."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session
from starlette.responses import Response

from app.experiments import bringing_back, version_rows, versions
from app.experiments.models import Experiment
from app.web.experiments.form_steps import Step
from app.web.kit.form_state import Typed
from app.web.kit.pages import go


@dataclass(frozen=True, slots=True)
class Undo:
    """The change that a button takes back."""

    mark: str  # of the state that is seen
    by: str
    at: datetime


def undo_of(session: Session, row: Experiment) -> Undo | None:
    """What can be taken back; None where nothing is."""
    if versions.undoable(session, row) is None:
        return None
    newest = version_rows.newest(session, row.id)
    return Undo(versions.mark_of(newest), newest.by, newest.at) if newest else None


def is_seen(session: Session, row: Experiment, form: Typed) -> bool:
    """Whether whoever pressed Undo saw what the draft says now."""
    return versions.mark_of(version_rows.newest(session, row.id)) == form.value("undo")


def take_back(
    session: Session, row: Experiment, step: Step, *, is_seen: bool, by: str, now: datetime
) -> Response:
    """The step again, as the draft was before its last change."""
    if not is_seen:
        said = "look-first"
    else:
        undone = bringing_back.undo(session, row, by=by, now=now)
        said = "taken-back" if undone else "nothing-to-undo"
    return go(f"/experiments/{row.id}/edit/{step.key}", said=said)

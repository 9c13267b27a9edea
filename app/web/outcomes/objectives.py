"""One objective: what it says of itself, and who shares it."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity.guard import Db
from app.okr import outcomes, store
from app.okr.models import Objective
from app.okr.schemas import ObjectiveChanges
from app.platform.asked import Choices
from app.platform.errors import Invalid, NotFound
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/objectives")


@dataclass(frozen=True, kw_only=True)
class ObjectivePage(Page):
    """Where several teams together want to be."""

    template: ClassVar[str] = "outcomes/objective.html"
    section: ClassVar[str] = "outcomes"

    id: str
    title: str
    owner: str
    cycle: str
    shared_by: list[tuple[str, str]]
    key_results: list[tuple[str, str]]
    teams: Choices
    form: Typed


@router.get("/{objective_id}")
def show(request: Request, session: Db, objective_id: str) -> HTMLResponse:
    """One objective."""
    return render(request, _page(session, store.objective_of(session, objective_id)))


@router.post("/{objective_id}")
def change(request: Request, session: Db, form: Form, objective_id: str) -> Response:
    """Change its title, its owner, and the teams that share it."""
    row = store.objective_of(session, objective_id)
    sent = {"title": form.value("title"), "owner": form.value("owner")}
    try:
        changes = ObjectiveChanges.model_validate(sent | {"team_ids": list(form.every("team_ids"))})
        outcomes.change_objective(session, row, changes)
    except (ValidationError, Invalid, NotFound) as error:
        refuse(request, _page(session, row, form.mended(error)))
    return go(f"/objectives/{objective_id}", said="saved")


@router.post("/{objective_id}/remove")
def remove(session: Db, objective_id: str) -> Response:
    """Only while it has no key result."""
    outcomes.remove_objective(session, store.objective_of(session, objective_id))
    return go("/objectives", said="removed")


def _page(session: Session, row: Objective, form: Typed | None = None) -> ObjectivePage:
    shared_by = store.teams_of(session, row.id)
    held = Typed.of(title=row.title, owner=row.owner, team_ids=[team.id for team in shared_by])
    part = store.key_results(session, objective_id=row.id)
    return ObjectivePage(
        id=row.id,
        title=row.title,
        owner=row.owner,
        cycle=store.cycle_of(session, row.cycle_id).name,
        shared_by=[(team.name, team.function) for team in shared_by],
        key_results=[(key_result.id, key_result.title) for key_result in part],
        teams=[(team.id, team.name) for team in store.teams(session)],
        form=form or held,
    )

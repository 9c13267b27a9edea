"""The organisation's own experiment templates: keep one, and clear away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.experiments import store, template_rows, templates
from app.experiments.design_schemas import TemplateDraft
from app.experiments.models import Experiment, ExperimentTemplate
from app.identity.guard import Db, Now, Who
from app.platform.errors import Conflict, Invalid
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/experiments")


@dataclass(frozen=True, kw_only=True)
class TemplatePage(Page):
    """One experiment, about to be a template, and those that there are."""

    template: ClassVar[str] = "experiments/template.html"
    section: ClassVar[str] = "experiments"

    id: str
    name: str
    kept: Sequence[ExperimentTemplate]
    form: Typed


@router.get("/{experiment_id}/template")
def ask(request: Request, session: Db, experiment_id: str) -> HTMLResponse:
    """What should it be called?"""
    experiment = store.experiment_of(session, experiment_id)
    return render(request, _page(session, experiment, Typed.of(name=experiment.name)))


@router.post("/{experiment_id}/template")
def keep(
    request: Request, session: Db, *, now: Now, who: Who, form: Form, experiment_id: str
) -> Response:
    """Keep its design; people, slice, dates and links are left out."""
    experiment = store.experiment_of(session, experiment_id)
    try:
        draft = TemplateDraft(
            name=form.value("name"), about=form.value("about"), design=experiment.design
        )
        row = templates.keep(session, draft, by=who.name, now=now)
    except (ValidationError, Invalid, Conflict) as error:
        refuse(request, _page(session, experiment, form.mended(error)))
    return go(f"/experiments/new?from=own-{row.id}", said="saved")


@router.post("/templates/{template_id}/remove")
def remove(session: Db, template_id: str) -> Response:
    """Experiments that began from it stay as they are."""
    session.delete(template_rows.template_by_id(session, template_id))
    return go("/experiments/new", said="removed")


def _page(session: Session, experiment: Experiment, form: Typed) -> TemplatePage:
    return TemplatePage(
        id=experiment.id,
        name=experiment.name,
        kept=template_rows.every(session),
        form=form,
    )

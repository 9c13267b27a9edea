"""The decision: build, iterate, stop, and what was learned."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.experiments import lifecycle, store
from app.identity.guard import Db, Now, Who
from app.platform.errors import Invalid
from app.review import decisions
from app.review import store as review
from app.review.schemas import DecisionDraft
from app.web.experiments import header, readouts
from app.web.experiments.header import Place
from app.web.experiments.results import Panel
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/experiments")


@dataclass(frozen=True, kw_only=True)
class DecidePage(Page):
    """The result once more, and the three ways on."""

    template: ClassVar[str] = "experiments/decision.html"
    section: ClassVar[str] = "experiments"

    place: Place
    result: Panel | None
    form: Typed


@router.get("/{experiment_id}/decide")
def ask(request: Request, session: Db, now: Now, experiment_id: str) -> HTMLResponse:
    """Show the result beside the form; where nothing can be decided, why, before words are lost."""
    lifecycle.check_move(store.experiment_of(session, experiment_id), "decided")
    return render(request, _page(request, session, experiment_id, now=now, form=Typed()))


@router.post("/{experiment_id}/decide")
def decide(
    *, request: Request, session: Db, who: Who, now: Now, form: Form, experiment_id: str
) -> Response:
    """Keep the decision, with the readout that it rests on."""
    experiment = store.experiment_of(session, experiment_id)
    try:
        zone = request.app.state.settings.zone
        decisions.decide(session, experiment, _draft(form), by=who.name, now=now, zone=zone)
    except (ValidationError, Invalid) as error:
        again = _page(request, session, experiment_id, now=now, form=form.mended(error))
        refuse(request, again)
    return go(f"/experiments/{experiment_id}", said="decided")


def _draft(form: Typed) -> DecisionDraft:
    names = ("decision", "learning", "reason", "next_slice")
    return DecisionDraft.model_validate({name: form.value(name) for name in names})


def _page(
    request: Request, session: Session, experiment_id: str, *, now: Now, form: Typed
) -> DecidePage:
    about = review.about(session, experiment_id)
    return DecidePage(
        place=header.place_beside(about),
        result=readouts.panel_of(request, session, about, now=now),
        form=form,
    )

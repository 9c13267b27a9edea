"""The checklist of a draft, and the test mail."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.delivery import trials
from app.delivery.trials import Trial
from app.experiments.items import Item
from app.experiments.models import Experiment
from app.identity import guard
from app.identity import store as identity
from app.identity.guard import Db, Now, Who
from app.platform.errors import AppError, Invalid, NotFound
from app.review import store as review
from app.review.store import About
from app.web.experiments import header, plans, real_mails
from app.web.experiments.header import Place
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/experiments")


@dataclass(frozen=True, kw_only=True)
class ChecklistPage(Page):
    """What is missing, what is risky."""

    template: ClassVar[str] = "experiments/checklist.html"
    section: ClassVar[str] = "experiments"

    place: Place
    verdict: str
    ready: bool
    items: tuple[Item, ...]
    form: Typed


@router.get("/{experiment_id}/checklist")
def check(request: Request, session: Db, who: Who, now: Now, experiment_id: str) -> HTMLResponse:
    """Everything that was looked at, with its reason."""
    about = review.about(session, experiment_id)
    form = Typed.of(to=who.email)
    return render(request, _checklist(request, session, about, form, now=now))


@router.post("/{experiment_id}/test-send")
def send_test(request: Request, now: Now, form: Form, experiment_id: str) -> Response:
    """Queue a test mail to somebody with a log-in; its links never count."""
    with request.app.state.database.read() as session:
        about = review.about(session, experiment_id)
        try:
            to, trial = _write_test(request, session, about.experiment, form.value("to"), now=now)
        except AppError as error:
            again = form.refused(error)
            refuse(request, _checklist(request, session, about, again, now=now))
    with guard.writing(request) as session:
        trial.queue(session, to, keyring=request.app.state.keyring, now=now)
    return go(f"/experiments/{experiment_id}/checklist", said="test-sent")


def _checklist(
    request: Request, session: Session, about: About, form: Typed, *, now: datetime
) -> ChecklistPage:
    found = plans.look(request, session, about.experiment, now=now)
    return ChecklistPage(
        place=header.place_beside(about),
        verdict=plans.verdict(found),
        ready=found.ready,
        items=found.items,
        form=form,
    )


def _write_test(
    request: Request, session: Session, experiment: Experiment, to: str, *, now: datetime
) -> tuple[str, Trial]:
    user = identity.user_by_email(session, to)
    if user is None:
        raise Invalid.at("to", "Test mails go to people with a log-in only. Choose one of them.")
    state, people = request.app.state, real_mails.readers(session, experiment)
    try:
        trial = trials.write(
            session, experiment, people, settings=state.settings, keyring=state.keyring, now=now
        )
    except (Invalid, NotFound) as error:
        why = "Nobody of the audience can be shown this mail; see the checklist."
        raise Invalid.at("to", why) from error
    return user.email, trial

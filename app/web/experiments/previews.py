"""An experiment's mail as one real person of its audience would read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from fastapi import APIRouter, Query, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse

from app.audience import members
from app.audience.members import Member
from app.delivery import preview
from app.delivery.mail.composed import Rendered
from app.delivery.mail.outline import Block, outline
from app.experiments import store
from app.experiments.lifecycle import release_of
from app.experiments.models import Experiment
from app.identity.guard import Db, Now
from app.platform.errors import AppError, NotFound
from app.web.experiments import header
from app.web.experiments.header import Place
from app.web.experiments.outbox import mail_answer
from app.web.kit.pages import Page, render

router = APIRouter(prefix="/experiments")
_SAMPLE = 20  # people to choose from
_FORMS = (("html", "HTML"), ("phone", "Phone"), ("text", "Text"))


@dataclass(frozen=True, kw_only=True)
class PreviewPage(Page):
    """One person's mail in three forms."""

    template: ClassVar[str] = "experiments/preview.html"
    section: ClassVar[str] = "experiments"

    place: Place
    people: list[Member]
    person_id: str
    versions: list[tuple[str, str]]
    version: str
    forms: list[tuple[str, str]]
    form_key: str
    form_label: str
    preview: Rendered | None
    outline: Sequence[Block]
    problem: str


@router.get("/{experiment_id}/preview")
def show(
    *,
    request: Request,
    session: Db,
    now: Now,
    experiment_id: str,
    person: str | None = None,
    version: str | None = None,
    form: Annotated[str, Query(alias="as")] = "html",
) -> HTMLResponse:
    """Choose a person, a version and a form; the mail stands in a frame of its own."""
    experiment = store.experiment_of(session, experiment_id)
    people, arms = _people(session, experiment), arm_keys(experiment)
    chosen = person or (people[0].person_id if people else "")
    key, label = next((f for f in _FORMS if f[0] == form), _FORMS[0])
    arm = arm_key(experiment, version)
    found, problem = None, ""
    if chosen:
        found, problem = rendered(request, session, experiment, arm, chosen, now=now)
    page = PreviewPage(
        place=header.place_of(session, experiment),
        people=people,
        person_id=chosen,
        versions=[(name, f"?person={chosen}&version={name}&as={key}") for name in arms],
        version=arm,
        forms=[(words, f"?person={chosen}&version={arm}&as={k}") for k, words in _FORMS],
        form_key=key,
        form_label=label,
        preview=found,
        outline=outline(found.html) if found else (),
        problem=problem,
    )
    return render(request, page)


@router.get("/{experiment_id}/preview/mail")
def framed(
    *,
    request: Request,
    session: Db,
    now: Now,
    experiment_id: str,
    person: str,
    version: str | None = None,
) -> HTMLResponse:
    """The mail's HTML alone, for the frame."""
    experiment = store.experiment_of(session, experiment_id)
    arm = arm_key(experiment, version)
    found, problem = rendered(request, session, experiment, arm, person, now=now)
    if found is None:
        raise NotFound(problem)
    return mail_answer(found.html, request.app.state.settings)


def arm_keys(experiment: Experiment) -> list[str]:
    """The versions that are mailed, in their order."""
    return [arm["key"] for arm in experiment.design["arms"]]


def arm_key(experiment: Experiment, asked: str | None) -> str:
    """The version that was asked for, or the first."""
    keys = arm_keys(experiment)
    return asked if asked in keys else keys[0]


def _people(session: Session, experiment: Experiment) -> list[Member]:
    if experiment.audience_id is None:
        return []
    return members.chunk(session, experiment.audience_id, after=None, limit=_SAMPLE)


def rendered(
    request: Request,
    session: Session,
    experiment: Experiment,
    arm: str,
    person_id: str,
    *,
    now: datetime,
) -> tuple[Rendered | None, str]:
    """The mail, or the sentence that says why this person would get none."""
    state = request.app.state
    try:
        found = preview.preview_of(
            session,
            experiment,
            arm,
            person_id,
            names_people=request.state.principal.sees_addresses,
            settings=state.settings,
            keyring=state.keyring,
            now=release_of(experiment, now=now),
        )
    except AppError as error:
        return None, str(error)
    return found, ""

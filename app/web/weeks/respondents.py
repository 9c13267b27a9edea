"""Somebody who is asked on Friday: their name, team and share of full time."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.allocation import roster, store
from app.allocation.models import Respondent
from app.allocation.schemas import RespondentChanges
from app.identity.guard import Db, Now
from app.okr import store as okr
from app.platform.asked import Choices
from app.platform.errors import AppError
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/time/respondents")
NAMES = {"team_id": "team"}


@dataclass(frozen=True, kw_only=True)
class RespondentPage(Page):
    """One person; their answers stay as they were weighed."""

    template: ClassVar[str] = "weeks/respondent.html"
    section: ClassVar[str] = "time"

    id: str
    name: str
    email: str
    teams_known: Choices
    form: Typed


@router.get("/{respondent_id}")
def show(request: Request, session: Db, respondent_id: str) -> HTMLResponse:
    """As it is set."""
    respondent = store.respondent_of(session, respondent_id)
    filled = Typed.of(
        name=respondent.name,
        team=respondent.team_id,
        fte=respondent.fte,
        language=respondent.language,
        time="1" if respondent.asked_time else None,
    )
    return render(request, _page(session, respondent, filled))


@router.post("/{respondent_id}")
def change(request: Request, session: Db, now: Now, form: Form, respondent_id: str) -> Response:
    """From the next opening on."""
    respondent = store.respondent_of(session, respondent_id)
    try:
        asked = {"asked_time": bool(form.value("time"))}
        roster.change_respondent(
            session, respondent.id, RespondentChanges.model_validate(typed(form) | asked), now=now
        )
    except (AppError, ValidationError) as error:
        refuse(request, _page(session, respondent, form.mended(error, NAMES)))
    return go("/time", said="saved")


@router.post("/{respondent_id}/leave")
def leave(session: Db, now: Now, respondent_id: str) -> Response:
    """Ask them no longer; their answers stay."""
    roster.change_respondent(session, respondent_id, RespondentChanges(active=False), now=now)
    return go("/time", said="asked-no-more")


def typed(form: Typed) -> dict[str, object]:
    """What is asked about a respondent; an empty share is full time."""
    said = {"name": form.text("name"), "team_id": form.text("team")}
    return {**said, "fte": form.text("fte") or 1, "language": form.value("language")}


def teams_known(session: Session) -> Choices:
    """The teams that somebody may answer for."""
    return (("", "No team"), *((team.id, team.name) for team in okr.teams(session)))


def _page(session: Session, respondent: Respondent, form: Typed) -> RespondentPage:
    return RespondentPage(
        id=respondent.id,
        name=respondent.name,
        email=respondent.email,
        teams_known=teams_known(session),
        form=form,
    )

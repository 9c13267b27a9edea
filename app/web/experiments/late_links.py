"""Tie a launched experiment to a key result, marked as what it is: not its plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.analysis import movements
from app.experiments import key_result_rules, late_links, store
from app.experiments.models import Experiment
from app.identity.guard import Db, Now
from app.platform.asked import Choices
from app.platform.errors import Conflict, Invalid
from app.web.experiments import header
from app.web.experiments.header import Place
from app.web.kit import choices
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/experiments")


@dataclass(frozen=True, slots=True)
class Tied:
    """A key result that it is tied to; `since` where that came after the launch."""

    id: str
    title: str
    since: datetime | None


@dataclass(frozen=True, kw_only=True)
class LinkPage(Page):
    """What it is tied to, and the form for one more."""

    template: ClassVar[str] = "experiments/late_link.html"
    section: ClassVar[str] = "experiments"

    place: Place
    tied: Sequence[Tied]
    key_results: Choices
    form: Typed


@router.get("/{experiment_id}/link")
def ask(request: Request, session: Db, experiment_id: str) -> HTMLResponse:
    """Which key result does it say something about?"""
    return render(request, _page(session, store.experiment_of(session, experiment_id), Typed()))


@router.post("/{experiment_id}/link")
def link(request: Request, session: Db, now: Now, form: Form, experiment_id: str) -> Response:
    """From here on it stands beside it as evidence."""
    row = store.locked(session, experiment_id)
    try:
        late_links.link(session, row, form.value("key_result_id"), now=now)
    except (Invalid, Conflict) as error:
        refuse(request, _page(session, row, form.mended(error)))
    return go(f"/experiments/{experiment_id}/link", said="saved")


@router.post("/{experiment_id}/link/{key_result_id}/remove")
def unlink(session: Db, experiment_id: str, key_result_id: str) -> Response:
    """One that was made after the launch."""
    late_links.unlink(session, store.locked(session, experiment_id), key_result_id)
    return go(f"/experiments/{experiment_id}/link", said="removed")


def _page(session: Session, row: Experiment, form: Typed) -> LinkPage:
    tied = [
        Tied(key, aim.row.title, key_result_rules.linked_at(row, key))
        for key, aim in movements.linked(session, row).items()
    ]
    known = {one.id for one in tied}
    free = [choice for choice in choices.key_results(session)[1:] if choice[0] not in known]
    return LinkPage(place=header.place_of(session, row), tied=tied, key_results=free, form=form)

"""The links of a draft's mails, and what each answers when somebody asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app.delivery import link_answers
from app.delivery.link_answers import Found, LinkAnswer
from app.experiments import drafts
from app.experiments.items import Level
from app.identity.guard import Db
from app.review import store as review
from app.review.store import About
from app.web.experiments import header
from app.web.experiments.header import Place
from app.web.kit.pages import Page, render

router = APIRouter(prefix="/experiments")
_BADGES: Mapping[Found, tuple[str, str]] = {
    Found.ANSWERS: (Level.OK, "Answers"),
    Found.CLOSED: (Level.WARNS, "Closed"),
    Found.BROKEN: (Level.BLOCKS, "Broken"),
    Found.NOT_ASKED: ("", "Not asked"),
}


@dataclass(frozen=True, kw_only=True)
class LinksPage(Page):
    """Every link, with what it said."""

    template: ClassVar[str] = "experiments/links.html"
    section: ClassVar[str] = "experiments"

    place: Place
    links: Sequence[LinkAnswer]
    badges: Mapping[Found, tuple[str, str]]
    asked: bool


@router.get("/{experiment_id}/links")
def show(request: Request, session: Db, experiment_id: str) -> HTMLResponse:
    """What there is to be asked."""
    about = review.about(session, experiment_id)
    links = link_answers.unasked(drafts.design_of(about.experiment))
    return render(request, _page(about, links, asked=False))


@router.post("/{experiment_id}/links")
def ask(request: Request, experiment_id: str) -> HTMLResponse:
    """Ask each of them, while nothing in the database waits."""
    with request.app.state.database.read() as session:
        about = review.about(session, experiment_id)
    design = drafts.design_of(about.experiment)
    hosts = request.app.state.settings.allow_private_sources
    return render(request, _page(about, link_answers.ask(design, allowed_hosts=hosts), asked=True))


def _page(about: About, links: Sequence[LinkAnswer], *, asked: bool) -> LinksPage:
    return LinksPage(place=header.place_beside(about), links=links, badges=_BADGES, asked=asked)

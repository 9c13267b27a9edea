"""The readout of one experiment: whole, and as a part that renews itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.analysis import headings, movements, readout
from app.experiments import lifecycle
from app.experiments.models import Experiment, Status
from app.identity.guard import Db, Now, Who
from app.platform.errors import NotFound
from app.review import store as review
from app.review.store import About
from app.tracking import answers
from app.tracking.models import Answer
from app.tracking.store import Told
from app.web.experiments import header, replies, results
from app.web.experiments.header import Place
from app.web.experiments.replies import Quotes
from app.web.experiments.results import Panel, Result
from app.web.kit import charts, formatting
from app.web.kit.pages import Page, render

router = APIRouter(prefix="/experiments")


@dataclass(frozen=True, kw_only=True)
class ReadoutPage(Page):
    """What a product manager reads on the day the experiment ends."""

    template: ClassVar[str] = "experiments/readout.html"
    section: ClassVar[str] = "experiments"

    place: Place
    result: Result | None
    refreshing: bool
    standing: str
    can_decide: bool
    mails: tuple[str, ...]  # versions whose links somebody may have followed
    answers: Sequence[Answer]
    answers_sentence: str
    replies: Quotes


@dataclass(frozen=True, kw_only=True)
class ReadoutFragment(Page):
    """The part of it that changes while people click."""

    template: ClassVar[str] = "experiments/readout_live.html"

    result: Result
    refreshing: bool
    standing: str


@router.get("/{experiment_id}/readout")
def show(request: Request, session: Db, who: Who, now: Now, experiment_id: str) -> HTMLResponse:
    """The result first, then everything that it rests on."""
    about = review.about(session, experiment_id)
    experiment, told = about.experiment, answers.told_by(session, experiment_id)
    result = result_of(request, session, about, now=now)
    page = ReadoutPage(
        place=header.place_beside(about),
        result=result,
        mails=_mails(experiment, result),
        refreshing=is_refreshing(experiment),
        standing=standing(experiment),
        can_decide=header.can_decide(experiment),
        answers=told.comments,
        answers_sentence=_sentence(told),
        replies=replies.quotes_of(session, experiment_id, is_open=who.sees_addresses),
    )
    return render(request, page)


@router.get("/{experiment_id}/readout/live")
def live(request: Request, session: Db, now: Now, experiment_id: str) -> HTMLResponse:
    """The readout again, for the page that shows it."""
    about = review.about(session, experiment_id)
    experiment, result = about.experiment, result_of(request, session, about, now=now)
    if result is None:
        raise NotFound("There is no readout before the experiment has started.")
    fragment = ReadoutFragment(
        result=result, refreshing=is_refreshing(experiment), standing=standing(experiment)
    )
    return render(request, fragment)


@router.get("/{experiment_id}/readout/charts/{name}.{kind}")
def chart(
    *, request: Request, session: Db, now: Now, experiment_id: str, name: str, kind: str
) -> Response:
    """One of its drawings as a file."""
    about = review.about(session, experiment_id)
    result = result_of(request, session, about, now=now)
    found = result.charts if result else {}
    marked = " (rehearsal)" if about.experiment.rehearsal else ""
    return charts.as_file(request, found, name, kind, of=about.experiment.name + marked)


def result_of(request: Request, session: Session, about: About, *, now: datetime) -> Result | None:
    """The readout laid out for a page; None before anything was started."""
    experiment, zone = about.experiment, request.app.state.settings.zone
    if experiment.started_at is None:
        return None
    aims = movements.linked(session, experiment)
    found = readout.beside(session, experiment, about.frozen, now=now, zone=zone, aims=aims)
    return results.result_of(found, {key: aim.row.title for key, aim in aims.items()}, zone)


def panel_of(request: Request, session: Session, about: About, *, now: datetime) -> Panel | None:
    """What the readout says first; None before anything was started."""
    experiment, zone = about.experiment, request.app.state.settings.zone
    if experiment.started_at is None:
        return None
    return results.panel(
        headings.heading_of(session, experiment, about.frozen, now=now, zone=zone), experiment.id
    )


def _mails(experiment: Experiment, result: Result | None) -> tuple[str, ...]:
    """The versions with links, while there is somebody to show them for."""
    if result is None or experiment.audience_id is None:
        return ()
    return tuple(dict.fromkeys(link.arm for link in result.links))


def standing(experiment: Experiment) -> str:
    """What the rest of a page depends on; once it differs the page is drawn again as a whole."""
    return "undoable" if lifecycle.can_undo(experiment) else experiment.status


def is_refreshing(experiment: Experiment) -> bool:
    """Numbers may still change while somebody looks."""
    return experiment.status in header.OPEN | {Status.SCHEDULED}


def _sentence(told: Told) -> str:
    comments = len(told.comments)
    yes, no = formatting.plural(told.yes, "person", "people"), formatting.number(told.no)
    parts = [f"Useful: {yes}; not useful: {no}."]
    never = "Answers never change the result."
    newest = f"These are the newest {formatting.number(comments)} comments."
    is_cut = comments == answers.COMMENTS_SHOWN
    return " ".join([*(parts if told.yes + told.no else ()), never, *([newest] if is_cut else ())])

"""The readout of one experiment: whole, and as a part that renews itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse

from app.analysis import readout
from app.experiments import lifecycle, store
from app.experiments.models import Experiment, Status
from app.identity.guard import Db, Now
from app.okr import store as okr
from app.platform.errors import NotFound
from app.tracking import answers
from app.tracking.models import Answer
from app.web import places, results, words
from app.web.pages import Page, render
from app.web.places import Place
from app.web.results import Result

router = APIRouter(prefix="/experiments")
OPEN = frozenset({Status.RUNNING, Status.PAUSED, Status.MEASURING})


@dataclass(frozen=True, kw_only=True)
class ReadoutPage(Page):
    """What a product manager reads on the day the experiment ends."""

    template: ClassVar[str] = "readouts/show.html"
    section: ClassVar[str] = "experiments"

    place: Place
    result: Result | None
    refreshing: bool
    standing: str
    can_decide: bool
    answers: Sequence[Answer]
    answers_sentence: str


@dataclass(frozen=True, kw_only=True)
class ReadoutFragment(Page):
    """The part of it that changes while people click."""

    template: ClassVar[str] = "readouts/live.html"

    result: Result
    refreshing: bool
    standing: str


@router.get("/{experiment_id}/readout")
def show(request: Request, session: Db, now: Now, experiment_id: str) -> HTMLResponse:
    """The result first, then everything that it rests on."""
    experiment = store.experiment_of(session, experiment_id)
    said = answers.comments_of(session, experiment_id)
    page = ReadoutPage(
        place=places.of(session, experiment),
        result=result_of(request, session, experiment, now=now),
        refreshing=is_refreshing(experiment),
        standing=standing(experiment),
        can_decide=experiment.status in OPEN,
        answers=said,
        answers_sentence=_sentence(answers.counts_of(session, experiment_id), said),
    )
    return render(request, page)


@router.get("/{experiment_id}/readout/live")
def live(request: Request, session: Db, now: Now, experiment_id: str) -> HTMLResponse:
    """The readout again, for the page that shows it."""
    experiment = store.experiment_of(session, experiment_id)
    result = result_of(request, session, experiment, now=now)
    if result is None:
        raise NotFound("There is no readout before the experiment has started.")
    fragment = ReadoutFragment(
        result=result, refreshing=is_refreshing(experiment), standing=standing(experiment)
    )
    return render(request, fragment)


def result_of(
    request: Request, session: Session, experiment: Experiment, *, now: datetime
) -> Result | None:
    """The readout laid out for a page; None before anything was started."""
    if experiment.started_at is None:
        return None
    zone = request.app.state.settings.zone
    found = readout.of(session, experiment, now=now, zone=zone)
    return results.of(found, titles_of(session, experiment), zone)


def titles_of(session: Session, experiment: Experiment) -> dict[str, str]:
    """The key results that this experiment is linked to, by id."""
    links: list[dict[str, Any]] = experiment.design.get("key_results") or []
    return {
        link["key_result_id"]: okr.key_result_of(session, link["key_result_id"]).title
        for link in links
    }


def standing(experiment: Experiment) -> str:
    """What the rest of a page depends on; once it differs the page is drawn again as a whole."""
    return "undoable" if lifecycle.can_undo(experiment) else experiment.status


def is_refreshing(experiment: Experiment) -> bool:
    """Numbers may still change while somebody looks."""
    return experiment.status in OPEN | {Status.SCHEDULED}


def _sentence(counts: Mapping[bool | None, int], said: Sequence[Answer]) -> str:
    yes, no = counts.get(True, 0), counts.get(False, 0)
    parts = [f"Useful: {words.plural(yes, 'person', 'people')}; not useful: {words.number(no)}."]
    never = "Answers never change the result."
    newest = f"These are the newest {words.number(len(said))} comments."
    is_cut = len(said) == answers.COMMENTS_SHOWN
    return " ".join([*(parts if yes + no else ()), never, *([newest] if is_cut else ())])

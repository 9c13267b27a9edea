"""This week: the first page, and for a newcomer the three steps to a first answer."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse

from app.audience import store as audience
from app.experiments import feature_store
from app.experiments import store as experiments
from app.identity.guard import Db, Now
from app.okr import sayings
from app.outreach import failing
from app.outreach.failing import Asked
from app.outreach.troubles import Trouble
from app.review import weeks
from app.review.learnings import Learning
from app.review.shapes import Item, KeyResultLine
from app.review.weeks import UnderWay, Week
from app.web.kit import formatting, key_result_line
from app.web.kit.key_result_line import Line
from app.web.kit.pages import Page, render
from app.web.weeks import agendas
from app.web.weeks.agendas import Spent

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of three. `next` is the one to take now."""

    title: str
    text: str
    label: str
    href: str
    done: bool
    next: bool


@dataclass(frozen=True, kw_only=True)
class WeekPage(Page):
    """Are we closer than when the cycle began?"""

    template: ClassVar[str] = "weeks/show.html"
    section: ClassVar[str] = "week"

    sentence: str
    lead: str
    week: str
    steps: list[Step]
    key_results: list[Line]
    small_print: str
    approvals: tuple[Asked, ...]
    awaiting: tuple[UnderWay, ...]
    running: tuple[UnderWay, ...]
    decided: tuple[Learning, ...]
    promised: tuple[Item, ...]
    time: Spent | None
    troubles: list[Trouble]
    silent: tuple[str, ...]  # machines whose clicks are waited for, and what to do


@router.get("/")
def show(request: Request, session: Db, now: Now) -> HTMLResponse:
    """The week so far."""
    zone = request.app.state.settings.zone
    week = weeks.this_week(session, zone=zone, now=now)
    steps = [] if week.awaiting or week.running else _steps(session)
    waiting = failing.waiting(session)
    page = WeekPage(
        sentence="Will customers use it? Know by Friday." if steps else week.sentence,
        lead="Three steps to the first honest answer." if steps else _lead(week),
        week=f"Week {week.week}",
        steps=steps,
        key_results=[key_result_line.line_of(KeyResultLine.of(view)) for view in week.key_results],
        small_print=sayings.SMALL_PRINT,
        approvals=waiting.asked if request.app.state.settings.approve_above else (),
        awaiting=week.awaiting,
        running=week.running,
        decided=week.decided,
        promised=week.promised,
        time=agendas.spent(week.time),
        troubles=waiting.troubles,
        silent=week.silent,
    )
    return render(request, page)


def _lead(week: Week) -> str:
    said = []
    if week.awaiting:
        said.append(f"{formatting.plural(len(week.awaiting), 'result')} waiting for a decision")
    if week.running:
        said.append(f"{formatting.plural(len(week.running), 'experiment')} under way")
    if week.weeks_avoided:
        said.append(f"{formatting.plural(week.weeks_avoided, 'week')} of building avoided so far")
    return f"{', '.join(said)}." if said else ""


def _steps(session: Session) -> list[Step]:
    """The way in, until the first experiment is launched."""
    if experiments.was_any_launched(session):
        return []
    tried = experiments.experiments(session, limit=1)
    done = (
        any(one.people for one in audience.audiences(session)),
        bool(feature_store.slices(session, limit=1)),
        False,
    )
    now = done.index(False)
    return [
        Step(*text, done=is_done, next=place == now)
        for place, (text, is_done) in enumerate(zip(_texts(bool(tried)), done, strict=True))
    ]


def _texts(begun: bool) -> tuple[tuple[str, str, str, str], ...]:  # noqa: FBT001 - a fact about the list, not a switch
    last = (
        ("Go on with the draft", "/experiments")
        if begun
        else ("New experiment", "/experiments/new")
    )
    return (
        (
            "Import people",
            "A CSV with one line per person: an address, and what you found out about them.",
            "Import people",
            "/audiences",
        ),
        (
            "Write down a feature and its first slice",
            "What might be built, and the thinnest part of it that can be measured this week.",
            "New feature",
            "/features/new",
        ),
        (
            "Run the experiment",
            "Say beforehand how many must act. Send it. Read one honest sentence by Friday.",
            *last,
        ),
    )

"""This week: the first page, and for a newcomer the steps to a first answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse

from app.identity.guard import Db, Now
from app.okr import sayings
from app.outreach import failing
from app.outreach.failing import Asked
from app.outreach.troubles import Trouble
from app.review import weeks
from app.review.learnings import Learning
from app.review.shapes import Item, KeyResultLine
from app.review.weeks import UnderWay, Week
from app.web.kit import formatting, key_result_line, seen
from app.web.kit.form_state import Typed
from app.web.kit.key_result_line import Line
from app.web.kit.pages import Page, render
from app.web.kit.seen import SeenLine
from app.web.weeks import agendas, start_list
from app.web.weeks.agendas import Spent
from app.web.weeks.start_list import StartList

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class WeekPage(Page):
    """Are we closer than when the cycle began?"""

    template: ClassVar[str] = "weeks/show.html"
    section: ClassVar[str] = "week"

    sentence: str
    lead: str
    week: str
    start: StartList | None
    key_results: list[Line]
    seen: Mapping[str, SeenLine]  # by check-in
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
    return render(request, page(request, session, now=now))


def page(
    request: Request, session: Session, form: Typed | None = None, *, now: datetime
) -> WeekPage:
    """The page; `form` is the one of the start list that needs another look."""
    settings = request.app.state.settings
    week = weeks.this_week(session, zone=settings.zone, now=now)
    under_way = (*week.awaiting, *week.running)
    is_past = any(not way.rehearsal for way in under_way)
    start = None if is_past else start_list.start_list(request, session, form, now=now)
    waiting = failing.waiting(session)
    told = [key_result_line.line_of(KeyResultLine.of(view)) for view in week.key_results]
    return WeekPage(
        sentence="Will customers use it? Know by Friday." if start else week.sentence,
        lead=_start_lead(start) if start else _lead(week),
        week=f"Week {week.week}",
        start=start,
        key_results=told,
        seen=seen.of_lines(request.state.principal, told, week.readers),
        small_print=sayings.SMALL_PRINT,
        approvals=waiting.asked if settings.approve_above else (),
        awaiting=week.awaiting,
        running=week.running,
        decided=week.decided,
        promised=week.promised,
        time=agendas.spent(week.time),
        troubles=waiting.troubles,
        silent=week.silent,
    )


def _start_lead(start: StartList) -> str:
    left = sum(not step.done for step in start.steps)
    each = "; each is one form, or one click" if left > 1 else ""
    return f"{formatting.plural(left, 'step')} to go{each}."


def _lead(week: Week) -> str:
    said = []
    if week.awaiting:
        said.append(f"{formatting.plural(len(week.awaiting), 'result')} waiting for a decision")
    if week.running:
        said.append(f"{formatting.plural(len(week.running), 'experiment')} under way")
    if week.weeks_avoided:
        said.append(f"{formatting.plural(week.weeks_avoided, 'week')} of building avoided so far")
    return f"{', '.join(said)}." if said else ""

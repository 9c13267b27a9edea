"""The weekly review: held on one page, frozen when it was told, read by link without log-in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypeVar

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity.guard import Db, Now, Who
from app.links.keyring import Kind
from app.platform.errors import Invalid
from app.review import agenda, items, week_links
from app.review.schemas import CommitmentDraft, KeptDraft, NoteDraft
from app.web.kit import charts, files, seen
from app.web.kit.charts import Charts
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render
from app.web.kit.public_links import read_public
from app.web.kit.seen import SeenLine
from app.web.weeks import agendas
from app.web.weeks.agendas import Agenda

router = APIRouter()
_Draft = TypeVar("_Draft", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class ReviewPage(Page):
    """One week, its agenda, and what is written down on the way."""

    template: ClassVar[str] = "weeks/review.html"
    section: ClassVar[str] = "week"

    agenda: Agenda
    charts: Charts
    before: str
    after: str | None
    open_link: str
    seen: Mapping[str, SeenLine]  # by check-in
    form: Typed


@dataclass(frozen=True, kw_only=True)
class OpenWeekPage(Page):
    """The same week for whoever holds its link."""

    template: ClassVar[str] = "public/week.html"

    agenda: Agenda


@router.get("/weeks")
def latest(request: Request, now: Now) -> Response:
    """The week that is reviewed now: from Friday on this one, before that the last."""
    return go(f"/weeks/{agenda.latest_week(zone=request.app.state.settings.zone, now=now)}")


@router.get("/weeks/{week}")
def show(request: Request, session: Db, now: Now, week: str) -> HTMLResponse:
    """The agenda, as it stands or as it was frozen."""
    return render(request, _page(request, session, week, Typed.of(), now=now))


@router.get("/weeks/{week}/charts/{name}.{kind}")
def chart(*, request: Request, session: Db, now: Now, week: str, name: str, kind: str) -> Response:
    """The week's time as a file."""
    review = agenda.review_of(session, week, zone=request.app.state.settings.zone, now=now)
    found = agendas.charts_of(agendas.agenda_page(review))
    return charts.as_file(request, found, name, kind, of=f"Week {week}")


@router.post("/weeks/{week}/commitments")
def commit(request: Request, session: Db, *, now: Now, who: Who, form: Form, week: str) -> Response:
    """Promise something for the week after."""
    try:
        draft = _draft(CommitmentDraft, text=form.value("text"), owner=form.value("owner"))
        items.commit(session, week, draft, by=who.name, now=now)
    except (Invalid, ValidationError) as error:
        refuse(request, _page(request, session, week, form.mended(error), now=now))
    return go(f"/weeks/{week}#commitments")


@router.post("/weeks/{week}/notes")
def note(request: Request, session: Db, *, now: Now, who: Who, form: Form, week: str) -> Response:
    """Write down a blocker or what the meeting decided."""
    field = form.value("kind")
    try:
        draft = _draft(NoteDraft, kind=field, text=form.value(field))
        items.note(session, week, draft, by=who.name, now=now)
    except (Invalid, ValidationError) as error:
        mended = form.mended(error, {"text": field})
        refuse(request, _page(request, session, week, mended, now=now))
    return go(f"/weeks/{week}#{field}s")


@router.post("/weeks/{week}/items/{item_id}/drop")
def drop(session: Db, week: str, item_id: str) -> Response:
    """Take a line back."""
    items.drop(session, week, item_id)
    return go(f"/weeks/{week}", said="removed")


@router.post("/weeks/{week}/commitments/{item_id}/kept")
def settle(session: Db, now: Now, form: Form, week: str, item_id: str) -> Response:
    """Say what became of a commitment of the week before."""
    try:
        draft = _draft(KeptDraft, kept=form.text("kept"))
    except ValidationError:
        raise Invalid.at("kept", "A commitment was done, or not done.") from None
    items.settle(session, item_id, draft.kept, now=now)
    return go(f"/weeks/{week}#last")


@router.post("/weeks/{week}/freeze")
def freeze(request: Request, session: Db, now: Now, who: Who, week: str) -> Response:
    """Keep the week as it is told now."""
    agenda.freeze(session, week, by=who.name, zone=request.app.state.settings.zone, now=now)
    return go(f"/weeks/{week}", said="frozen")


@router.get("/w/{token}")
def read_only(request: Request, session: Db, now: Now, token: str) -> HTMLResponse:
    """The week of a signed link, for thirty days after the link was made."""
    link = read_public(request, token, Kind.WEEK)
    week = week_links.week_of(link, now=now)
    review = agenda.review_of(session, week, zone=request.app.state.settings.zone, now=now)
    return render(request, OpenWeekPage(agenda=agendas.agenda_page(review)))


@router.get("/weeks/{week}/file")
def as_file(request: Request, session: Db, now: Now, week: str) -> Response:
    """The week to be kept, mailed or printed: one file, as it stands now or was frozen."""
    review = agenda.review_of(session, week, zone=request.app.state.settings.zone, now=now)
    return files.as_file(request, OpenWeekPage(agenda=agendas.agenda_page(review)), f"Week {week}")


def _draft(shape: type[_Draft], **typed: object) -> _Draft:
    return shape.model_validate(typed)


def _page(request: Request, session: Session, week: str, form: Typed, *, now: datetime) -> Page:
    settings = request.app.state.settings
    review, readers = agenda.read_by(session, week, zone=settings.zone, now=now)
    before, after = agenda.neighbours(week, zone=settings.zone, now=now)
    token = week_links.token_of(week, keyring=request.app.state.keyring, now=now)
    told = agendas.agenda_page(review)
    return ReviewPage(
        agenda=told,
        charts=agendas.charts_of(told),
        before=before,
        after=after,
        open_link=f"{settings.public_url}/w/{token}",
        seen=seen.of_lines(request.state.principal, told.key_results, readers),
        form=form,
    )

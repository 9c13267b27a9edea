"""What a draft said before: every version that is kept, what it changed, and the way back to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.experiments import bringing_back, store, version_rows, versions
from app.experiments.models import DraftVersion, Experiment, Status
from app.identity.guard import Db, Now, Who
from app.platform import garbled
from app.platform.errors import AppError
from app.web.experiments import header, version_words
from app.web.experiments.header import Place
from app.web.experiments.version_words import Change
from app.web.kit.form_state import Form, Typed
from app.web.kit.list_paging import Cursor, next_of
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/experiments")
_PAGE = 20


@dataclass(frozen=True, slots=True)
class Told:
    """One version as its reader sees it."""

    number: int
    sentence: str
    by: str
    at: datetime
    state: str  # "now" or "launched" of the newest, else nothing
    changes: list[Change]


@dataclass(frozen=True, kw_only=True)
class VersionsPage(Page):
    """Versions of a draft, newest first."""

    template: ClassVar[str] = "experiments/versions.html"
    section: ClassVar[str] = "experiments"

    place: Place
    told: list[Told]
    mark: str
    is_draft: bool
    most: int
    form: Typed
    next_address: str | None


@router.get("/{experiment_id}/versions")
def show(request: Request, session: Db, experiment_id: str, cursor: Cursor = None) -> HTMLResponse:
    """Who wrote what, and when."""
    row = store.experiment_of(session, experiment_id)
    return render(request, _page(request, session, row, Typed(), cursor=cursor))


@router.post("/{experiment_id}/versions/{number}/restore")
def restore(
    *,
    request: Request,
    session: Db,
    who: Who,
    now: Now,
    form: Form,
    experiment_id: str,
    number: int,
) -> Response:
    """Make the draft say again what it said, unless somebody changed it meanwhile."""
    row = store.locked(session, experiment_id)
    try:
        versions.refuse_other(session, row, form.value("mark"))
        bringing_back.restore(session, row, number, by=who.name, now=now)
    except AppError as error:
        refuse(request, _page(request, session, row, form.mended(error), cursor=None))
    return go(f"/experiments/{row.id}/versions", said="brought-back")


def _page(
    request: Request, session: Session, row: Experiment, form: Typed, *, cursor: str | None
) -> VersionsPage:
    rows = version_rows.page(session, row.id, cursor=cursor, limit=_PAGE)
    newest = version_rows.newest(session, row.id)
    return VersionsPage(
        place=header.place_of(session, row),
        told=_told(request, session, row, rows, newest),
        mark=versions.mark_of(newest),
        is_draft=row.status == Status.DRAFT,
        most=versions.MOST,
        form=form,
        next_address=next_of(f"/experiments/{row.id}/versions", rows),
    )


def _told(
    request: Request,
    session: Session,
    row: Experiment,
    rows: list[DraftVersion],
    newest: DraftVersion | None,
) -> list[Told]:
    pairs = versions.with_before(session, rows)
    found = [garbled.read(versions.differences, before, each) or [] for each, before in pairs]
    names = version_words.names_in(session, (one for some in found for one in some))
    zone = request.app.state.settings.zone
    told = []
    for each, differences in zip(rows, found, strict=True):
        words = garbled.read(version_words.changes_of, differences, each, names, zone)
        sentence = garbled.CANNOT_BE_READ if words is None else version_words.sentence(each, words)
        state = _state(row, each, newest)
        told.append(Told(each.number, sentence, each.by, each.at, state, words or []))
    return told


def _state(row: Experiment, version: DraftVersion, newest: DraftVersion | None) -> str:
    if bringing_back.launched(row, version, newest):
        return "Launched"
    return "Now" if newest is not None and version.number == newest.number else ""

"""Audiences: named sets of people, their columns, and the upload of more."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.audience import fetch_store, imports, members, store
from app.audience.members import Member
from app.audience.models import Audience, AudienceQuery, Import
from app.audience.own import REQUIRED, TOLD
from app.audience.schemas import AudienceDraft
from app.identity import requests_noted
from app.identity.guard import Db, Now, Who
from app.outreach import troubles
from app.platform import garbled
from app.platform.asked import Choices
from app.platform.errors import AppError
from app.platform.listing import Asked
from app.platform.put_off import Work
from app.web.audiences import columns
from app.web.audiences.columns import ColumnLine
from app.web.kit.form_state import Form, Typed
from app.web.kit.list_paging import Cursor, next_of
from app.web.kit.lists import FromAddress, Shown, narrowed_to, shown
from app.web.kit.pages import Page, go, refuse, render
from app.web.kit.uploads import Uploaded

router = APIRouter(prefix="/audiences")
_PAGE = 50  # audiences, and imports of one
_LISTED = {"name": "Audience", "people": "People", "made": "Made"}
_SHOWN_PEOPLE = 5
_SHOWN_COLUMNS = 4
_QUERY = ("connection", "query", "every")


@dataclass(frozen=True, slots=True)
class AudienceRow:
    """A line of the list."""

    audience: Audience
    columns: list[str] | None  # None: they cannot be read


@dataclass(frozen=True, kw_only=True)
class AudiencesPage(Page):
    """All audiences, and the form for one more."""

    template: ClassVar[str] = "audiences/list.html"
    section: ClassVar[str] = "audiences"

    audiences: Sequence[AudienceRow]
    list: Shown
    form: Typed


@dataclass(frozen=True, kw_only=True)
class AudiencePage(Page):
    """One audience: its columns, some of its people, its imports."""

    template: ClassVar[str] = "audiences/show.html"
    section: ClassVar[str] = "audiences"

    audience: Audience
    columns: list[ColumnLine]
    readings: Sequence[tuple[str, str]]
    people: Sequence[Member]
    shown: list[str]
    known: Sequence[str]  # columns of a file that are people's own
    imports: Sequence[Import]
    next_address: str | None
    form: Typed
    query: AudienceQuery | None  # what fills it by itself
    trouble: str
    filled: Typed
    connections: Choices


@router.get("")
def listed(request: Request, session: Db, asked: FromAddress) -> HTMLResponse:
    """All audiences, newest first."""
    return render(request, _listed(session, Typed(), asked))


@router.post("")
def create(request: Request, session: Db, who: Who, now: Now, form: Form) -> Response:
    """Name an audience; people come by import."""
    try:
        draft = AudienceDraft.model_validate({"name": form.value("name")})
        made = store.add_audience(session, draft.name, by=who.name, now=now)
    except (ValidationError, AppError) as error:
        refuse(request, _listed(session, form.mended(error)))
    return go(f"/audiences/{made.id}", said="created")


@router.get("/{audience_id}")
def show(request: Request, session: Db, audience_id: str, cursor: Cursor = None) -> HTMLResponse:
    """One audience."""
    return render(request, page(request, session, audience_id, cursor))


@router.post("/{audience_id}/imports")
def upload(
    *,
    request: Request,
    who: Who,
    now: Now,
    sent: Uploaded,
    audience_id: str,
    look: Annotated[bool, Query()] = False,
) -> Response:
    """Take the file in; it is read in chunks by the ingester, while the next page counts.

    `look`: nothing is taken from it before somebody has seen what an import would do.
    """
    house = request.app.state.house
    begun = imports.begin(
        house.database,
        audience_id=audience_id,
        format=_format(sent.name),
        folder_id=house.folder_id,
        stream=sent.pieces(),
        imports_dir=house.imports,
        filename=sent.name,
        by=who.name,
        by_id=who.user_id,
        now=now,
        is_look=look,
    )
    requests_noted.done(request, who, begun.audience_id, import_id=begun.id)
    return go(f"/imports/{begun.id}", said=None if look else "importing")


def _format(filename: str) -> Literal["csv", "ndjson"]:
    return "ndjson" if filename.lower().endswith((".ndjson", ".jsonl")) else "csv"


def _listed(session: Session, form: Typed, asked: Asked | None = None) -> AudiencesPage:
    asked = narrowed_to(asked or Asked(), store.AUDIENCES)
    part = store.audiences(session, asked, limit=_PAGE)
    rows = [AudienceRow(audience, garbled.read(_names, audience)) for audience in part]
    told = shown(store.AUDIENCES, part, asked, "/audiences", _LISTED, hint="A name")
    return AudiencesPage(audiences=rows, list=told, form=form)


def _names(audience: Audience) -> list[str]:
    return [str(column["name"]) for column in audience.columns]


def page(
    request: Request,
    session: Session,
    audience_id: str,
    cursor: str | None = None,
    *,
    filled: Typed | None = None,
) -> AudiencePage:
    """One audience; `filled` is the form of its query that needs another look."""
    query = fetch_store.query_of(session, audience_id)
    failed = [one.reason for one in troubles.about(session, audience_id) if one.work == Work.FETCH]
    held = {name: getattr(query, name) for name in _QUERY} if query else {"every": "daily"}
    imports = store.imports_of(session, audience_id, cursor=cursor, limit=_PAGE)
    audience = store.audience_of(session, audience_id)
    lines = columns.lines(audience, shows_cells=request.state.principal.sees_addresses)
    return AudiencePage(
        audience=audience,
        columns=lines,
        readings=columns.choices(),
        people=members.chunk(session, audience_id, after=None, limit=_SHOWN_PEOPLE),
        shown=[line.name for line in lines[:_SHOWN_COLUMNS]],
        known=[name for name in TOLD if name not in REQUIRED],
        imports=imports,
        next_address=next_of(f"/audiences/{audience_id}", imports),
        form=Typed(),
        query=query,
        trouble=failed[0] if failed else "",
        filled=filled or Typed.of(**held),
        connections=[(name, name.upper()) for name in sorted(_connections(request))],
    )


def _connections(request: Request) -> Collection[str]:
    """Names of the databases that the operator gave us to read."""
    names: Collection[str] = request.app.state.settings.sql_connections.keys()
    return names

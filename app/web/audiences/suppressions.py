"""Addresses that get no mail, and kinds of mail that people turned off; in bulk, too."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response, StreamingResponse

from app.audience import declined_store, suppression_file, suppression_store
from app.audience.models import Declined, Suppression
from app.audience.suppression_file import Taken
from app.experiments.design_schemas import MAIL_KINDS
from app.experiments.vocabulary import MailKind
from app.identity import audit
from app.identity.guard import Db, Look, Now, Who
from app.platform.db import Database
from app.platform.errors import AppError
from app.platform.listing import Asked
from app.web.kit.form_state import Form, Typed
from app.web.kit.list_paging import Cursor, next_of
from app.web.kit.lists import FromAddress, Shown, of_form, shown
from app.web.kit.pages import Page, go, refuse, render
from app.web.kit.uploads import Uploaded

router = APIRouter(prefix="/suppressions")
_PAGE = 100
_REFUSED = 200  # lines that are named on the page
_COLUMNS = {"address": "Address", "why": "Why", "since": "Since"}


@dataclass(frozen=True, kw_only=True)
class SuppressionsPage(Page):
    """Who is left alone, newest first."""

    template: ClassVar[str] = "audiences/suppressions.html"
    section: ClassVar[str] = "suppressions"

    suppressions: Sequence[Suppression]
    list: Shown
    form: Typed
    upload: Typed
    taken: Taken | None
    most_refused: int


@dataclass(frozen=True, kw_only=True)
class DeclinedPage(Page):
    """Who turned off which kind of mail, newest first."""

    template: ClassVar[str] = "audiences/declined.html"
    section: ClassVar[str] = "suppressions"

    rows: Sequence[Declined]
    kinds: Mapping[str, str]
    next_address: str | None


@router.get("")
def listed(request: Request, session: Db, asked: FromAddress) -> HTMLResponse:
    """The list, and a form for one more address."""
    return render(request, _page(session, replace(asked, words="")))


@router.post("/find")
def find(request: Request, session: Look, form: Form) -> HTMLResponse:
    """Those in which these words stand. They come by POST: an address bar is logged."""
    return render(request, _page(session, of_form(form)))


@router.post("")
def add(request: Request, session: Db, who: Who, now: Now, form: Form) -> Response:
    """Leave somebody alone from now on; mails still waiting are skipped, too."""
    reason = form.text("reason") or "manual"
    try:
        suppression_store.suppress(session, form.value("email"), reason, by=who.name, now=now)
    except AppError as error:
        refuse(request, _page(session, Asked(), form=form.refused(error)))
    return go("/suppressions", said="added")


@router.get("/file")
def download(request: Request, session: Db) -> StreamingResponse:  # noqa: ARG001 - notes who
    """The whole list as CSV: who took it stands in the audit."""
    headers = {"Content-Disposition": 'attachment; filename="do-not-mail.csv"'}
    lines = _lines(request.app.state.house.database)
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/file")
def upload(request: Request, session: Db, who: Who, now: Now, sent: Uploaded) -> HTMLResponse:
    """Everybody of a file goes on the list; again changes nothing."""
    try:
        text = suppression_file.text_of(b"".join(sent.pieces()))
        taken = suppression_file.take(session, text, kinds=list(MailKind), by=who.name, now=now)
    except AppError as error:
        refuse(request, _page(session, Asked(), upload=Typed().mended(error)))
    audit.tell(session, added=taken.added, known=taken.known, refused=len(taken.refused))
    return render(request, _page(session, Asked(), taken=taken))


@router.get("/kinds")
def declined(request: Request, session: Db, cursor: Cursor = None) -> HTMLResponse:
    """What people turned off, and kept the rest."""
    rows = declined_store.listed(session, cursor=cursor, limit=_PAGE)
    page = DeclinedPage(
        rows=rows, kinds=dict(MAIL_KINDS), next_address=next_of("/suppressions/kinds", rows)
    )
    return render(request, page)


@router.post("/kinds/{declined_id}/lift")
def lift_kind(session: Db, declined_id: str) -> Response:
    """They may get mail of this kind again."""
    declined_store.lift(session, declined_id)
    return go("/suppressions/kinds", said="removed")


@router.post("/{suppression_id}/lift")
def lift(session: Db, suppression_id: str) -> Response:
    """They may get mail again."""
    suppression_store.lift(session, suppression_id)
    return go("/suppressions", said="removed")


def _page(
    session: Session,
    asked: Asked,
    *,
    form: Typed | None = None,
    upload: Typed | None = None,
    taken: Taken | None = None,
) -> SuppressionsPage:
    listing = suppression_store.LISTING
    asked = replace(asked, chosen={})
    rows = listing.part(session, suppression_store.EVERY, asked, limit=_PAGE)
    told = shown(
        listing, rows, asked, "/suppressions", _COLUMNS,
        hint="An address, or why", find="/suppressions/find",
    )  # fmt: skip
    return SuppressionsPage(
        suppressions=rows,
        list=told,
        form=form or Typed(),
        upload=upload or Typed(),
        taken=taken,
        most_refused=_REFUSED,
    )


def _lines(database: Database) -> Iterator[str]:
    with database.read() as session:
        yield from suppression_file.written(session)

"""One import: how far it is, and every line that was refused, with its reason."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from app.audience import store
from app.audience.models import Audience, Import, Refusal
from app.identity.guard import Db
from app.platform.db import Database
from app.web.pages import Page, render

router = APIRouter(prefix="/imports")
_SHOWN = 50
_AT_A_TIME = 1000


@dataclass(frozen=True, kw_only=True)
class ImportPage(Page):
    """Every line accounted for."""

    template: ClassVar[str] = "audiences/import.html"
    section: ClassVar[str] = "audiences"

    record: Import
    audience: Audience
    refusals: Sequence[Refusal]


@dataclass(frozen=True, kw_only=True)
class ImportFragment(Page):
    """The counts, while the file is read."""

    template: ClassVar[str] = "audiences/import_progress.html"

    record: Import


@router.get("/{import_id}")
def show(request: Request, session: Db, import_id: str) -> HTMLResponse:
    """One import."""
    record = store.import_of(session, import_id)
    page = ImportPage(
        record=record,
        audience=store.audience_of(session, record.audience_id),
        refusals=store.refusals(session, import_id, limit=_SHOWN),
    )
    return render(request, page)


@router.get("/{import_id}/progress")
def progress(request: Request, session: Db, import_id: str) -> HTMLResponse:
    """The counts again, for the page that shows them."""
    return render(request, ImportFragment(record=store.import_of(session, import_id)))


@router.get("/{import_id}/refused")
def refused(request: Request, session: Db, import_id: str) -> Response:
    """Every refused line as NDJSON, to mend and import again."""
    store.import_of(session, import_id)
    headers = {"Content-Disposition": f'attachment; filename="refused-{import_id}.ndjson"'}
    lines = _lines(request.app.state.database, import_id)
    return StreamingResponse(lines, media_type="application/x-ndjson", headers=headers)


def _lines(database: Database, import_id: str) -> Iterator[str]:
    """Page by page with a session of its own: the request's is closed while an answer streams."""
    after = 0
    while True:
        with database.read() as session:
            rows = store.refusals(session, import_id, after=after, limit=_AT_A_TIME)
            page = [(r.line, {"line": r.line, "reason": r.reason, "raw": r.raw}) for r in rows]
        if not page:
            return
        yield from (json.dumps(row, ensure_ascii=False) + "\n" for _, row in page)
        after = page[-1][0]

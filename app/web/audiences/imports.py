"""One import: how far it is, and every line that was refused, with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from app.audience import column_rows, imports, noting, previewing, store
from app.audience.models import Audience, Import, Note, Refusal
from app.identity.guard import Db, Now, Who
from app.web.audiences import columns
from app.web.audiences.columns import ColumnLine
from app.web.kit.form_state import Form
from app.web.kit.pages import Page, go, render

router = APIRouter(prefix="/imports")
_SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class ImportPage(Page):
    """Every line accounted for."""

    template: ClassVar[str] = "audiences/import.html"
    section: ClassVar[str] = "audiences"

    record: Import
    audience: Audience
    refusals: Sequence[Refusal]
    notes: Sequence[Note]
    columns: list[ColumnLine]
    look: list[ColumnLine]
    readings: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class ImportFragment(Page):
    """The counts, while the file is read."""

    template: ClassVar[str] = "audiences/import_progress.html"

    record: Import


@router.get("/{import_id}")
def show(request: Request, session: Db, import_id: str) -> HTMLResponse:
    """One import."""
    record = store.import_of(session, import_id)
    audience = store.audience_of(session, record.audience_id)
    shows = request.state.principal.sees_addresses
    page = ImportPage(
        record=record,
        audience=audience,
        refusals=store.refusals(session, import_id, limit=_SHOWN),
        notes=column_rows.notes(session, import_id, limit=_SHOWN),
        columns=_of_audience(record, audience, shows_cells=shows),
        look=columns.lines_of(record.columns or (), shows_cells=shows) if record.is_look else [],
        readings=columns.choices(),
    )
    return render(request, page)


def _of_audience(record: Import, audience: Audience, *, shows_cells: bool) -> list[ColumnLine]:
    """What everybody in the audience has, once the file is in it."""
    return columns.lines(audience, shows_cells=shows_cells) if record.status == "done" else []


@router.post("/{import_id}/confirm")
def confirm(session: Db, who: Who, now: Now, form: Form, import_id: str) -> Response:
    """Import what was looked at; the columns as they are said in the form."""
    look = store.import_of(session, import_id)
    before = {line.name: line.chosen for line in columns.lines_of(look.columns or ())}
    said = {name: form.value(f"reading:{name}") for name in before}
    chosen = {
        name: columns.reading_of(value).model_dump(mode="json")
        for name, value in said.items()
        if value and value != before[name]
    }
    row = previewing.confirm(session, import_id, chosen=chosen, by=who.name, now=now)
    return go(f"/imports/{row.id}", said="importing")


@router.post("/{import_id}/cancel")
def cancel(request: Request, session: Db, now: Now, import_id: str) -> Response:
    """Take nothing from it."""
    previewing.let_go(session, import_id, request.app.state.house.imports, now=now)
    return go(f"/imports/{import_id}")


@router.get("/{import_id}/progress")
def progress(request: Request, session: Db, import_id: str) -> HTMLResponse:
    """The counts again, for the page that shows them."""
    return render(request, ImportFragment(record=store.import_of(session, import_id)))


@router.get("/{import_id}/notes")
def noted(request: Request, session: Db, import_id: str) -> Response:
    """Every noted cell as NDJSON."""
    store.import_of(session, import_id)
    headers = {"Content-Disposition": f'attachment; filename="notes-{import_id}.ndjson"'}
    lines = noting.note_lines(request.app.state.database, import_id)
    return StreamingResponse(lines, media_type="application/x-ndjson", headers=headers)


@router.get("/{import_id}/refused")
def refused(request: Request, session: Db, import_id: str) -> Response:
    """Every refused line as NDJSON, to mend and import again."""
    store.import_of(session, import_id)
    headers = {"Content-Disposition": f'attachment; filename="refused-{import_id}.ndjson"'}
    lines = imports.refused_lines(request.app.state.database, import_id)
    return StreamingResponse(lines, media_type="application/x-ndjson", headers=headers)

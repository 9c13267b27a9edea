"""One import: how far it is, and every line that was refused, with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, ClassVar

from fastapi import APIRouter, Path, Query, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response, StreamingResponse

from app.audience import (
    column_rows,
    confirming,
    mending,
    noting,
    refusal_rows,
    refusals,
    refused_lines,
    store,
)
from app.audience.confirming import First
from app.audience.mending import Line
from app.audience.models import Audience, Import, Note, Refusal
from app.identity.guard import Db, Now, Who
from app.platform.asked import Choices
from app.platform.errors import Conflict, Invalid
from app.web.audiences import columns, file_columns
from app.web.audiences.columns import ColumnLine
from app.web.audiences.file_columns import FileLine, OptOutLine
from app.web.kit import formatting
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/imports")
_SHOWN = 50
_MENDED = 20  # lines on a page, each a form of its own
After = Annotated[int, Query(ge=0, le=2**31 - 1)]


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """Why lines were refused: how many, and the first of them."""

    words: str
    count: int
    lines: tuple[int, ...]
    first: tuple[Refusal, ...]  # nobody's, to whoever may not read addresses


@dataclass(frozen=True, slots=True)
class MendLine:
    """A refused line with what was typed to mend it, and what is wrong with that."""

    line: Line
    form: Typed


@dataclass(frozen=True, kw_only=True)
class ImportPage(Page):
    """Every line accounted for; before that, what the file becomes."""

    template: ClassVar[str] = "audiences/import.html"
    section: ClassVar[str] = "audiences"

    record: Import
    audience: Audience
    reasons: list[ReasonLine]
    refusals: Sequence[Refusal]
    mends: list[MendLine]
    after: int
    next_address: str | None
    notes: Sequence[Note]
    columns: list[ColumnLine]
    look: list[ColumnLine]
    readings: Sequence[tuple[str, str]]
    form: Typed
    file: list[FileLine]
    opt_outs: list[OptOutLine]
    facts: str
    delimiters: Choices
    becomes: Choices
    takes: int  # people whom an import would take


@dataclass(frozen=True, kw_only=True)
class ImportFragment(Page):
    """The counts, while the file is read."""

    template: ClassVar[str] = "audiences/import_progress.html"

    record: Import
    reasons: list[ReasonLine]


@router.get("/{import_id}")
def show(request: Request, session: Db, import_id: str, after: After = 0) -> HTMLResponse:
    """One import. `after`: the refused line before those that are shown to be mended."""
    return render(request, _page(request, session, import_id, Typed(), after=after))


def _page(
    request: Request, session: Session, import_id: str, form: Typed, *, after: int = 0
) -> ImportPage:
    record = store.import_of(session, import_id)
    audience = store.audience_of(session, record.audience_id)
    shows = request.state.principal.sees_addresses
    is_asked = record.waits and shows
    first = _first(request, session, record) if is_asked else []
    mends, last = _mends(session, record, form, after=after) if shows else ([], None)
    return ImportPage(
        record=record,
        audience=audience,
        reasons=_reasons(session, record, shows_cells=shows),
        refusals=store.refusals(session, import_id, limit=_SHOWN) if shows else (),
        mends=mends,
        after=after,
        next_address=f"/imports/{import_id}?after={last}#mend" if last else None,
        notes=column_rows.notes(session, import_id, limit=_SHOWN) if shows else (),
        columns=_of_audience(record, audience, shows_cells=shows),
        look=columns.lines_of(record.columns or (), shows_cells=shows) if record.is_look else [],
        readings=columns.choices(),
        form=form,
        file=file_columns.lines(record, first) if is_asked else [],
        opt_outs=file_columns.asked(record) if is_asked else [],
        facts=file_columns.facts(record),
        delimiters=file_columns.DELIMITERS,
        becomes=file_columns.becomes_choices(),
        takes=record.added + record.updated + record.unchanged,
    )


def _mends(
    session: Session, record: Import, form: Typed, *, after: int
) -> tuple[list[MendLine], int | None]:
    """Some refused lines to be mended, and the last of them where there are more."""
    if not (mending.can_mend(record) or mending.can_mend_first(record)):
        return [], None
    rows = store.refusals(session, record.id, after=after, limit=_MENDED + 1)
    shown = [mending.line_of(record, row) for row in rows[:_MENDED] if row.raw]
    lines = [MendLine(one, form if form.value("line") == str(one.number) else Typed())
             for one in shown]  # fmt: skip
    return lines, rows[_MENDED - 1].line if len(rows) > _MENDED else None


def _first(request: Request, session: Session, record: Import) -> list[First]:
    state = request.app.state
    path = state.house.imports / record.file
    return confirming.first_people(session, record, path, marker=state.keyring.marks)


def _reasons(session: Session, record: Import, *, shows_cells: bool) -> list[ReasonLine]:
    counted = refusals.counted(record.reasons)
    numbers = [line for one in counted for line in one.lines] if shows_cells else []
    rows = {row.line: row for row in refusal_rows.on_lines(session, record.id, numbers)}
    return [
        ReasonLine(
            refusals.TOLD[one.kind],
            one.count,
            one.lines,
            tuple(rows[line] for line in one.lines if line in rows),
        )
        for one in counted
    ]


def _of_audience(record: Import, audience: Audience, *, shows_cells: bool) -> list[ColumnLine]:
    """What everybody in the audience has, once the file is in it."""
    return columns.lines(audience, shows_cells=shows_cells) if record.status == "done" else []


@router.post("/{import_id}/look")
def look_again(request: Request, session: Db, now: Now, form: Form, import_id: str) -> Response:
    """Read the file as the form says; it is not uploaded again."""
    return _look_again(request, session, form, import_id, now=now)


def _look_again(
    request: Request,
    session: Session,
    form: Typed,
    import_id: str,
    *,
    now: datetime,
    said: str | None = None,
) -> Response:
    folder = request.app.state.house.imports
    try:
        words = file_columns.words_in(store.import_of(session, import_id), form)
        confirming.look_again(session, import_id, words=words, folder=folder, now=now)
    except (ValidationError, Invalid) as error:
        refuse(request, _page(request, session, import_id, form.mended(error)))
    return go(f"/imports/{import_id}", said=said)


@router.post("/{import_id}/confirm")
def confirm(
    *, request: Request, session: Db, who: Who, now: Now, form: Form, import_id: str
) -> Response:
    """Import what was looked at. Where the form says other columns, it is looked at once more."""
    folder = request.app.state.house.imports
    look = store.import_of(session, import_id)
    try:
        words = file_columns.words_in(look, form)
        if look.waits and (look.asks or file_columns.reads_otherwise(words)):
            return _look_again(request, session, form, import_id, now=now, said="read-again")
        row = confirming.confirm(
            session,
            import_id,
            words=words,
            folder=folder,
            by=who.name,
            by_id=who.user_id,
            now=now,
        )
    except (ValidationError, Invalid) as error:
        refuse(request, _page(request, session, import_id, form.mended(error)))
    return go(f"/imports/{row.id}", said="importing")


@router.post("/{import_id}/refused/{line}")
def mend(
    *,
    request: Request,
    session: Db,
    who: Who,
    now: Now,
    form: Form,
    import_id: str,
    line: Annotated[int, Path(ge=0, le=2**31 - 1)],
) -> Response:
    """Take a refused line as it is said now; where it is refused still, it says why."""
    cells = {name.removeprefix("cell:"): form.value(name)
             for name in form.fields if name.startswith("cell:")}  # fmt: skip
    marker = request.app.state.keyring.marks
    try:
        mending.mend(session, import_id, line, cells, by=who.name, marker=marker, now=now)
    except Conflict as error:
        refuse(request, _page(request, session, import_id, Typed(sentence=str(error))))
    except Invalid as error:
        sentence = formatting.refusal(str(error))
        again = replace(form, fields={**form.fields, "line": (str(line),)}, sentence=sentence)
        refuse(request, _page(request, session, import_id, again, after=max(0, line - 1)))
    return go(f"/imports/{import_id}?after={form.text('after') or 0}", said="mended")


@router.post("/{import_id}/cancel")
def cancel(request: Request, session: Db, now: Now, import_id: str) -> Response:
    """Take nothing from it."""
    confirming.let_go(session, import_id, request.app.state.house.imports, now=now)
    return go(f"/imports/{import_id}")


@router.get("/{import_id}/progress")
def progress(request: Request, session: Db, import_id: str) -> HTMLResponse:
    """The counts again, for the page that shows them."""
    record = store.import_of(session, import_id)
    shows = request.state.principal.sees_addresses
    reasons = _reasons(session, record, shows_cells=shows)
    return render(request, ImportFragment(record=record, reasons=reasons))


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
    lines = refused_lines.as_ndjson(request.app.state.database, import_id)
    return StreamingResponse(lines, media_type="application/x-ndjson", headers=headers)


@router.get("/{import_id}/refused.csv")
def refused_csv(request: Request, session: Db, import_id: str) -> Response:
    """Every refused line with its columns, the number and the reason before them: to be mended."""
    record = store.import_of(session, import_id)
    headers = {"Content-Disposition": f'attachment; filename="refused-{import_id}.csv"'}
    lines = refused_lines.as_csv(request.app.state.database, record)
    return StreamingResponse(lines, media_type="text/csv", headers=headers)

"""Imports: files of people, streamed in, and every line accounted for."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.uploads import pieces
from app.audience import imports, noting, previewing, store
from app.audience.models import Import
from app.audience.own import OWN, REQUIRED
from app.audience.schemas import ColumnChange
from app.identity import requests_noted
from app.identity.callers import Principal
from app.identity.guard import Db, Now, Who
from app.platform.errors import Invalid
from app.platform.texts import Document

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Imports"])
streamed = APIRouter(
    prefix=PREFIX, tags=["Imports"]
)  # a body that is never held in memory cannot be hashed first

_FORMATS: dict[str, Literal["csv", "ndjson"]] = {
    "text/csv": "csv",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
}
_COLUMNS = ", ".join(f"{name} (required)" if name in REQUIRED else name for name in OWN)
_TAKEN = f"""Streamed; ask `GET /imports/{{id}}` how it went.

With `dry_run=true` nothing is taken: it ends as `previewed`, with what an import would do.
`POST /imports/{{id}}/confirm` within a day imports it without another upload.

Columns: {_COLUMNS}; every other column is the person's data.
"""
_Dry = Annotated[bool, Query(description="only say what an import would do")]
_REFUSED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One JSON object a line.",
        "content": {
            "application/x-ndjson": {
                "schema": {"type": "string"},
                "example": '{"line": 7, "reason": "email: there is no @", "raw": "ann,NO"}\n',
            }
        },
    }
}
_NOTE = (
    '{"line": 7, "column": "timezone", "value": "Oslo", "note": "this time zone is not known; write'
    ' it like Europe/Oslo; it was left empty"}\n'
)
_NOTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One JSON object a line.",
        "content": {
            "application/x-ndjson": {"schema": {"type": "string"}, "example": _NOTE},
        },
    }
}
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "CSV with a header, or NDJSON with one object a line.",
        "content": {
            "text/csv": {
                "schema": {"type": "string", "format": "binary"},
                "example": "email,name,country\nann@example.com,Ann,NO\n",
            },
            "application/x-ndjson": {
                "schema": {"type": "string", "format": "binary"},
                "example": '{"email": "ann@example.com", "name": "Ann", "country": "NO"}\n',
            },
        },
    }
}


class Confirmation(Document):
    """What the author of a file says of its columns."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"columns": {"renewal": {"type": "date", "format": "day_first"}}}
        },
    )

    columns: dict[str, ColumnChange] = Field(default={})


class ImportBegun(BaseModel):
    """A file that was taken in; it is read in the background."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"id": "1f0c3m8k2tq5w7x9z0ab", "status": "running"}}
    )

    id: str
    status: Literal["running", "done", "failed", "previewed", "confirmed"]


class ImportOut(ImportBegun):
    """How far a file is: rows = added + updated + unchanged + refused + erased."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "1f0c3m8k2tq5w7x9z0ab",
                "status": "done",
                "audience_id": "1f0c3m8k2tq5w7x9z0aa",
                "rows": 600,
                "added": 590,
                "updated": 8,
                "unchanged": 0,
                "refused": 2,
                "erased": 0,
                "noted": 1,
                "encoding": "utf-8",
                "error": None,
                "created_at": "2026-11-22T08:00:00Z",
                "finished_at": "2026-11-22T08:00:02Z",
                "dry_run": False,
                "columns": None,
            }
        }
    )

    audience_id: str
    rows: int
    added: int
    updated: int
    unchanged: int
    refused: int
    erased: int = Field(description="lines of people who were erased: they stay away")
    noted: int = Field(description="cells that were left empty or do not fit their column")
    encoding: str = Field(description="utf-8, utf-16 or windows-1252")
    error: str | None
    created_at: datetime
    finished_at: datetime | None
    dry_run: bool = Field(validation_alias=AliasChoices("is_look", "dry_run"))
    columns: list[dict[str, Any]] | None = Field(
        description="of a `previewed` file: how each column is read, with three examples; where"
        " `choices` stand, its author has to say which, here or later"
    )


@streamed.post(
    "/audiences/{audience_id}/imports",
    status_code=202,
    summary="Import a file of people",
    description=_TAKEN,
    openapi_extra=_FILE,
)
async def begin_import(
    *, audience_id: str, request: Request, who: Who, now: Now, dry_run: _Dry = False
) -> ImportBegun:
    """Take a file in, piece by piece; a worker reads it."""
    written = _format_of(request)
    house = request.app.state.house
    async with pieces(request, house.imports) as stream:
        row = await run_in_threadpool(
            imports.begin,
            house.database,
            audience_id=audience_id,
            format=written,
            folder_id=house.folder_id,
            stream=stream,
            imports_dir=house.imports,
            filename="",
            by=who.name,
            now=now,
            is_look=dry_run,
        )
    await run_in_threadpool(requests_noted.done, request, who, audience_id, import_id=row.id)
    return ImportBegun(id=row.id, status="running")


@router.get("/imports/{import_id}", summary="How far an import is")
def get_import(import_id: str, session: Db, who: Who) -> ImportOut:
    """`rows` counts data lines. `error` says why a file could not be read at all."""
    return _shown(store.import_of(session, import_id), who)


@router.post("/imports/{import_id}/confirm", status_code=202, summary="Import what was previewed")
def confirm_import(
    import_id: str, session: Db, who: Who, now: Now, words: Confirmation | None = None
) -> ImportBegun:
    """The file is not uploaded again. The answer is a new import, with an id of its own.

    `columns` says how some are read. 409 where the file was confirmed or let go, or is a day old.
    """
    said = words.columns if words else {}
    chosen = {name: column_change.model_dump(mode="json") for name, column_change in said.items()}
    row = previewing.confirm(session, import_id, chosen=chosen, by=who.name, now=now)
    return ImportBegun(id=row.id, status="running")


@router.post("/imports/{import_id}/cancel", summary="Let go of what was previewed")
def cancel_import(import_id: str, request: Request, session: Db, who: Who, now: Now) -> ImportOut:
    """Nothing is taken from the file, and it is removed. Left alone, that happens after a day."""
    folder = request.app.state.house.imports
    return _shown(previewing.let_go(session, import_id, folder, now=now), who)


@router.get(
    "/imports/{import_id}/refused",
    summary="The lines that were refused",
    responses=_REFUSED,
    response_class=StreamingResponse,
)
def get_refused(import_id: str, request: Request, session: Db) -> Response:
    """NDJSON: each refused line with its number, its reason and what it said."""
    store.import_of(session, import_id)
    lines = imports.refused_lines(request.app.state.database, import_id)
    return StreamingResponse(lines, media_type="application/x-ndjson")


@router.get(
    "/imports/{import_id}/notes",
    summary="The cells that were noted",
    responses=_NOTED,
    response_class=StreamingResponse,
)
def get_notes(import_id: str, request: Request, session: Db) -> Response:
    """NDJSON: cells of ours that were left empty, and cells that do not fit their column."""
    store.import_of(session, import_id)
    lines = noting.note_lines(request.app.state.database, import_id)
    return StreamingResponse(lines, media_type="application/x-ndjson")


def _shown(row: Import, who: Principal) -> ImportOut:
    """Cells are people's: whoever may not read addresses sees none."""
    answer = ImportOut.model_validate(row, from_attributes=True)
    if not row.is_look:
        return answer.model_copy(update={"columns": None})
    if not who.sees_addresses:
        columns = [one | {"examples": []} for one in row.columns or ()]
        return answer.model_copy(update={"columns": columns or None})
    return answer


def _format_of(request: Request) -> Literal["csv", "ndjson"]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _FORMATS:
        raise Invalid.at(
            "content-type", "Say what the file is: Content-Type text/csv or application/x-ndjson."
        )
    return _FORMATS[kind]

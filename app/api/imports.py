"""Imports: files of people, streamed in, and every line accounted for."""

from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from app.api.address import PREFIX
from app.api.import_shapes import (
    FILE,
    NOTED,
    REFUSED,
    REFUSED_CSV,
    Confirmation,
    ImportBegun,
    ImportOut,
)
from app.api.once import OnceRoute
from app.api.uploads import pieces
from app.audience import confirming, imports, noting, refused_lines, store
from app.audience.models import Import
from app.audience.own import OWN, REQUIRED
from app.audience.schemas import FileWords
from app.identity import requests_noted
from app.identity.callers import Principal
from app.identity.guard import Db, Now, Who
from app.platform.errors import Invalid

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
`POST /imports/{{id}}/confirm` within a day imports it without another upload, and
`POST /imports/{{id}}/look` reads it once more, as you say.

Columns: {_COLUMNS}; every other column is the person's data. Where no heading names the addresses,
the column that holds them is found by its cells.

A column that says who opted out elsewhere (`unsubscribed`, `opt_out`, `do not contact`, `consent`
with a no, `status` with unsubscribed; also in German, French and Spanish) puts those people on the
do-not-mail list, and stays their column, too. `opt_outs=ignore` leaves it at that.
"""
_OptOuts = Annotated[
    Literal["suppress", "ignore"],
    Query(description="what becomes of people who opted out elsewhere, as a column says"),
]
_Dry = Annotated[bool, Query(description="only say what an import would do")]


@streamed.post(
    "/audiences/{audience_id}/imports",
    status_code=202,
    summary="Import a file of people",
    description=_TAKEN,
    openapi_extra=FILE,
)
async def begin_import(
    *,
    audience_id: str,
    request: Request,
    who: Who,
    now: Now,
    dry_run: _Dry = False,
    opt_outs: _OptOuts = "suppress",
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
            by_id=who.user_id,
            now=now,
            is_look=dry_run,
            words=FileWords(opt_outs=opt_outs),
        )
    await run_in_threadpool(
        requests_noted.done, request, who, audience_id, import_id=row.id, opt_outs=opt_outs
    )
    return ImportBegun(id=row.id, status="running")


@router.get("/imports/{import_id}", summary="How far an import is")
def get_import(import_id: str, session: Db, who: Who) -> ImportOut:
    """`rows` counts data lines. `error` says why a file could not be read at all."""
    return _shown(store.import_of(session, import_id), who)


@router.post("/imports/{import_id}/confirm", status_code=202, summary="Import what was previewed")
def confirm_import(
    *,
    import_id: str,
    request: Request,
    session: Db,
    who: Who,
    now: Now,
    words: Confirmation | None = None,
) -> ImportBegun:
    """The file is not uploaded again. The answer is a new import, with an id of its own.

    `columns` says of some what they become, how they are read, and whether they say who opted out.
    409 where the file was confirmed or let go, or is a day old.
    """
    row = confirming.confirm(
        session, import_id, words=words or Confirmation(), folder=_folder(request), by=who.name,
        by_id=who.user_id, now=now,
    )  # fmt: skip
    return ImportBegun(id=row.id, status="running")


@router.post("/imports/{import_id}/look", status_code=202, summary="Look at a file once more")
def look_again(
    import_id: str, words: Confirmation, request: Request, session: Db, now: Now
) -> ImportBegun:
    """Read as you say: other columns, another separator. It ends as `previewed` again.

    Also of a file that `failed` because no column was known to hold the addresses.
    """
    row = confirming.look_again(session, import_id, words=words, folder=_folder(request), now=now)
    return ImportBegun(id=row.id, status="running")


@router.post("/imports/{import_id}/cancel", summary="Let go of what was previewed")
def cancel_import(import_id: str, request: Request, session: Db, who: Who, now: Now) -> ImportOut:
    """Nothing is taken from the file, and it is removed. Left alone, that happens after a day."""
    return _shown(confirming.let_go(session, import_id, _folder(request), now=now), who)


@router.get(
    "/imports/{import_id}/refused",
    summary="The lines that were refused",
    responses=REFUSED,
    response_class=StreamingResponse,
)
def get_refused(import_id: str, request: Request, session: Db) -> Response:
    """NDJSON: each refused line with its number, its reason and what it said."""
    store.import_of(session, import_id)
    lines = refused_lines.as_ndjson(request.app.state.database, import_id)
    return StreamingResponse(lines, media_type="application/x-ndjson")


@router.get(
    "/imports/{import_id}/refused.csv",
    summary="The same as a file to mend",
    responses=REFUSED_CSV,
    response_class=StreamingResponse,
)
def get_refused_csv(import_id: str, request: Request, session: Db) -> Response:
    """CSV with the columns of the file; mended, it can be imported. Two more say line and reason.

    An import leaves these two out.
    """
    record = store.import_of(session, import_id)
    lines = refused_lines.as_csv(request.app.state.database, record)
    return StreamingResponse(lines, media_type="text/csv")


@router.get(
    "/imports/{import_id}/notes",
    summary="The cells that were noted",
    responses=NOTED,
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


def _folder(request: Request) -> Path:
    folder: Path = request.app.state.house.imports
    return folder


def _format_of(request: Request) -> Literal["csv", "ndjson"]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _FORMATS:
        raise Invalid.at(
            "content-type", "Say what the file is: Content-Type text/csv or application/x-ndjson."
        )
    return _FORMATS[kind]

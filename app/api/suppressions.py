"""Suppressions: addresses that get no mail."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import StreamingResponse

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, Sort, listed
from app.audience import declined_store, suppression_file, suppression_store
from app.audience.models import Declined, Suppression
from app.audience.schemas import SuppressionDraft
from app.experiments.vocabulary import MailKind
from app.identity import audit
from app.identity.guard import Db, Now, Who
from app.platform.db import Database
from app.platform.listing import Asked
from app.platform.texts import Document

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Suppressions"])

_EXAMPLE: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "email": "ann@example.com",
    "reason": "asked by telephone",
    "created_at": "2026-11-22T08:00:00Z",
}


_TAKEN: dict[str, Any] = {
    "added": 598,
    "known": 2,
    "undated": 0,
    "refused": [{"line": 7, "why": "This address cannot be used: it has no @."}],
}
_DECLINED: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "email": "ann@example.com",
    "mail_kind": "offers",
    "created_at": "2026-11-22T08:00:00Z",
}
_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The list."}
}


class SuppressionOut(BaseModel):
    """An address that gets no mail, and why."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: str
    email: str
    reason: str
    created_at: datetime


class SuppressionFile(Document):
    """A do-not-mail list as text."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"csv": "ann@example.com\n"}]})

    csv: str


class RefusedOut(BaseModel):
    """A line that was not taken."""

    line: int
    why: str


class TakenOut(BaseModel):
    """What became of the lines. `undated`: their day could not be read, and they count from now."""

    model_config = ConfigDict(json_schema_extra={"example": _TAKEN})

    added: int
    known: int
    undated: int
    refused: list[RefusedOut]


class DeclinedOut(BaseModel):
    """A kind of mail that somebody gets no more: see `mail_kind` of an experiment."""

    model_config = ConfigDict(json_schema_extra={"example": _DECLINED})

    id: str
    email: str
    mail_kind: str
    created_at: datetime


@router.post("/suppressions", status_code=201, summary="Send an address nothing any more")
def add_suppression(draft: SuppressionDraft, session: Db, who: Who, now: Now) -> SuppressionOut:
    """In force at once, for every experiment. Said twice, the first stands."""
    return _shown(
        suppression_store.suppress(session, draft.email, draft.reason, by=who.name, now=now)
    )


@router.get("/suppressions", summary="List suppressions")
def list_suppressions(
    *, session: Db, sort: Sort = "", cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[SuppressionOut]:
    """Newest first, or by `since`, `address`, `why`."""
    every, asked = suppression_store.EVERY, Asked(sort=sort, cursor=cursor)
    rows = suppression_store.LISTING.part(session, every, asked, limit=limit)
    return listed(rows, _shown)


@router.get(
    "/suppressions/file",
    summary="Download the do-not-mail list",
    response_class=StreamingResponse,
    responses=_CSV,
)
def download(request: Request, session: Db) -> StreamingResponse:  # noqa: ARG001 - notes who
    """As CSV, newest first: email, kind (empty: no mail at all), reason, since."""
    lines = _lines(request.app.state.house.database)
    headers = {"Content-Disposition": 'attachment; filename="do-not-mail.csv"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/suppressions/file", summary="Put many addresses on the do-not-mail list")
def upload(draft: SuppressionFile, session: Db, who: Who, now: Now) -> TakenOut:
    """A CSV of 5 MB at most, as it is downloaded, or with one address on each line.

    Whoever is on the list already stays as they are: the same file twice changes nothing. Lines
    that cannot be taken say why; all others are.
    """
    taken = suppression_file.take(session, draft.csv, kinds=list(MailKind), by=who.name, now=now)
    audit.tell(session, added=taken.added, known=taken.known, refused=len(taken.refused))
    return TakenOut(
        added=taken.added,
        known=taken.known,
        undated=taken.undated,
        refused=[RefusedOut(line=one.line, why=one.why) for one in taken.refused],
    )


@router.get("/suppressions/kinds", summary="List kinds of mail that people turned off")
def list_declined(
    session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[DeclinedOut]:
    """Newest first. Mail of every other kind still reaches them."""
    return listed(declined_store.listed(session, cursor=cursor, limit=limit), _declined)


@router.delete(
    "/suppressions/kinds/{declined_id}", status_code=204, summary="Turn a kind of mail on again"
)
def lift_declined(declined_id: str, session: Db) -> None:
    """Mail of this kind may go to this address again."""
    declined_store.lift(session, declined_id)


@router.delete("/suppressions/{suppression_id}", status_code=204, summary="Lift a suppression")
def lift_suppression(suppression_id: str, session: Db) -> None:
    """Mail may go to this address again."""
    suppression_store.lift(session, suppression_id)


def _declined(row: Declined) -> DeclinedOut:
    return DeclinedOut(
        id=row.id, email=row.email_key, mail_kind=row.mail_kind, created_at=row.created_at
    )


def _lines(database: Database) -> Iterator[str]:
    with database.read() as session:
        yield from suppression_file.written(session)


def _shown(row: Suppression) -> SuppressionOut:
    return SuppressionOut(
        id=row.id, email=row.email_key, reason=row.reason, created_at=row.created_at
    )

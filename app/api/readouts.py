"""What came of an experiment: progress, readout, decision, and the raw rows behind them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response, StreamingResponse

from app.analysis import export, raw_rows, readout
from app.analysis.readout_types import Readout
from app.api.address import PREFIX
from app.api.experiments import DecisionOut
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, Sort, listed
from app.delivery import person_store, progress
from app.delivery.models import Send, State
from app.delivery.progress import Progress
from app.experiments import store
from app.identity.guard import Db, Now, Who
from app.links.token import NOBODY
from app.platform.db import Database
from app.platform.listing import Asked
from app.review import decisions
from app.review.schemas import DecisionDraft
from app.tracking.models import Hit

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Readouts"])

_SEND: dict[str, Any] = {
    "send_id": "5927363548123",
    "arm": "insight",
    "person_id": "1f0c3m8k2tq5w7x9z0ab",
    "email": "ann@example.com",
    "state": "sent",
    "attempts": 1,
    "released_at": "2026-11-22T08:00:03Z",
    "accepted_at": "2026-11-22T08:00:04Z",
    "settled_at": "2026-11-22T08:00:04Z",
    "relay": "mail.example.com:587",
    "last_reply": "250 2.0.0 queued",
    "rehearsal": False,
}
_HIT: dict[str, Any] = {
    "id": "17",
    "send_id": "5927363548123",
    "arm": "insight",
    "kind": "click",
    "link": 0,
    "at": "2026-11-22T08:10:00Z",
    "method": "GET",
    "user_agent": "Mozilla/5.0",
    "verdict": "human",
    "rule": "R15",
    "rule_version": "1",
    "reason": "Nothing speaks for a machine.",
    "count": 1,
    "rehearsal": False,
}
_EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One line per send: " + ", ".join(export.COLUMNS) + ".",
        "content": {
            kind: {"schema": {"type": "string"}} for kind in ("text/csv", "application/x-ndjson")
        },
    }
}
_Format = Annotated[Literal["csv", "ndjson"], Query(description="how the file is written")]


class SendOut(BaseModel):
    """One mail to one person; of a `rehearsal` it reached nobody. `relay`: who carried it last.

    Ids are text: too long for JavaScript's numbers.
    """

    model_config = ConfigDict(json_schema_extra={"example": _SEND})

    send_id: str
    arm: str
    person_id: str
    email: str
    state: State
    attempts: int
    released_at: datetime | None
    accepted_at: datetime | None
    settled_at: datetime | None
    relay: str | None
    last_reply: str | None
    rehearsal: bool


class HitOut(BaseModel):
    """One answered request and who was behind it.

    Past 100 in a minute or 1,000 of one mail, requests are only counted: at the end of the list
    stands one for each hour, link and method, at its beginning, with their `count`, rule `R00`.
    `send_id` is null where nobody may be attached: they asked not to be tracked.
    """

    model_config = ConfigDict(json_schema_extra={"example": _HIT})

    id: str
    send_id: str | None
    arm: str
    kind: Literal["click", "open"]
    link: int
    at: datetime
    method: str
    user_agent: str
    verdict: str
    rule: str
    rule_version: str
    reason: str
    count: int
    rehearsal: bool


@router.get("/experiments/{experiment_id}/progress", summary="How far the send is")
def get_progress(experiment_id: str, session: Db, now: Now) -> Progress:
    """The states are disjoint and add up to `enrolled`.

    Before a launch starts, every mail is composed once, and nobody is mailed: `looked_at` of
    `to_look_at` people so far. Afterwards both are null.

    `fell_away` counts people whose mail could be written when it was launched, and could not at the
    start: they are left out. While it waits for its time it says who would be.

    `later` of those queued are tried at a later moment, the last of them at `later_until`: a rate
    holds them up, or a mail server put them off. `outside_hours` of those wait for the hours in
    which they are mailed (`hours` of the design); those of the last begin at `outside_hours_until`.
    """
    experiment = store.experiment_of(session, experiment_id)
    return progress.progress_of(session, experiment, now=now)


@router.get("/experiments/{experiment_id}/readout", summary="What came of it")
def get_readout(experiment_id: str, request: Request, session: Db, now: Now) -> Readout:
    """Counts, the estimate with its interval, guardrails, and the call in a sentence."""
    row = store.experiment_of(session, experiment_id)
    return readout.readout_of(session, row, now=now, zone=request.app.state.settings.zone)


@router.post("/experiments/{experiment_id}/decision", status_code=201, summary="Decide")
def decide(
    *, experiment_id: str, draft: DecisionDraft, request: Request, session: Db, who: Who, now: Now
) -> DecisionOut:
    """Build, iterate or stop, with what was learned. Nobody else is mailed from here on."""
    row = store.experiment_of(session, experiment_id)
    zone = request.app.state.settings.zone
    kept = decisions.decide(session, row, draft, by=who.name, now=now, zone=zone)
    return DecisionOut.model_validate(kept)


@router.get("/experiments/{experiment_id}/sends", summary="List the mails")
def list_sends(
    *,
    experiment_id: str,
    session: Db,
    state: Annotated[State | None, Query(description="only these")] = None,
    sort: Sort = "",
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Listed[SendOut]:
    """One per person enrolled, in the order of their ids; or sorted as on the page."""
    experiment = store.experiment_of(session, experiment_id)
    asked = Asked(sort=sort, cursor=cursor, chosen={"state": state or ""})
    rows = (
        raw_rows.sends(session, raw_rows.SENDS, experiment_id, asked, limit=limit)
        if sort
        else person_store.sends_page(
            session, experiment_id, cursor=cursor, limit=limit, state=state
        )
    )
    return listed(rows, lambda row: _send(*row, rehearsal=experiment.rehearsal))


@router.get("/experiments/{experiment_id}/hits", summary="List the raw hits")
def list_hits(
    *,
    experiment_id: str,
    session: Db,
    who: Who,
    sort: Sort = "",
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Listed[HitOut]:
    """Every answered request, whoever was behind it, in the order of arrival.

    At the end, those of a flood that are only counted, by the hour. Or sorted as on the page.
    """
    experiment = store.experiment_of(session, experiment_id)
    hits = raw_rows.HITS if who.sees_addresses else raw_rows.HITS.without(*raw_rows.ADDRESSES)
    rows = raw_rows.hits(session, hits, experiment_id, Asked(sort=sort, cursor=cursor), limit=limit)
    return listed(rows, lambda row: _hit(row, rehearsal=experiment.rehearsal))


@router.get(
    "/experiments/{experiment_id}/export",
    summary="Export every mail and what came of it",
    responses=_EXPORTED,
    response_class=StreamingResponse,
)
def get_export(
    experiment_id: str,
    request: Request,
    session: Db,
    format: _Format = "csv",  # noqa: A002  # the contract's word
) -> Response:
    """Line by line, for your own tools. Cells that a spreadsheet would run are escaped in CSV."""
    store.experiment_of(session, experiment_id)
    lines = _lines(request.app.state.database, experiment_id, format)
    kind = "text/csv; charset=utf-8" if format == "csv" else "application/x-ndjson"
    name = f'attachment; filename="sends-{experiment_id}.{format}"'
    return StreamingResponse(lines, media_type=kind, headers={"Content-Disposition": name})


def _lines(database: Database, experiment_id: str, written: str) -> Iterator[str]:
    """With a session of its own: the request's is closed while an answer streams."""
    lines = export.csv_lines if written == "csv" else export.ndjson_lines
    with database.read() as session:
        yield from lines(session, experiment_id)


def _send(row: Send, email: str, *, rehearsal: bool) -> SendOut:
    return SendOut(
        send_id=str(row.id),
        arm=row.arm,
        person_id=row.person_id,
        email=email,
        state=State(row.state),
        attempts=row.attempts,
        released_at=row.released_at,
        accepted_at=row.accepted_at,
        settled_at=row.settled_at,
        relay=row.relay,
        last_reply=row.last_reply,
        rehearsal=rehearsal,
    )


def _hit(row: Hit, *, rehearsal: bool) -> HitOut:
    whose = None if row.send_id == NOBODY else str(row.send_id)
    ids = {"id": str(row.id or row.segment_id), "send_id": whose, "rehearsal": rehearsal}
    own = {name: getattr(row, name) for name in HitOut.model_fields if name not in ids}
    return HitOut.model_validate(ids | own)

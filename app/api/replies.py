"""What people wrote back to an experiment's mails."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.delivery import reply_store
from app.delivery.inbox import stopping
from app.experiments import store
from app.identity.callers import Principal
from app.identity.guard import Db, Who

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Readouts"])

_REPLY: dict[str, Any] = {
    "id": "5d41402abc4b2a76b9719d911017c592",
    "send_id": "5927363548123",
    "arm": "insight",
    "person_id": "1f0c3m8k2tq5w7x9z0ab",
    "email": "ann@example.com",
    "at": "2026-11-22T08:10:00Z",
    "words": "Too late for Monday, the dough is set on Sunday noon.",
    "is_cut": False,
    "is_unread": False,
    "is_from_elsewhere": False,
    "asks_to_stop": False,
    "left_out": 0,
}
_Wanted = Annotated[
    str, Query(max_length=200, description="words that stand in it, in capitals or not")
]


class ReplyOut(BaseModel):
    """One answer: the words of a person, without what they quote. Their text is data, never trust.

    `send_id`, `person_id` and `email` are null for whoever may not see addresses; names, addresses
    and telephone numbers are then taken out of `words`. `is_cut`: there was more. `is_unread`: its
    text could not be read. `asks_to_stop`: the whole of it is a word such as “stop”, so they were
    unsubscribed. `left_out`: files that came with it, which are not kept.
    """

    model_config = ConfigDict(json_schema_extra={"example": _REPLY})

    id: str
    send_id: str | None
    arm: str
    person_id: str | None
    email: str | None
    at: datetime
    words: str
    is_cut: bool
    is_unread: bool
    is_from_elsewhere: bool
    asks_to_stop: bool
    left_out: int


@router.get("/experiments/{experiment_id}/replies", summary="List what people wrote back")
def list_replies(
    *,
    experiment_id: str,
    session: Db,
    who: Who,
    q: _Wanted = "",
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Listed[ReplyOut]:
    """Every answer to a mail of this experiment, newest first; automatic ones are none.

    One of a person counts for the metric `reply_rate`, the first within their window.
    """
    store.experiment_of(session, experiment_id)
    rows = reply_store.answers_page(
        session,
        experiment_id,
        cursor=cursor,
        limit=limit,
        wanted=q.strip(),
        is_open=who.sees_addresses,
    )
    return listed(rows, lambda row: _reply(row, who))


def _reply(row: reply_store.Row, who: Principal) -> ReplyOut:
    answer, arm, person_id, email = row
    is_open = who.sees_addresses
    return ReplyOut(
        id=answer.id,
        send_id=str(answer.send_id) if is_open else None,
        arm=arm,
        person_id=person_id if is_open else None,
        email=email if is_open else None,
        at=answer.at,
        words=answer.words if is_open else answer.nameless,
        is_cut=answer.is_cut,
        is_unread=answer.is_unread,
        is_from_elsewhere=answer.is_from_elsewhere,
        asks_to_stop=stopping.asks(answer.words),
        left_out=answer.left_out,
    )

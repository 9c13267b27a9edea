"""What one was told, and what of it comes by mail."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.identity import news
from app.identity.callers import Principal
from app.identity.guard import Db, Now, Who
from app.identity.models import News
from app.outreach import notifying
from app.outreach.notice_kinds import KINDS, Name
from app.platform.errors import Conflict
from app.platform.texts import Document

router = APIRouter(prefix=f"{PREFIX}/notices", route_class=OnceRoute, tags=["Notices"])

_NOTICE: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0al",
    "kind": "verdict",
    "sentence": "“Waste in euros”: validated. Validated: 60 of 600 people clicked, 48 were needed.",
    "href": "/experiments/1f0c3m8k2tq5w7x9z0ab/readout",
    "at": "2026-11-22T08:00:00Z",
    "read_at": None,
}

_KIND: dict[str, Any] = {
    "kind": "verdict",
    "label": "A verdict falls, or changes",
    "by_mail": True,
}


class NoticeOut(BaseModel):
    """One thing that whoever made the token was told. `href`: the page that it leads to."""

    model_config = ConfigDict(json_schema_extra={"example": _NOTICE})

    id: str
    kind: Name
    sentence: str
    href: str
    at: datetime
    read_at: datetime | None


class NoticeKindOut(BaseModel):
    """A kind of notice, and whether it comes by mail, too."""

    model_config = ConfigDict(json_schema_extra={"example": _KIND})

    kind: Name
    label: str
    by_mail: bool


class NoticeKindsOut(BaseModel):
    """Every kind there is."""

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_KIND]}})

    items: list[NoticeKindOut]


class NoticeChoiceDraft(Document):
    """Whether a kind comes by mail."""

    model_config = ConfigDict(json_schema_extra={"example": {"by_mail": False}})

    by_mail: bool


@router.get("", summary="List what you were told")
def list_notices(
    *, session: Db, who: Who, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[NoticeOut]:
    """What whoever made the token was told, newest first; empty for a token that nobody made."""
    return listed(news.page(session, who.user_id, cursor=cursor, limit=limit), _shown)


@router.get("/kinds", summary="List kinds of notices")
def list_notice_kinds(session: Db, who: Who) -> NoticeKindsOut:
    """Every kind, and whether it comes to you by mail."""
    chosen = notifying.by_mail(session, who.user_id or "")
    return NoticeKindsOut(
        items=[
            NoticeKindOut(kind=kind.name, label=kind.label, by_mail=chosen[kind.name])
            for kind in KINDS.values()
        ]
    )


@router.put("/kinds/{kind}", summary="Choose whether a kind comes by mail")
def put_notice_kind(kind: Name, draft: NoticeChoiceDraft, session: Db, who: Who) -> NoticeKindOut:
    """It stands behind the bell in either case."""
    news.choose(session, _somebody(who), {kind: draft.by_mail})
    return NoticeKindOut(kind=kind, label=KINDS[kind].label, by_mail=draft.by_mail)


@router.post("/read", status_code=204, summary="Mark all notices as read")
def read_notices(session: Db, who: Who, now: Now) -> None:
    """Nothing is new any more."""
    news.read_all(session, who.user_id, now=now)


@router.post("/{notice_id}/read", summary="Mark a notice as read")
def read_notice(notice_id: str, session: Db, who: Who, now: Now) -> NoticeOut:
    """Read twice, it keeps the first moment."""
    return _shown(news.read(session, who.user_id, notice_id, now=now))


def _somebody(who: Principal) -> str:
    if who.user_id is None:
        raise Conflict("Nobody who logs in made this token, so nobody is told anything by it.")
    return who.user_id


def _shown(row: News) -> NoticeOut:
    return NoticeOut(
        id=row.id,
        kind=Name(row.kind),
        sentence=row.sentence,
        href=row.href,
        at=row.at,
        read_at=row.read_at,
    )

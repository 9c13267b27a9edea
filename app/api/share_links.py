"""Links by which somebody without a log-in reads one readout."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.experiments import store
from app.identity import share_links
from app.identity.guard import Db, Now, Who
from app.identity.models import ShareLink
from app.platform.texts import Document
from app.review import sharing

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Readouts"])

_LINK: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0al",
    "url": None,
    "hint": "Qm3xV9",
    "created_by": "Ann",
    "created_at": "2026-11-22T08:00:00Z",
    "expires_at": "2026-12-22T08:00:00Z",
}


class ShareLinkDraft(Document):
    """How long a link lasts."""

    model_config = ConfigDict(json_schema_extra={"example": {"days": share_links.USUAL_DAYS}})

    days: Annotated[int, Field(ge=1, le=share_links.MOST_DAYS)] = share_links.USUAL_DAYS


class ShareLinkOut(BaseModel):
    """A link that is open."""

    model_config = ConfigDict(json_schema_extra={"example": _LINK})

    id: str
    url: str | None = Field(description="told once, when it is made; null ever after")
    hint: str = Field(description="the first characters of its secret")
    created_by: str
    created_at: datetime
    expires_at: datetime


@router.post("/experiments/{experiment_id}/share-links", status_code=201, summary="Share a readout")
def add_share_link(
    *, experiment_id: str, draft: ShareLinkDraft, request: Request, session: Db, who: Who, now: Now
) -> ShareLinkOut:
    """Whoever has the link reads this readout, and nothing else, until it ends.

    Once the first mail has left (else 409).
    """
    made = sharing.share(session, experiment_id, days=draft.days, by=who, now=now)
    return _shown(made.row, f"{request.app.state.settings.public_url}/r/{made.secret}")


@router.get("/experiments/{experiment_id}/share-links", summary="List links to a readout")
def list_share_links(
    *, experiment_id: str, session: Db, now: Now, cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Listed[ShareLinkOut]:  # fmt: skip
    """Those that are open, newest first."""
    store.experiment_of(session, experiment_id)
    rows = share_links.page(session, experiment_id, cursor=cursor, limit=limit, now=now)
    return listed(rows, _shown)


@router.delete(
    "/experiments/{experiment_id}/share-links/{link_id}", status_code=204, summary="End a link"
)
def end_share_link(experiment_id: str, link_id: str, session: Db, now: Now) -> None:
    """It opens nothing from now on."""
    share_links.revoke(session, experiment_id, link_id, now=now)


def _shown(row: ShareLink, url: str | None = None) -> ShareLinkOut:
    return ShareLinkOut(
        id=row.id,
        url=url,
        hint=row.hint,
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )

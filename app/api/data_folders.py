"""Data folders: where machines journal clicks, how far each is read, and the way out for one."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.identity.guard import Db, Now, Who
from app.tracking import alike, folder_rows, folders
from app.tracking.folders import FolderState
from app.tracking.models import DataFolder

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Data folders"])

_EXAMPLE: dict[str, Any] = {
    "id": "9f86d081884c7d65",
    "name": "web-2",
    "host": "web-2",
    "path": "/srv/thinslice-data",
    "state": "silent",
    "wrong": None,
    "ingested_until": "2026-11-27T14:02:55Z",
    "seen_at": "2026-11-27T14:03:00Z",
    "lost_clicks": 0,
    "lost_clicks_seen": 0,
    "lost_since": None,
    "lost_until": None,
    "retired_at": None,
    "retired_by": None,
}


class DataFolderOut(BaseModel):
    """One machine's folder. Clicks that it answered before `ingested_until` are counted."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: str
    name: str
    host: str
    path: str
    state: FolderState
    wrong: str | None  # what somebody must mend: a copy of it lives, or it has other settings
    ingested_until: datetime | None
    seen_at: datetime
    lost_clicks: int
    lost_clicks_seen: int  # those that somebody has taken note of
    lost_since: datetime | None  # from when …
    lost_until: datetime | None  # … to when they were answered
    retired_at: datetime | None
    retired_by: str | None


@router.get("/data-folders", summary="List data folders")
def list_data_folders(
    session: Db, now: Now, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[DataFolderOut]:
    """All of them, the oldest first."""
    shown = _shower(session, now=now)
    return listed(folder_rows.page(session, cursor=cursor, limit=limit), shown)


@router.post("/data-folders/{folder_id}/retire", summary="Wait no longer for a data folder")
def retire_data_folder(folder_id: str, session: Db, who: Who, now: Now) -> DataFolderOut:
    """For a machine that is gone for good: what it answered and nobody read is lost.

    Refused (409) while its ingester is alive. A folder that comes back is waited for again.
    """
    row = folders.retire(session, folder_id, by=who.name, now=now)
    return _shower(session, now=now)(row)


@router.post("/data-folders/{folder_id}/acknowledge", summary="Take note of lost clicks")
def acknowledge_losses(folder_id: str, session: Db, now: Now) -> DataFolderOut:
    """`thinslice doctor` tells them no more; the readouts of that time go on saying it.

    Refused (409) where there are none, or somebody has done so already.
    """
    row = folders.acknowledge(session, folder_id)
    return _shower(session, now=now)(row)


def _shower(session: Session, *, now: datetime) -> Callable[[DataFolder], DataFolderOut]:
    """Shows folders, with what is asked once of all of them."""
    names, losses = folders.labels(session), folder_rows.losses(session)
    wrong = alike.wrong(folder_rows.folders(session), now=now)
    return lambda row: _shown(row, names[row.id], losses.get(row.id), wrong.get(row.id), now=now)


def _shown(
    row: DataFolder,
    name: str,
    lost: tuple[datetime, datetime] | None,
    wrong: str | None,
    *,
    now: datetime,
) -> DataFolderOut:
    return DataFolderOut(
        id=row.id,
        name=name,
        host=row.host,
        path=row.path,
        state=folders.state_of(row, now=now),
        wrong=wrong,
        ingested_until=row.ingested_until,
        seen_at=row.seen_at,
        lost_clicks=row.lost,
        lost_clicks_seen=row.lost_seen,
        lost_since=lost[0] if lost else None,
        lost_until=lost[1] if lost else None,
        retired_at=row.retired_at,
        retired_by=row.retired_by or None,
    )

"""Data folders: how far the clicks of each machine are read, and the way out for one."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from app.identity.guard import Db, Now, Who
from app.tracking import alike, folder_rows, folders
from app.tracking.folders import FolderState
from app.tracking.models import DataFolder
from app.web.kit.pages import Page, go, render

router = APIRouter(prefix="/data-folders")


@dataclass(frozen=True, slots=True)
class Row:
    """One folder as the page shows it."""

    name: str
    state: str
    folder: DataFolder
    can_retire: bool
    wrong: str  # what somebody must mend
    not_kept: tuple[datetime, datetime] | None  # from when to when hits were not kept


@dataclass(frozen=True, kw_only=True)
class DataFoldersPage(Page):
    """Who is waited for before anything is final."""

    template: ClassVar[str] = "admin/data_folders.html"
    section: ClassVar[str] = "data-folders"

    rows: list[Row]


@router.get("")
def listed(request: Request, session: Db, now: Now) -> HTMLResponse:
    """All of them, the oldest first."""
    names, losses = folders.labels(session), folder_rows.losses(session)
    found = folder_rows.folders(session)
    wrong = alike.wrong(found, now=now)
    rows = []
    for folder in found:
        state = folders.state_of(folder, now=now)
        gone = state in {FolderState.SILENT, FolderState.STOPPED}
        mend, when = wrong.get(folder.id, ""), losses.get(folder.id)
        rows.append(Row(names[folder.id], state, folder, gone, mend, when))
    return render(request, DataFoldersPage(rows=rows))


@router.post("/{folder_id}/retire")
def retire(session: Db, who: Who, now: Now, folder_id: str) -> Response:
    """Wait for it no longer."""
    folders.retire(session, folder_id, by=who.name, now=now)
    return go("/data-folders", said="retired")


@router.post("/{folder_id}/acknowledge")
def acknowledge(session: Db, folder_id: str) -> Response:
    """Take note of what could not be kept."""
    folders.acknowledge(session, folder_id)
    return go("/data-folders", said="noted")

"""Data folders: each says in the database up to which moment its hits are rows.

Whoever makes something final asks for that moment, never for the time. A folder registers before
it answers its first click; its ingester reports while it reads and while it is idle. The moments
of a row are compared with another machine's: all go by the database's clock.

A folder that was copied has its id twice. Whoever speaks for an id says where its folder is; from
another place nothing counts as read for a minute, in which whoever spoke before answers if it
lives. A place that answers so shows that there are two, and nothing is final until one is silent.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlmodel import Session

from app.platform.errors import Conflict, NotFound
from app.tracking import folder_rows
from app.tracking.models import DataFolder, LostHits

SILENT_AFTER = timedelta(minutes=1)  # an ingester lives that says something now and then
BEHIND_AFTER = timedelta(minutes=1)  # younger clicks wait on a busy machine, too


class FolderState(StrEnum):
    """How a data folder is."""

    READ = "read"  # its clicks are in, but for the last seconds'
    READING = "reading"  # it lives, and lags behind
    COPIED = "copied"  # two living folders have its id: nobody can say what is read
    SILENT = "silent"  # nothing is heard of it: its clicks may wait there
    STOPPED = "stopped"  # it was stopped in order, all its clicks read
    RETIRED = "retired"  # it is gone for good


@dataclass(frozen=True, slots=True)
class Folder:
    """The data folder of this process."""

    id: str
    path: Path
    place: str = ""  # of the file that holds the id; a copy has another
    settings: str = ""  # prints of what this process is set to

    @property
    def host(self) -> str:
        """The machine that it is on."""
        return socket.gethostname()


def register(session: Session, folder: Folder, *, is_empty: bool, lost: int, now: datetime) -> None:
    """Make a folder known before it answers; `is_empty`: it holds no hit from before."""
    held = _held(session, folder, ingested_until=now if is_empty else None, lost=lost, now=now)
    _heard(held, folder, now=now)
    held.host, held.path, held.drained = folder.host, str(folder.path.resolve()), False
    session.add(held)


def report(
    session: Session,
    folder: Folder,
    *,
    until: datetime | None,
    lost: int,
    drained: bool,
    now: datetime,
) -> str:
    """Say that the ingester lives and, where it has read everything, up to which moment.

    Not only ever later: a clock that was set back stamps the hits to come earlier, too.
    What is wrong with the folder, in words; "" where nothing is.
    """
    held = _held(session, folder, ingested_until=None, lost=lost, now=now)
    _heard(held, folder, now=now)
    if held.moved_at is not None:  # there may be two, and each counts its own losses
        lost = max(lost, held.lost)
    if lost > held.lost:
        since = min(held.seen_at, now)
        session.add(LostHits(folder_id=held.id, since=since, until=now, hits=lost - held.lost))
    held.lost, held.seen_at, held.drained = lost, now, drained and not held.is_copied
    held.lost_seen = min(held.lost_seen, lost)  # a folder that was emptied counts from nought again
    if until is not None and held.moved_at is None:
        held.ingested_until = until
        folder_rows.forget_found(session, folder.id, until=until)
    session.add(held)
    return copied_in_words(held, now=now)


def is_silent(row: DataFolder, *, now: datetime) -> bool:
    """Nothing was heard of its ingester for a while."""
    return now - row.seen_at > SILENT_AFTER


def copied_in_words(row: DataFolder, *, now: datetime) -> str:
    """That a folder and its copy both live, and what to do; "" where it is one."""
    if state_of(row, now=now) is not FolderState.COPIED:
        return ""
    name = f"{row.host}:{row.path}"
    two = f"{name} twice" if row.other_name == name else f"{row.other_name} and {name}"
    return (
        f"Two machines run on copies of one data folder: {two}. No result is final meanwhile. Stop"
        " the one that is the copy, delete the file `folder-id` in its data folder, and start it"
        " again: it becomes a folder of its own, and the clicks in its journal are read, each once."
    )


def is_behind(row: DataFolder, *, now: datetime) -> bool:
    """Clicks wait there that are older than those which always do."""
    return row.ingested_until is None or now - row.ingested_until > BEHIND_AFTER


def state_of(row: DataFolder, *, now: datetime) -> FolderState:
    """How a folder is, for whoever looks after it."""
    if row.retired_at is not None:
        return FolderState.RETIRED
    if is_silent(row, now=now):
        return FolderState.STOPPED if row.drained else FolderState.SILENT
    if row.is_copied:
        return FolderState.COPIED
    return FolderState.READING if is_behind(row, now=now) else FolderState.READ


def retire(session: Session, key: str, *, by: str, now: datetime) -> DataFolder:
    """Wait no longer for a folder that is gone for good. `key` is its id or its name.

    What it answered and nobody read is lost, and said on the readouts of that time.
    """
    row = _found(
        session,
        key,
        meant=lambda data_folder: (
            data_folder.retired_at is None and is_silent(data_folder, now=now)
        ),
    )
    if row.retired_at is not None:
        raise Conflict(f"{labels(session)[row.id]} is retired already.")
    if not is_silent(row, now=now):
        raise Conflict(
            f"{labels(session)[row.id]} is alive: its ingester was heard of less than a minute"
            " ago. Stop that machine first; its clicks are read as it stops."
        )
    if not row.drained:
        since = row.ingested_until or row.registered_at
        session.add(LostHits(folder_id=row.id, since=min(since, now), until=now))
    row.retired_at, row.retired_by = now, by
    session.add(row)
    session.flush()
    return row


def acknowledge(session: Session, key: str) -> DataFolder:
    """Take note of the hits that a folder could not keep. `key` is its id or its name.

    The readouts of that time go on saying it.
    """
    row = _found(session, key, meant=lambda data_folder: data_folder.lost > data_folder.lost_seen)
    if row.lost <= row.lost_seen:
        raise Conflict(f"{labels(session)[row.id]} has lost nothing that nobody has taken note of.")
    row.lost_seen = row.lost
    session.add(row)
    session.flush()
    return row


def unseen_losses(session: Session, row: DataFolder) -> list[LostHits]:
    """What it could not keep and nobody has taken note of, the newest first."""
    found, left = [], row.lost - row.lost_seen
    for counted_loss in folder_rows.counted_losses(session, row.id):
        if left <= 0:
            break
        found.append(counted_loss)
        left -= counted_loss.hits or 0
    return found


def labels(session: Session) -> dict[str, str]:
    """What people call each folder, by id: its host, with the path where two share a host."""
    rows = folder_rows.folders(session)
    hosts = [row.host for row in rows]
    return {row.id: label(row, on_its_host=hosts.count(row.host)) for row in rows}


def label(row: DataFolder, *, on_its_host: int) -> str:
    """What people call one, where so many folders, itself among them, are on its host."""
    return row.host if on_its_host == 1 else f"{row.host}:{row.path}"


def _held(
    session: Session, folder: Folder, *, ingested_until: datetime | None, lost: int, now: datetime
) -> DataFolder:
    """The folder's row, made where it is missing and held until the transaction ends."""
    if folder_rows.claimed(session, folder.id) is None:
        row = DataFolder(
            id=folder.id,
            host=folder.host,
            path=str(folder.path.resolve()),
            registered_at=now,
            ingested_until=ingested_until,
            seen_at=now,
            lost=lost,
            place=folder.place,
        )
        folder_rows.add(session, row)
    held = folder_rows.claimed(session, folder.id)
    assert held is not None, "it was just added"
    return held


def _found(session: Session, key: str, *, meant: Callable[[DataFolder], bool]) -> DataFolder:
    """By id or name. A machine that began anew has its name twice: the first that can be meant."""
    names = labels(session)
    named = [
        folder for folder in folder_rows.folders(session) if key in (folder.id, names[folder.id])
    ]
    named.sort(key=meant, reverse=True)
    row = folder_rows.claimed(session, named[0].id) if named else None
    if row is None:
        raise NotFound(f"There is no data folder “{key}”. `thinslice folder list` names them.")
    return row


def _heard(held: DataFolder, folder: Folder, *, now: datetime) -> None:
    """Note who speaks for a folder, and where it is. One that is heard of is not gone."""
    held.retired_at, held.retired_by, held.settings = None, "", folder.settings
    if held.place in {folder.place, ""}:  # "": it was made known by an earlier version
        if held.moved_at is not None and now - held.moved_at > SILENT_AFTER:
            held.moved_at, held.is_copied, held.other_name = None, False, ""
        held.place = folder.place
        return
    was_stopped = held.drained
    if held.other_place == folder.place and not was_stopped:  # who was followed lives
        held.is_copied, held.ingested_until = True, None
    held.moved_at = None if was_stopped else now
    held.place, held.other_place = folder.place, held.place
    held.other_name = f"{held.host}:{held.path}"
    held.host, held.path = folder.host, str(folder.path.resolve())

"""`thinslice restore`: a backup into an empty folder and an empty database, of either kind.

Every byte is looked at before anything is written. The rows go in by one transaction, and the
files wait in a folder of their own until it is about to end: whoever is killed between leaves a
folder on which nothing starts, and which the same command clears and fills again.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlmodel import Session

from app.identity import audit, names
from app.identity import store as identity
from app.identity.oauth import store as agents
from app.links.keyring import Keyring
from app.ops.backing_up import FOLDER, HITS, IMPORTS, KEYS, SETTINGS
from app.ops.backup_contents import Contents
from app.ops.installation import UNFINISHED
from app.platform import clock, every_row, install, keys, locks, migrate
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.errors import Conflict
from app.platform.migrate import WrongSchema

ACTION = "restore"  # in the audit
_PLACED = (KEYS, FOLDER, SETTINGS, HITS, IMPORTS)  # what it puts into a data folder
_NOBODYS = {"lost+found", UNFINISHED}  # of the disk, and our own
_DRAFT = ".restoring"  # behind the name of SQLite's file while it is filled
_OF_THE_DATABASE = ("thinslice.db", "thinslice.migrate-lock")  # and what SQLite keeps beside it


class NotEmpty(Conflict):
    """A restore goes only where nothing is."""

    title = "There is something already"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore came to."""

    rows: int
    files: int
    differing: tuple[str, ...]  # settings that the backup has otherwise than this environment


def restore(settings: Settings, backup: Contents) -> Restored:
    """Put a backup, whose every byte was checked, where nothing is. Raises NotEmpty and others."""
    folder = settings.data_dir
    _refuse_full_folder(folder)
    draft = folder / UNFINISHED
    if not _is_done(settings, backup, draft):
        _refuse_full_database(settings)
        keys.make_folder(folder)
        with _alone(settings, draft):
            _put(settings, backup, draft)
    shutil.rmtree(draft)
    return Restored(backup.rows, len(backup.files), backup.differing(settings))


@contextmanager
def _alone(settings: Settings, draft: Path) -> Iterator[None]:
    """Nobody else restores here meanwhile, or did so since we looked. Raises Busy, NotEmpty."""
    is_ours = not draft.exists()
    draft.mkdir(mode=0o700, exist_ok=True)
    with locks.hold(draft / "lock"):
        try:
            _refuse_full_database(settings)
        except NotEmpty:
            if is_ours:
                shutil.rmtree(draft)
            raise
        yield


def _put(settings: Settings, backup: Contents, draft: Path) -> None:
    """All of it, or nothing."""
    _clear(settings.data_dir, draft)
    try:
        _unpack(backup, draft)
        with _filled(settings) as connection:
            _fill(connection, settings, backup)
            for name in _PLACED:
                if (draft / name).exists():
                    (draft / name).rename(settings.data_dir / name)
    except BaseException:
        _clear(settings.data_dir, draft)
        shutil.rmtree(draft)
        raise


def _clear(folder: Path, draft: Path) -> None:
    """Take away what a restore into this folder put there, but for the lock that we hold."""
    for path in (*(folder / name for name in _PLACED), *draft.iterdir()):
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "lock":
            path.unlink(missing_ok=True)


def _unpack(backup: Contents, draft: Path) -> None:
    """Every file, under the draft's own folders."""
    for name in (HITS, IMPORTS):
        (draft / name).mkdir(mode=0o700)
    for name in backup.files:
        path = draft / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.writelines(backup.pieces(name))
            file.flush()
            os.fsync(handle)


@contextmanager
def _filled(settings: Settings) -> Iterator[Connection]:
    """The database, in one transaction; SQLite's file gets its name once it is whole."""
    with closing(Database(settings.database)) as database:
        file = database.file
        if file is None:
            with migrate.building(database) as connection:
                yield connection
            return
    draft = file.with_name(file.name + _DRAFT)
    _forget(draft)
    filling = Database(f"sqlite:///{draft}")
    try:
        with migrate.building(filling) as connection:
            yield connection
        with filling.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        filling.close()
        _forget(file)
        draft.rename(file)
    finally:
        filling.close()
        _forget(draft)


def _forget(file: Path) -> None:
    """A database file, and what SQLite and we keep beside it."""
    beside = [file.with_name(file.name + end) for end in ("", "-wal", "-shm", "-stir")]
    for path in (*beside, file.with_suffix(".migrate-lock")):
        path.unlink(missing_ok=True)


def _fill(connection: Connection, settings: Settings, backup: Contents) -> None:
    """Tables as they were then, their rows, then up to what this version wants."""
    migrate.upgrade(connection, backup.schema)
    with every_row.taken_in(connection):
        for here in every_row.shapes(connection):  # those that others point at first
            table = backup.table(here.table)
            rows = every_row.take_in(connection, table.shape, here, backup.chunks(table))
            backup.check_rows(table, rows)
    migrate.upgrade(connection, "head")
    _begin_anew(connection, settings, backup)


def _begin_anew(connection: Connection, settings: Settings, backup: Contents) -> None:
    """What was true of the other installation and is not of this one.

    Who was logged in logs in again, and lets agents in again: what was ended since may not come
    back.
    """
    keyring = Keyring.of(backup.secrets(settings))
    with Session(connection) as session:
        install.look_at_keys(session, keyring.fingerprints())
        install.begin_anew(session)
        identity.end_every_session(session)
        agents.end_every(session, now=clock.now())
        identity.forget_setup_tokens(session)
        audit.note(
            session,
            actor=names.COMMANDS,
            action=ACTION,
            subject=clock.iso(backup.made_at),
            details={"seal": backup.seal, "schema": backup.schema, "version": backup.version},
            now=clock.now(),
        )
        audit.Seals(keyring.seals).close(session)
        session.expunge_all()


def _refuse_full_folder(folder: Path) -> None:
    if not folder.exists():
        return
    found = {path.name for path in folder.iterdir()} - _NOBODYS
    if (folder / UNFINISHED).exists():
        found = {name for name in found - {*_PLACED} if not name.startswith(_OF_THE_DATABASE)}
    if found:
        named = ", ".join(sorted(found)[:3])
        raise NotEmpty(
            f"The data folder {folder} is not empty (it holds {named}). A backup is restored into"
            " an empty one only: name another with THINSLICE_DATA_DIR. Nothing was written."
        )


def _refuse_full_database(settings: Settings) -> None:
    if _tables_there(settings):
        raise NotEmpty(
            "The database is not empty. A backup is restored into an empty one only: make one, and"
            " name it with THINSLICE_DATABASE_URL. Nothing was written."
        )


def _tables_there(settings: Settings) -> bool:
    with closing(Database(settings.database)) as database:
        file = database.file
        if file is not None and not (file.exists() and file.stat().st_size):
            return False  # asking would make it
        return not every_row.is_empty(database.engine)


def _is_done(settings: Settings, backup: Contents, draft: Path) -> bool:
    """Whether this very backup is in place already, and who put it there was killed just then."""
    if not draft.exists() or not _tables_there(settings):
        return False
    with closing(Database(settings.database)) as database, suppress(WrongSchema):
        migrate.check(database)
        with database.read() as session:
            noted = identity.latest_note(session, action=ACTION)
            return noted is not None and noted.details.get("seal") == backup.seal
    return False

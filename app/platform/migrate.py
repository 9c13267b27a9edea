"""Alembic, configured in code, so that it works from a wheel and from an empty folder."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import make_url

from app.platform.db import Database
from app.platform.errors import AppError
from app.platform.paths import MIGRATIONS

_LOCK = 0x7415_11CE  # PostgreSQL's advisory lock; any number that nobody else uses
_FIRST_TO_SAY = "0046"  # the first revision whose database can say that an older version fits


class WrongSchema(AppError):
    """The database was reached and does not fit this version of the code."""

    title = "The database does not fit"


def to_head(database: Database) -> bool:
    """Bring the database up to date. Two at once: one works, the other waits and finds it done.

    False: a later version did already, and this one can live with it. Raises WrongSchema.
    """
    return to(database, "head")


def to(database: Database, revision: str) -> bool:
    """Move the database up to a revision; False and WrongSchema as for the head."""
    with building(database) as connection:
        if (found := current(connection)) is not None and not knows(found):
            _refuse_later(connection, found)
            return False
        upgrade(connection, revision)
        return True


def upgrade(connection: Connection, revision: str) -> None:
    """Move up what a transaction of `building` sees, to a revision or to `head`."""
    command.upgrade(_config(connection), revision)


def current(connection: Connection) -> str | None:
    """The revision that a database is at; None where it holds nothing of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def knows(revision: str) -> bool:
    """Whether this version of the code can read a database at a revision."""
    script = ScriptDirectory.from_config(_config(None))
    return any(known.revision == revision for known in script.walk_revisions())


def fits_from() -> str:
    """The oldest revision whose code can live with a database at our head.

    Migrations only add; one that takes something away says since when nothing used it.
    """
    script = ScriptDirectory.from_config(_config(None))
    since = [getattr(known.module, "unused_since", "") for known in script.walk_revisions()]
    return max(_FIRST_TO_SAY, *since)


def check(database: Database) -> None:
    """Raise WrongSchema with the command that helps; SQLAlchemy's errors when out of reach.

    A database that a later version migrated fits as long as that version says so: a machine that
    is not replaced yet answers and sends on.
    """
    with database.engine.connect() as connection:
        found = current(connection)
        if found == ScriptDirectory.from_config(_config(None)).get_current_head():
            return
        if found is None or knows(found):
            raise WrongSchema(
                "The database is behind this version. Run `thinslice migrate` and start again."
            )
        _refuse_later(connection, found)


def _refuse_later(connection: Connection, found: str) -> None:
    """Raises WrongSchema, unless who migrated it said that we can live with it."""
    columns = {column["name"] for column in inspect(connection).get_columns("install")}
    asked = text("SELECT fits_from FROM install WHERE id = 1")
    oldest = connection.execute(asked).scalar() if "fits_from" in columns else None
    if oldest is None or not knows(oldest):
        raise WrongSchema(
            f"The database is ahead of this version (it is at {found}). Install the version of"
            " Thinslice that brought it there, or a backup of the database from before."
        )


@contextmanager
def building(database: Database) -> Iterator[Connection]:
    """One transaction that may make tables: all of it, or nothing. One at a time."""
    if database.is_sqlite:
        with _file_lock(database), database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        return
    with database.engine.connect() as connection:
        connection.execute(text("SET lock_timeout = 0"))
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield connection
        connection.commit()


@contextmanager
def _file_lock(database: Database) -> Iterator[None]:
    path = Path(make_url(database.url).database or "thinslice.db")
    with path.with_suffix(".migrate-lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config

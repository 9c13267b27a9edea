"""SQLite or PostgreSQL by one address, with the same promises on both.

A read session sees one state; a write session takes the write lock at its beginning on SQLite
(`BEGIN IMMEDIATE`), so that it never fails half-way for having read first. Before that it waits in
a queue of ours (`queueing`), for SQLite has none.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    String,
    any_,
    create_engine,
    event,
    literal,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, SQLModel, col

from app.platform import away, cleaning, clock, garbled
from app.platform.apart import Agreement
from app.platform.documents import json_or_text
from app.platform.queueing import Rank, WriteQueue

SQLModel.metadata.naming_convention = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
).naming_convention

_IDLE_MS = 90_000  # a machine that froze or was lost in a transaction keeps others no longer …
_LOST = {  # … and a server that is lost keeps us as long: seconds, and milliseconds the last
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 50_000,
}
_BUSY_MS = 10_000  # how long a SQLite writer waits for one that is no process of ours
_TAKES_NONE = text("SELECT current_setting('transaction_read_only') = 'on'")
_POOL = 48  # PostgreSQL connections a process may hold: the 40 threads of its endpoints, and loops


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC, on both databases (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time before it is stored as somebody else's."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times must carry a zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def result_processor(
        self,
        dialect: Dialect,
        coltype: object,  # noqa: ARG002 - SQLAlchemy's shape
    ) -> Callable[[Any], datetime | None]:
        """Give the zone back; one call for each of thousands of moments."""
        return _of_sqlite if dialect.name == "sqlite" else _in_utc


def _of_sqlite(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(f"{written}+00:00")


def _in_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


class Database:
    """The database, opened. One per process."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._queue = WriteQueue(Path(self.engine.url.database or "")) if self.is_sqlite else None
        self._agreement = None if self.is_sqlite else Agreement()  # SQLite is on this machine
        self._rank = Rank.PERSON
        self._tell: Callable[[], None] = _nobody
        self._find_damaged: garbled.Find = garbled.unknown
        self._last: Callable[[Session], None] = _nothing_more

    def let_people_pass(self) -> None:
        """From now on this process writes as a machine: after the people who wait."""
        self._rank = Rank.MACHINE

    def now(self) -> datetime:
        """The present by the database's clock, for whoever decides by it.

        Raises where the database has to be asked and is away: what this machine says alone may be
        hours off, and leases, windows and launches would end by it.
        """
        if self._agreement and self._agreement.is_due():
            with self.read():
                pass
        return clock.now()

    def takes_no_changes(self) -> bool:
        """Whether it may only be read, as a standby; SQLite says so where something is written."""
        if self.is_sqlite:
            return False
        with self.read() as session:
            found = bool(session.scalar(_TAKES_NONE))
        if found:
            self.engine.dispose()  # a connection stays as it was made: ask a new one next time
        return found

    @property
    def file(self) -> Path | None:
        """Where SQLite's is; None on PostgreSQL."""
        return Path(self.engine.url.database or "") if self.is_sqlite else None

    def on_write(self, tell: Callable[[], None]) -> None:
        """Call this after every change that somebody may wait for."""
        self._tell = tell

    def on_damage(self, find: garbled.Find) -> None:
        """Ask this, where reading fails, which row is damaged: mostly one of those just read."""
        self._find_damaged = find

    def at_last(self, do: Callable[[Session], None]) -> None:
        """Do this at the end of every transaction that changes something, as a part of it."""
        self._last = do

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only looks; whatever it changed is thrown away."""
        with Session(self.engine, autoflush=False) as session:
            kept: list[object] = []  # a row is asked for once: sessions hold what they read weakly
            event.listen(session, "loaded_as_persistent", lambda _, row: kept.append(row))
            if self.is_sqlite:
                session.execute(text("BEGIN"))  # the driver sends none before a SELECT
            else:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            if self._agreement:
                self._agreement.keep(session)
            with garbled.told(session, lambda: kept, self._find_damaged):
                yield session
            session.expunge_all()  # what was read stays readable after the end
            session.rollback()

    @contextmanager
    def write(self, rank: Rank | None = None) -> Iterator[Session]:
        """A session whose changes are committed at the end, or not at all.

        It waits as this process does, unless a rank is given.
        """
        with self.write_unheard(rank) as session:
            yield session
        self.tell()

    def tell(self) -> None:
        """Say that something was written, where it was written unheard."""
        self._tell()

    @contextmanager
    def write_unheard(self, rank: Rank | None = None) -> Iterator[Session]:
        """The same, for what nobody waits for, or that is told later by `tell`."""
        rank = rank or self._rank
        with (
            self._turn(rank) as seconds_left,
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            if self.is_sqlite:
                patience_ms = round(seconds_left * 1000)  # of people, our queue's wait among it
                _begin(session, _BUSY_MS if rank is Rank.MACHINE else patience_ms)
            if self._agreement:
                self._agreement.keep(session)
            with garbled.told(session, session.identity_map.values, self._find_damaged):
                yield session
            self._last(session)

    def clean(self, tables: Sequence[str]) -> bool:
        """Leave nothing of deleted rows in the files; False: a reader was in the way, try again.

        SQLite writes its whole file anew and empties the log beside it, while writers wait.
        PostgreSQL gives dead rows free; their bytes are written over by and by. Its statistics are
        taken anew: they keep samples of what rows held.
        """
        with self._turn(Rank.MACHINE):
            connection = self.engine.raw_connection()
            try:
                raw: Any = connection.driver_connection
                return cleaning.rewrite(raw) if self.is_sqlite else cleaning.vacuum(raw, tables)
            finally:
                connection.invalidate()  # its settings are not those of others
                connection.close()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def _turn(self, rank: Rank) -> AbstractContextManager[float]:
        if self._queue is None or not self._queue.folder.is_dir():  # SQLite says what is wrong
            return nullcontext(0.0)
        return self._queue.turn(rank)


def _nothing_more(session: Session) -> None:
    del session


def _begin(session: Session, patience_ms: int) -> None:
    """Take SQLite's write lock, and wait so long for another program that may hold it."""
    raw: Any = session.connection().connection.driver_connection
    raw.execute(f"PRAGMA busy_timeout = {patience_ms}")
    try:
        session.execute(text("BEGIN IMMEDIATE"))
    finally:
        raw.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")


def among(session: Session, column: Any, values: Sequence[str]) -> ColumnElement[bool]:
    """One parameter on PostgreSQL, which takes long over thousands; SQLite minds them less."""
    if session.get_bind().dialect.name == "sqlite":
        return col(column).in_(values)
    return col(column) == any_(literal(values, postgresql.ARRAY(String)))


def _nobody() -> None:
    """Nobody waits for what is written."""


def _engine(url: str) -> Engine:
    if url.startswith("sqlite"):
        engine = create_engine(
            url,
            connect_args={"timeout": _BUSY_MS / 1000},
            hide_parameters=True,
            json_deserializer=json_or_text,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    # Compiling a question takes PostgreSQL longer than any of ours takes to answer: no jit.
    options = (
        "-c lock_timeout=5000 -c statement_timeout=30000 -c timezone=UTC -c jit=off"
        f" -c idle_in_transaction_session_timeout={_IDLE_MS}"
        " -c synchronous_commit=on"  # who is mailed is kept first: a crash may take nothing back
    )
    engine = create_engine(
        url,
        pool_size=_POOL,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,  # addresses and hashes stay out of logs
        connect_args={"connect_timeout": 3, "options": options, **_LOST},
    )
    away.watch(engine)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    raw: Any = connection
    assert isinstance(raw, sqlite3.Connection)
    raw.isolation_level = None  # we say BEGIN ourselves: the driver would say it too late
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"busy_timeout = {_BUSY_MS}",
        "cache_size = -32768",  # 32 MB a connection: what a sender, a page thread may grow by
    ):
        raw.execute(f"PRAGMA {pragma}")

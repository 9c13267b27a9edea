"""What every test may ask for: a real database of each kind, migrated, and loopback only."""

import functools
import gc
import os
import socket
import ssl
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import settings
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Dialect, Engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlmodel import Session

from app.identity import passwords
from app.ops.installation import House, open_house
from app.platform import config, db
from app.platform.db import Database
from tests import alone, kept_open, moments, postgres
from tests.postgres import Server
from tests.serve import Installation

KINDS = ("sqlite", "postgresql")
# A case may take however long it does; a change is judged by the same cases twice.
settings.register_profile("searching", deadline=None)
settings.register_profile("same", deadline=None, derandomize=True)
settings.load_profile("searching" if os.environ.get("SEARCH") else "same")
Installation.forks = True  # faults say otherwise, in a conftest that is read after this one
QUICK = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
_real_connect = socket.socket.connect


def _loopback_only(self: socket.socket, address: object) -> None:
    if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
        raise RuntimeError(f"a test reached out to {address}: only loopback is allowed")
    _real_connect(self, address)  # type: ignore[arg-type]  # whatever the caller gave


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run faults at full size")
    parser.addoption("--seed", type=int, help="of random operations: live the same town again")
    parser.addoption("--minutes", type=float, default=60, help="of random operations, by --full")
    parser.addoption("--calendar", action="store_true", help="on each kind of day, as `check` does")


def pytest_configure() -> None:
    """What a module says of the time while it is imported is at the stated moment, too."""
    gc.disable()  # what is imported stays: a third of the time would go into looking through it
    moments.state(pytest.MonkeyPatch(), moments.NOW)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    moments.on_each_day(metafunc)


# What takes long, on one database beside every change; with --full on both.
BY_ONE_DATABASE = {
    "tests/journeys/test_bad_input.py": "postgresql",
    "tests/journeys/test_compared.py": "sqlite",
    "tests/journeys/test_left_out.py": "postgresql",
    "tests/journeys/test_agent.py": "sqlite",
    "tests/journeys/test_editor_by_keys.py": "sqlite",
    "tests/journeys/test_mail_comes_back.py": "postgresql",
    "tests/journeys/test_written_back.py": "sqlite",
    "tests/delivery/mail/test_templates_hold_nobody_up.py": "sqlite",
    "tests/web/test_garbled.py": "sqlite",
    "tests/web/test_garbled_part.py": "postgresql",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    moments.one_database_is_enough(items)
    if not config.getoption("--full"):
        items[:] = [item for item in items if not _is_told_by_another(item)]


def _is_told_by_another(item: pytest.Item) -> bool:
    """Whether this runs on its other database."""
    kind = BY_ONE_DATABASE.get(item.path.relative_to(item.config.rootpath).as_posix())
    callspec = getattr(item, "callspec", None)
    given = [one for one in KINDS if callspec and one in map(str, callspec.params.values())]
    return kind is not None and given not in ([], [kind])


@pytest.fixture(autouse=True)
def stated_moment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """When this test begins: Wednesday 25 November 2026, 09:00 UTC, unless it says otherwise."""
    moment: datetime = getattr(request, "param", moments.NOW)
    moments.state(monkeypatch, moment)
    return moment


def pytest_collection_finish() -> None:
    """What was imported stays: no collection of garbage needs to look through it again."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(autouse=True, scope="session")
def no_outside() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _loopback_only)
        yield


def _trusting(**asked: Any) -> ssl.SSLContext:
    files = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    return _context(files, tuple(sorted(asked.items())))


@functools.cache
def _context(_files: tuple[str | None, ...], asked: tuple[tuple[str, Any], ...]) -> ssl.SSLContext:
    return httpx.create_ssl_context(**dict(asked))


@pytest.fixture(autouse=True, scope="session")
def certificates_read_once() -> Iterator[None]:
    """Not by each client anew: reading them takes longer than the rest of most tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "httpx._transports.default.create_ssl_context",
            _trusting,
        )
        yield


@pytest.fixture(autouse=True, scope="session")
def asked_alone() -> Iterator[None]:
    """Where a test asks one thing after the other (`tests.alone`)."""
    with alone.asked():
        yield


@pytest.fixture(autouse=True, scope="session")
def statements_known() -> Iterator[None]:
    """Every test opens an engine of its own; what SQLAlchemy worked out for one serves them all.

    So does a connection to PostgreSQL (`tests.kept_open`). Real processes keep their own.
    """
    known: dict[str, tuple[Dialect, Any]] = {}
    engine_of = db._engine

    def knowing(url: str) -> Engine:
        engine = engine_of(url)
        name, own = engine.dialect.name, (engine.dialect, engine._compiled_cache)
        if name in known:
            vars(own[0])["initialize"] = _knows_its_server  # else it asks six questions
        engine.dialect, engine._compiled_cache = known.get(name, own)
        # A dialect knows its server only after its first connection.
        event.listen(engine.pool, "first_connect", lambda *_: known.setdefault(name, own))
        if name == "sqlite":
            event.listen(engine, "connect", _wait_for_no_disk)
        else:
            event.listen(engine, "do_connect", kept_open.connected)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "_engine", knowing)
        yield
    kept_open.close()


def _knows_its_server(_connection: object) -> None:
    """Another one has asked."""


@pytest.fixture(autouse=True, scope="session")
def passwords_kept_quickly() -> Iterator[None]:
    """With argon2, but in a millisecond; `test_passwords` looks at how they are kept outside."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHash([QUICK]))
        yield


def _wait_for_no_disk(connection: DBAPIConnection, _record: object) -> None:
    """As PostgreSQL does here (`tests.postgres`): nobody cuts the power to a test."""
    raw: Any = connection
    raw.execute("PRAGMA synchronous = OFF")


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--full"))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with postgres.server(tmp_path_factory) as server:
        yield server


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    path.write_bytes(postgres.migrated_sqlite())
    return {"sqlite": str(path)}


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address (as an operator writes it) of a fresh, migrated database, once per kind."""
    if request.param == "sqlite":
        copy = tmp_path / "test.db"
        copy.write_bytes(postgres.migrated_sqlite())
        yield f"sqlite:///{copy}"
        return
    server: Server = request.getfixturevalue("postgres_server")
    with server.fresh() as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Opened, for what commits."""
    database = Database(database_url.replace("postgresql://", "postgresql+psycopg://"))
    yield database
    database.close()


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """Opened, with a data folder of its own."""
    house = open_house(
        config.load(
            data_dir=tmp_path / "data", database_url=database_url, public_url="http://one.example"
        )
    )
    yield house
    house.database.close()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One transaction, thrown away at the end."""
    with Session(database.engine, expire_on_commit=False) as session:
        if database.is_sqlite:
            session.execute(text("BEGIN IMMEDIATE"))
        yield session
        session.rollback()


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("THINSLICE_"):
            monkeypatch.delenv(name)

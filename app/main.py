"""Wires a web process: settings, database, keys, the edge of tracking, pages and API."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI
from sqlalchemy.engine import Row
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from starlette.types import ASGIApp

from app.api import problems
from app.api import site as api
from app.delivery import destination_rows
from app.identity import guard, setup
from app.links.keyring import Keyring
from app.ops import ready
from app.platform import clock, install, keys, migrate
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.errors import Unavailable
from app.platform.journal import Journal
from app.tracking.destinations import Destinations, Target, TargetKind
from app.tracking.edge import Edge
from app.web import site as web

log = logging.getLogger(__name__)

_TURN_SECONDS = 60  # how often an idle process looks whether its segment is old


@dataclass(frozen=True, slots=True)
class House:
    """What every process of ours opens first."""

    settings: Settings
    database: Database
    keyring: Keyring
    folder_id: str

    @property
    def hits(self) -> Path:
        """Where the journal of hits is."""
        return self.settings.data_dir / "hits"

    @property
    def imports(self) -> Path:
        """Where uploaded files wait to be read."""
        return self.settings.data_dir / "imports"

    @property
    def sends(self) -> Path:
        """Where the sender's journal is."""
        return self.settings.data_dir / "sends"

    @property
    def snapshot(self) -> Path:
        """The destinations from which a start serves while the database is away."""
        return self.settings.data_dir / "destinations.snapshot"


def open_house(settings: Settings) -> House:
    """Keys, folders and database; nothing is asked of the database yet."""
    secrets = keys.load_or_make(settings)
    house = House(
        settings=settings,
        database=Database(settings.database),
        keyring=Keyring.of(secrets),
        folder_id=keys.folder_id(settings.data_dir),
    )
    for folder in (house.hits, house.imports, house.sends):
        folder.mkdir(exist_ok=True, mode=0o700)
    return house


def refuse_misfits(house: House) -> None:
    """A database that was reached and does not fit prevents a start; one out of reach does not."""
    try:
        migrate.check(house.database)
        with house.database.write() as session:
            install.check_keys(session, house.keyring.fingerprints())
    except (OperationalError, InterfaceError) as error:
        log.warning("The database is out of reach; known links are served meanwhile. %s", error)


def prepare(house: House) -> str | None:
    """Migrate and make the installation's row; the set-up token, while nobody can log in."""
    migrate.to_head(house.database)
    with house.database.write() as session:
        install.ensure(session, now=clock.now())
        install.check_keys(session, house.keyring.fingerprints())
        return setup.issue(session, now=clock.now())


def set_up_token(house: House) -> str | None:
    """A new set-up token while nobody can log in; None once somebody can, or without a database."""
    try:
        with house.database.write() as session:
            return setup.issue(session, now=clock.now())
    except (OperationalError, InterfaceError):
        return None


def create_app(settings: Settings) -> ASGIApp:
    """The whole web process: the edge in front, pages and API behind it."""
    house = open_house(settings)
    refuse_misfits(house)
    tracking = Tracking(house)
    return tracking.edge(behind=_pages_and_api(house, tracking))


def create_edge_alone(settings: Settings) -> ASGIApp:
    """The tracked addresses, and whether they are served; nothing else."""
    house = open_house(settings)
    refuse_misfits(house)
    tracking = Tracking(house)
    bare = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=tracking.running)
    bare.state.house = house
    bare.include_router(ready.router)
    return tracking.edge(behind=bare)


class Tracking:
    """What the edge stands on in one process: a journal of its own, and where links lead."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._destinations = Destinations(
            load=self._load, version=self._version, snapshot=house.snapshot
        )
        self._journal = Journal.open(
            house.hits,
            durability=house.settings.durability,
            limit=house.settings.spool_limit,
        )

    def edge(self, *, behind: ASGIApp) -> Edge:
        """The edge, in front of whatever else is served."""
        settings = self._house.settings
        return Edge(
            behind,
            keyring=self._house.keyring,
            destinations=self._destinations,
            journal=self._journal,
            public_url=settings.public_url,
            trusted_proxies=settings.trusted_proxies,
            folder=self._house.hits,
        )

    @asynccontextmanager
    async def running(self, _application: FastAPI) -> AsyncIterator[None]:
        """While the process serves: notice edited destinations, begin new segments in time."""
        chores = [
            asyncio.create_task(self._destinations.watch()),
            asyncio.create_task(self._turn()),
        ]
        yield
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)
        self._destinations.close()
        self._journal.close()
        self._house.database.close()

    async def _turn(self) -> None:
        while True:
            await asyncio.sleep(_TURN_SECONDS)
            self._journal.turn_over()

    def _load(self, set_id: int) -> dict[int, Target] | None:
        with _away_is_unavailable(), self._house.database.read() as session:
            return targets_of(destination_rows.destinations_of(session, set_id)).get(set_id)

    def _version(self) -> int:
        with _away_is_unavailable(), self._house.database.read() as session:
            return destination_rows.destinations_version(session)


def targets_of(rows: Iterable[Row[Any]]) -> dict[int, dict[int, Target]]:
    """Where the links of each set lead."""
    sets: dict[int, dict[int, Target]] = {}
    for row in rows:
        target = Target(TargetKind(row.kind), row.address)
        sets.setdefault(row.set_id, {})[row.link] = target
    return sets


@contextmanager
def _away_is_unavailable() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise Unavailable("The database is out of reach for the moment.") from error


def _pages_and_api(house: House, tracking: Tracking) -> FastAPI:
    application = FastAPI(
        title="Thinslice",
        version="1",
        summary="Ship a thin slice, measure it this week, move the key result.",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(guard.enforce)],
        lifespan=tracking.running,
    )
    application.state.house = house
    application.state.settings = house.settings
    application.state.database = house.database
    application.state.keyring = house.keyring
    application.include_router(ready.router)
    api.install(application)
    web.install(application, problems)
    return application

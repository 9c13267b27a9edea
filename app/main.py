"""Wires a web process: settings, database, keys, the edge of tracking, pages and API."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import Depends, FastAPI
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.types import ASGIApp

from app.api import site as api
from app.delivery import store as delivery
from app.identity import guard, setup
from app.links.keyring import Keyring
from app.ops import ready
from app.platform import clock, install, keys, migrate
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.journal import Journal
from app.tracking.destinations import Destinations, Target
from app.tracking.edge import Edge
from app.web import site as web

log = logging.getLogger(__name__)


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


def create_app(settings: Settings) -> ASGIApp:
    """The whole web process: the edge in front, pages and API behind it."""
    house = open_house(settings)
    refuse_misfits(house)
    return create_edge(house, behind=_pages_and_api(house))


def create_edge(house: House, *, behind: ASGIApp) -> ASGIApp:
    """The tracked addresses; whatever is not one of them goes to the application behind."""
    settings = house.settings
    return Edge(
        behind,
        keyring=house.keyring,
        destinations=_destinations(house),
        journal=lambda: Journal.open(
            house.hits, durability=settings.durability, limit=settings.spool_limit
        ),
        public_url=settings.public_url,
        trusted_proxies=settings.trusted_proxies,
    )


def _pages_and_api(house: House) -> FastAPI:
    application = FastAPI(
        title="Thinslice",
        version="1",
        summary="Ship a thin slice, measure it this week, move the key result.",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(guard.enforce)],
        lifespan=_lifespan,
    )
    application.state.house = house
    application.state.settings = house.settings
    application.state.database = house.database
    application.state.keyring = house.keyring
    application.include_router(ready.router)
    api.install(application)
    web.install(application)
    return application


@asynccontextmanager
async def _lifespan(application: FastAPI) -> AsyncIterator[None]:
    yield
    application.state.database.close()


def _destinations(house: House) -> Destinations:
    def load(set_id: int) -> dict[int, Target] | None:
        with house.database.read() as session:
            rows = delivery.destinations_of(session, set_id)
        return {row.link: Target(row.kind, row.address) for row in rows} or None

    def version() -> int:
        with house.database.read() as session:
            return delivery.destinations_version(session)

    return Destinations(load=load, version=version, snapshot=house.snapshot)

"""Wires a web process: settings, database, keys, the edge of tracking, pages and API."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from fastapi import Depends, FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from app.agents import site as agents
from app.api import problems
from app.api import site as api
from app.delivery import destination_store
from app.identity import guard
from app.identity.last_use import LastUse
from app.identity.oidc.provider import Provider
from app.identity.shelves import EVERY
from app.ops import exposition, ready
from app.ops.exposition import Meters
from app.ops.gauges import Gauges
from app.ops.holding import Hold
from app.ops.installation import House, open_house, refuse_misfits
from app.ops.measured import Measured
from app.ops.ready import Beside
from app.ops.registering import Registration
from app.ops.request_ids import RequestIds
from app.ops.targets import targets_of
from app.platform import clock, duties
from app.platform.config import Settings
from app.platform.errors import Unavailable
from app.platform.journal import Journal
from app.platform.stir import Remembered
from app.tracking import responses
from app.tracking.destinations import Destinations, Target
from app.tracking.edge import Edge
from app.web import site as web

_BESIDE_LINKS = (
    "/u/", "/p/", "/k/", "/i/", "/d/", "/static/", "/robots.txt", "/health", "/ready", "/metrics",
)  # fmt: skip
_AGAIN_SECONDS = 1.0  # between tries to register while the database is away
_COUNT_SECONDS = 1.0  # between tellings of what the edge answered
_NOTE_SECONDS = 10.0  # between writings of which tokens and sessions were used
_RANGES_SECONDS = 5  # how often a process looks for new lists of address ranges
_TURN_SECONDS = 60  # how often an idle process looks whether its segment is old


def create_app(settings: Settings) -> Edge:
    """The whole web process: the edge in front, pages and API behind it."""
    house = open_house(settings)
    refuse_misfits(house)
    tracking = Tracking(house)
    inside = _pages_and_api(house, tracking)
    _work_routes_out(inside)
    return tracking.edge(behind=web.outside(_watched(inside), secure=settings.secure))


def create_edge_alone(settings: Settings) -> Edge:
    """The tracked addresses, whether they are served, and the way out of mail; nothing else."""
    house = open_house(settings)
    refuse_misfits(house)
    tracking = Tracking(house)
    bare = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        dependencies=[Depends(guard.enforce)],
        lifespan=tracking.running,
    )
    _furnish(bare, house)
    _tell_watchers(bare)
    web.install_ways_out(bare, problems)
    _work_routes_out(bare)
    return tracking.edge(behind=web.outside(_watched(_alone(bare)), secure=settings.secure))


def create_watch(house: House) -> ASGIApp:
    """What a worker is watched by: whether it lives and works, and its meters; nothing else."""
    bare = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        dependencies=[Depends(guard.enforce)],
    )
    _furnish(bare, house)
    _tell_watchers(bare)
    bare.state.beside = Beside.SENDER
    web.install_nothing(bare, problems)
    return web.outside(_alone(bare), secure=False)


def _watched(application: ASGIApp) -> ASGIApp:
    """Each request has an id, and is measured."""
    return RequestIds(Measured(application))


def _alone(application: ASGIApp) -> ASGIApp:
    """What is not on a host of links is not there: nobody is sent to a log-in that is elsewhere."""

    async def alone(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(_BESIDE_LINKS):
            await responses.give(send, responses.NOT_FOUND)
        else:
            await application(scope, receive, send)

    return alone


class Tracking:
    """What the edge stands on in one process: a journal of its own, and where links lead."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._registration = Registration(house)
        self._destinations = Destinations(
            load=self._load,
            state=Remembered(self._state, house.signs(afar_seconds=0), seconds=duties.LONG_SECONDS),
            snapshot=house.snapshot,
        )
        self._journal = Journal.open(
            house.hits,
            durability=house.settings.durability,
            limit=house.settings.spool_limit,
        )
        self._edges: list[Edge] = []
        self._registration.attempt()

    def edge(self, *, behind: ASGIApp) -> Edge:
        """The edge, in front of whatever else is served."""
        settings = self._house.settings
        edge = Edge(
            behind,
            keyring=self._house.keyring,
            destinations=self._destinations,
            journal=self._journal,
            public_url=settings.public_url,
            trusted_proxies=settings.trusted_proxies,
            folder=self._house.hits,
            is_known=lambda: self._registration.is_known,
        )
        self._edges.append(edge)
        return edge

    @asynccontextmanager
    async def running(self, _application: FastAPI) -> AsyncIterator[None]:
        """While the process serves: notice edited destinations, begin new segments in time."""
        chores = [
            asyncio.create_task(self._destinations.watch()),
            asyncio.create_task(self._turn()),
            asyncio.create_task(self._register()),
            asyncio.create_task(self._look_for_ranges()),
            asyncio.create_task(self._add_up()),
        ]
        yield
        self.add_up()
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
            for edge in self._edges:
                edge.begin_day(clock.micros())

    async def _look_for_ranges(self) -> None:
        while True:
            await asyncio.sleep(_RANGES_SECONDS)
            for edge in self._edges:
                edge.look_for_ranges()

    async def _add_up(self) -> None:
        while True:
            await asyncio.sleep(_COUNT_SECONDS)
            self.add_up()

    def add_up(self) -> None:
        """Tell what the edges of this process answered since the last time."""
        for edge in self._edges:
            edge.add_up()

    async def _register(self) -> None:
        """Register once the database is back, if it was away at the start."""
        while not self._registration.is_done:
            await asyncio.to_thread(self._registration.attempt)
            await asyncio.sleep(_AGAIN_SECONDS)

    def _load(self, set_id: int) -> dict[int, Target] | None:
        with _away_is_unavailable(), self._house.database.read() as session:
            return targets_of(destination_store.destinations_of(session, set_id)).get(set_id)

    def _state(self) -> tuple[int, int]:
        with _away_is_unavailable(), self._house.database.read() as session:
            return destination_store.destinations_state(session)


@contextmanager
def _away_is_unavailable() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise Unavailable("The database is out of reach for the moment.") from error


def _running(tracking: Tracking, last_use: LastUse) -> Lifespan[FastAPI]:
    """What goes on beside the pages: the chores of tracking, and noting what is in use."""

    @asynccontextmanager
    async def running(application: FastAPI) -> AsyncIterator[None]:
        async with tracking.running(application):
            noting = asyncio.create_task(_write_last_use(last_use))
            yield
            noting.cancel()
            await asyncio.gather(noting, return_exceptions=True)
            await asyncio.to_thread(last_use.write)

    return running


async def _write_last_use(last_use: LastUse) -> None:
    while True:
        await asyncio.sleep(_NOTE_SECONDS)
        await asyncio.to_thread(last_use.write)


def _pages_and_api(house: House, tracking: Tracking) -> FastAPI:
    last_use = LastUse(house.database)
    application = FastAPI(
        title="Thinslice",
        version="1",
        summary="Ship a thin slice, measure it this week, move the key result.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # api.docs writes it once
        redirect_slashes=False,  # a redirect would lead to whatever host was asked for
        dependencies=[Depends(guard.enforce)],
        lifespan=_running(tracking, last_use),
    )
    _furnish_pages(application, house, last_use)
    _tell_watchers(application)
    api.install(application)
    application.include_router(agents.router)
    web.install(application, problems)
    return application


def _work_routes_out(application: FastAPI) -> None:
    """What its routes take, FastAPI works out when they are first asked: not while clicks wait."""
    of_none: Scope = {"type": "http", "method": "GET", "path": "/-", "root_path": "", "headers": []}
    of_none[EVERY] = True
    for route in application.routes:
        route.matches(of_none)


def _furnish(application: FastAPI, house: House) -> None:
    application.state.house = house
    application.state.hold = Hold(house.database)
    application.state.settings = house.settings
    application.state.database = house.database
    application.state.keyring = house.keyring
    application.state.gauges = Gauges(house)
    application.state.meters = Meters(house, application.state.gauges)


def _furnish_pages(application: FastAPI, house: House, last_use: LastUse) -> None:
    _furnish(application, house)
    application.state.last_use = last_use
    application.state.provider = Provider(house.settings)
    application.state.hold.said()  # asked now, so that no page has to


def _tell_watchers(application: FastAPI) -> None:
    application.include_router(ready.router)
    application.include_router(exposition.router)

"""The API alone, on a real database of each kind, with a token of each role."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import State
from starlette.exceptions import HTTPException

from app.api import problems, site
from app.identity import guard, tokens, users
from app.identity.audit import Seals
from app.identity.door import Door
from app.identity.last_use import LastUse
from app.links.keyring import Keyring
from app.ops.holding import Hold
from app.platform import clock, config, install
from app.platform.db import Database
from app.platform.errors import AppError
from app.tracking.folders import Folder
from tests import alone
from tests.cast import A_SERVER, DESIGN, csv_of
from tests.duties import read_imports
from tests.identity.scenes import hashed_password

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Api:
    """What another system does: ask with a token."""

    application: FastAPI
    token: str | None

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.ask("GET", path, params=query)

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.ask("POST", path, json=body, headers=headers)

    def made(self, path: str, body: Any = None) -> dict[str, Any]:
        answer = self.post(path, body)
        assert answer.status_code in {200, 201, 202}, answer.text
        read: dict[str, Any] = answer.json()
        return read

    def read(self, path: str, **query: Any) -> Any:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.application)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as one:
                headers = dict(more.pop("headers", {}))
                if self.token:
                    headers["Authorization"] = f"Bearer {self.token}"
                place = path if path.startswith(("/docs", "/openapi")) else f"/api/v1{path}"
                return await one.request(method, place, headers=headers, **more)

        return alone.run(ask())


async def in_pieces(whole: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(whole), size):
        yield whole[start : start + size]


@pytest.fixture(autouse=True)
def at_nine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture(scope="session")
def assembled() -> FastAPI:
    """Every route, put together once; what a test asks it about is its own."""
    application = FastAPI(dependencies=[Depends(guard.enforce)], docs_url=None, redoc_url=None)
    site.install(application)
    _translate(application)
    return application


@pytest.fixture
def application(assembled: FastAPI, database: Database, tmp_path: Path) -> FastAPI:
    folder = tmp_path / "imports"
    folder.mkdir()
    with database.write() as session:
        install.ensure(session, now=NOW)
    application = assembled
    application.state = State()
    application.state.settings = config.load(
        data_dir=tmp_path, timezone="Europe/Oslo", mail=A_SERVER
    )
    application.state.database = database
    application.state.last_use = LastUse(database)
    application.state.keyring = Keyring.of([b"0" * 32])
    application.state.hold = Hold(database)
    database.at_last(Seals(application.state.keyring.seals).close)
    application.state.house = SimpleNamespace(
        database=database,
        imports=folder,
        folder_id="here",
        settings=application.state.settings,
        ranges=tmp_path / "ranges",
        folder=Folder("here", tmp_path),
    )
    return application


def _translate(application: FastAPI) -> None:
    def refused(_request: Request, error: Any) -> Response:
        return problems.of_app_error(error)

    def malformed(_request: Request, error: Any) -> Response:
        return problems.of_validation(error.errors())

    def plain(_request: Request, error: Any) -> Response:
        return problems.of_status(error.status_code, error.detail)

    application.add_middleware(Door, refuse=refused)
    application.add_exception_handler(AppError, refused)
    application.add_exception_handler(RequestValidationError, malformed)
    application.add_exception_handler(HTTPException, plain)


def as_(application: FastAPI, role: str) -> Api:
    with application.state.database.write() as session:
        made = tokens.add(session, name=f"a {role}", role=role, by="a test", now=NOW)
    return Api(application, made.secret)


@pytest.fixture
def api(application: FastAPI) -> Api:
    """An editor, as most scripts are."""
    return as_(application, "editor")


@pytest.fixture
def viewer(application: FastAPI) -> Api:
    return as_(application, "viewer")


@pytest.fixture
def nobody(application: FastAPI) -> Api:
    return Api(application, None)


@pytest.fixture
def key_result(api: Api) -> dict[str, Any]:
    cycle = {"name": "2026 Q4", "starts": "2026-10-01", "ends": "2026-12-31"}
    cycle_id = api.made("/cycles", cycle)["id"]
    objective = api.made("/objectives", {"title": "Bakers waste less", "cycle_id": cycle_id})
    asked = {"title": "Weekly active bakers", "kind": "increase", "start": 1200, "target": 2000}
    return api.made("/key-results", asked | {"objective_id": objective["id"]})


@pytest.fixture
def audience_id(api: Api, database: Database, tmp_path: Path) -> str:
    """600 people, read."""
    made: str = api.made("/audiences", {"name": "Bakers"})["id"]
    sent = api.ask(
        "POST",
        f"/audiences/{made}/imports",
        content=in_pieces(csv_of(600), 700),
        headers={"content-type": "text/csv"},
    )
    assert sent.status_code == 202, sent.text
    while read_imports(database, tmp_path / "imports", "here", NOW):
        pass
    return made


@pytest.fixture
def experiment(api: Api, audience_id: str) -> dict[str, Any]:
    return api.made("/experiments", DESIGN | {"audience_id": audience_id})


@pytest.fixture
def ann(database: Database) -> str:
    """Somebody with a log-in."""
    with database.write() as session:
        users.add(
            session,
            email="ann@shop.example",
            name="Ann",
            role="editor",
            password=hashed_password(),
            now=NOW,
        )
    return "ann@shop.example"

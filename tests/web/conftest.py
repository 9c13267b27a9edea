"""The pages alone, on a real database, with Ann (admin), Eve (editor) and Bo (viewer) logged in."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from starlette.datastructures import State

from app.api import problems
from app.identity import guard, sessions
from app.identity import store as identity
from app.identity.audit import Seals
from app.identity.last_use import LastUse
from app.identity.models import User
from app.identity.oidc.provider import Provider
from app.links.keyring import Keyring
from app.ops.holding import Hold
from app.platform import clock, config, install
from app.platform.config import Settings
from app.platform.db import Database
from app.tracking.folders import Folder
from app.web import site
from tests import alone
from tests.anew import forget_tries
from tests.cast import A_SERVER
from tests.duties import read_imports
from tests.identity.scenes import PASSWORD, hashed_password

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
CSV = b"""email,name,euros
ann@b.example,Ann,61
bo@b.example,Bo,44
cem@b.example,Cem,
nobody,Dee,5
"""


@dataclass
class Browser:
    """What a person does with pages: open, send a form, follow."""

    application: FastAPI
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)
    tokens: dict[str, str] = field(default_factory=dict)  # by session, read from a page once

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self._ask("GET", path, headers=headers)

    def post(self, path: str, *, csrf: str | None = None, **fields: Any) -> httpx.Response:
        token = csrf if csrf is not None else self.token()
        return self._ask("POST", path, data={**fields, "csrf": token})

    def keep(self, path: str, **fields: Any) -> httpx.Response:
        """What a page sends by itself while somebody types."""
        sent = {**fields, "csrf": self.token()}
        return self._ask("POST", path, data=sent, headers={"x-fragment": "1"})

    def send(self, path: str, *, on: str, **fields: Any) -> httpx.Response:
        """Post, and follow the redirect to the page that it leads to."""
        answer = self.post(path, **fields)
        assert answer.status_code == 303, f"{on}: {answer.status_code} {_said(answer.text)}"
        return self.get(answer.headers["location"])

    def upload(self, path: str, name: str, body: bytes, /, **fields: Any) -> httpx.Response:
        address = f"{path}?csrf={self.token()}"
        return self._ask("POST", address, data=fields, files={"file": (name, body)})

    def token(self) -> str:
        session = " ".join(sorted(str(cookie) for cookie in self.cookies.jar))
        if session not in self.tokens:
            found = re.search(r'name="csrf" value="([^"]*)"', self.get("/help/mail").text)
            self.tokens[session] = found[1] if found else ""
        return self.tokens[session]

    def log_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        return self.post("/login", csrf="", email=email, password=password, next="/")

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            outside = site.outside(self.application, secure=False)
            transport = httpx.ASGITransport(app=outside, raise_app_exceptions=True)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1:8000", cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **more)
                self.cookies = client.cookies
                if "html" in answer.headers.get("content-type", ""):  # as a reader sees it
                    answer._text = answer.text.replace("\u00a0", " ")
                return answer

        return alone.run(ask())


def _said(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())[:2000]


@pytest.fixture
def said() -> Callable[[str], str]:
    return _said


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return config.load(data_dir=tmp_path, timezone="Europe/Oslo", mail=A_SERVER)


@pytest.fixture(scope="session")
def assembled(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """Every page, put together once; what a test asks it about is its own."""
    application = FastAPI(dependencies=[Depends(guard.enforce)], redirect_slashes=False)
    application.state.settings = config.load(data_dir=tmp_path_factory.mktemp("assembled"))
    site.install(application, problems)
    return application


@pytest.fixture
def application(
    assembled: FastAPI, settings: Settings, database: Database, tmp_path: Path
) -> FastAPI:
    folder = tmp_path / "imports"
    folder.mkdir()
    application = assembled
    application.state = State()
    application.state.settings = settings
    application.state.database = database
    application.state.last_use = LastUse(database)
    application.state.provider = Provider(settings)
    application.state.keyring = Keyring.of([b"0" * 32])
    application.state.hold = Hold(database)
    database.at_last(Seals(application.state.keyring.seals).close)
    application.state.house = SimpleNamespace(
        database=database,
        imports=folder,
        folder_id="here",
        settings=settings,
        ranges=tmp_path / "ranges",
        folder=Folder("here", tmp_path),
    )
    return application


@pytest.fixture
def people(database: Database) -> Iterator[None]:
    forget_tries()
    with database.write() as session:
        install.ensure(session, now=NOW)
        for name, role in (("Ann", "admin"), ("Eve", "editor"), ("Bo", "viewer")):
            email = f"{name.lower()}@halvern.example"
            row = User(
                email=email, name=name, role=role, password_hash=hashed_password(), created_at=NOW
            )
            session.add(row)
    yield
    forget_tries()


@pytest.fixture
def stranger(application: FastAPI, people: None) -> Browser:
    return Browser(application)


def _logged_in(application: FastAPI, email: str) -> Browser:
    browser = Browser(application)
    with application.state.database.write() as session:
        user = identity.user_by_email(session, email)
        assert user
        secret = sessions.begin(session, user, now=clock.now()).secret
    browser.cookies.set("thinslice", secret, domain="127.0.0.1")
    return browser


@pytest.fixture
def ann(application: FastAPI, people: None) -> Browser:
    return _logged_in(application, "ann@halvern.example")


@pytest.fixture
def eve(application: FastAPI, people: None) -> Browser:
    return _logged_in(application, "eve@halvern.example")


@pytest.fixture
def bo(application: FastAPI, people: None) -> Browser:
    return _logged_in(application, "bo@halvern.example")


@pytest.fixture
def bakeries(eve: Browser, database: Database, application: FastAPI) -> str:
    """An audience with three people, one of whom lacks a column, and a refused line."""
    page = eve.post("/audiences", name="Bakeries")
    audience_id = page.headers["location"].split("/")[2].split("?")[0]
    eve.upload(f"/audiences/{audience_id}/imports", "bakeries.csv", CSV)
    read_imports(database, application.state.house.imports, "here", NOW)
    return audience_id

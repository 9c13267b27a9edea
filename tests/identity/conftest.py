"""A tiny house behind the real guard: one route of each kind, and the errors as they are."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Form, Request
from starlette.responses import JSONResponse

from app.identity import guard, sessions, store, tokens
from app.identity.door import Door
from app.identity.guard import Db, MaybeWho, Now, Who
from app.identity.last_use import LastUse
from app.identity.models import User
from app.identity.secrets import kept
from app.platform import clock, config
from app.platform.db import Database
from app.platform.errors import AppError, Conflict
from tests import alone
from tests.identity.scenes import given_user

OURS = "http://127.0.0.1:8000"
pages = APIRouter()
api = APIRouter(prefix="/api/v1")


@pages.get("/features/{feature_id}")
def show(who: Who, feature_id: str) -> dict[str, str]:
    return {"who": who.name, "role": who.role, "feature": feature_id}


@pages.post("/features")
def add(session: Db, who: Who, now: Now, title: Annotated[str, Form()]) -> dict[str, str]:
    session.add(User(email=title, name=who.name, role="viewer", password_hash="", created_at=now))
    return {"title": title}


@pages.post("/features/{feature_id}")
def change(session: Db, feature_id: str) -> None:
    session.add(User(email=feature_id, role="viewer", password_hash="", created_at=clock.now()))
    session.flush()
    raise Conflict("Not now.")


@pages.post("/imports/new")
async def take(request: Request) -> dict[str, int]:
    return {"bytes": len([part async for part in request.stream() if part])}


@pages.get("/people")
def people(who: Who) -> str:
    return who.name


@pages.get("/login")
def door(who: MaybeWho) -> str | None:
    return who.name if who else None


@pages.post("/login")
def come_in(request: Request) -> JSONResponse:
    answer = JSONResponse({})
    guard.set_cookie(request, answer, "secret")
    return answer


@pages.post("/u/{token}")
def unsubscribe(who: MaybeWho, token: str) -> str | None:
    return f"{who.name} {token}" if who else None


@pages.get("/forgotten")
def forgotten() -> str:
    return "in no table"


@pages.get("/health")
def caller(request: Request) -> str:
    return guard.caller_of(request)


@api.get("/features/{feature_id}")
def read(who: Who, feature_id: str) -> dict[str, str]:
    return {"who": who.name, "kind": who.kind, "feature": feature_id}


@api.post("/features")
def write(session: Db, who: Who) -> str:
    return who.name


@api.delete("/people/{person_id}")
def erase(session: Db, person_id: str) -> str:
    return person_id


def _said(_request: Request, error: Any) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, error.status)


@dataclass
class Caller:
    """Asks with its cookies and headers; `csrf` is that of its session."""

    application: FastAPI
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        given = more.pop("headers", {})
        headers = given if isinstance(given, list) else list({**self.headers, **given}.items())

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.application, client=("192.0.2.1", 1))
            async with httpx.AsyncClient(
                transport=transport, base_url=OURS, cookies=self.cookies, headers=headers
            ) as client:
                return await client.request(method, path, **more)

        return alone.run(ask())


@pytest.fixture
def application(database: Database, tmp_path: Path) -> FastAPI:
    application = FastAPI(dependencies=[Depends(guard.enforce)])
    application.state.settings = config.load(data_dir=tmp_path)
    application.state.database = database
    application.state.last_use = LastUse(database)
    application.include_router(pages)
    application.include_router(api)
    application.add_exception_handler(AppError, _said)
    application.add_middleware(Door, refuse=_said)
    return application


def logged_in(application: FastAPI, name: str, role: str) -> Caller:
    with application.state.database.write() as session:
        secret = sessions.begin(session, given_user(session, name, role), now=clock.now()).secret
    with application.state.database.read() as session:
        found = store.session_of(session, kept(secret), now=clock.now())
    return Caller(application, cookies={"thinslice": secret}, csrf=found[0].csrf if found else "")


@pytest.fixture
def stranger(application: FastAPI) -> Caller:
    return Caller(application)


@pytest.fixture
def ann(application: FastAPI) -> Caller:
    return logged_in(application, "Ann", "admin")


@pytest.fixture
def eve(application: FastAPI) -> Caller:
    return logged_in(application, "Eve", "editor")


@pytest.fixture
def bo(application: FastAPI) -> Caller:
    return logged_in(application, "Bo", "viewer")


@pytest.fixture
def system(application: FastAPI) -> Callable[[str], Caller]:
    """Makes callers with a token of a role."""

    def make(role: str) -> Caller:
        with application.state.database.write() as session:
            made = tokens.add(session, name=role, role=role, by="Ann", now=clock.now())
        return Caller(application, headers={"Authorization": f"Bearer {made.secret}"})

    return make

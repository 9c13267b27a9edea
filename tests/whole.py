"""The whole application as one web process builds it, asked without a socket: every route of it."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.datastructures import State
from starlette.types import ASGIApp, Message

from app import main
from app.identity import sessions, store, tokens, users
from app.identity.last_use import LastUse
from app.identity.secrets import kept
from app.ops.installation import House, open_house, prepare
from app.platform import clock, config
from app.web import site
from tests import alone
from tests.anew import forget_tries
from tests.identity.scenes import hashed_password
from tests.postgres import migrated_sqlite
from tests.routes import OF_SYSTEMS

ROLES = ("viewer", "editor", "admin")
FORM = "application/x-www-form-urlencoded"
CHANGES = {"POST", "PUT", "PATCH", "DELETE"}
_assembled: list[FastAPI] = []  # with every route, once somebody asked


@dataclass(frozen=True, slots=True)
class Said:
    """An answer; `read` is how many bytes of the body were taken before it began."""

    status: int
    headers: dict[str, str]
    body: bytes
    read: int

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Key:
    """What opens the door for somebody: headers, and the token of their forms."""

    headers: dict[str, str] = field(default_factory=dict)
    csrf: str = ""


@dataclass
class Whole:
    """The application, and what each role comes in with."""

    house: House
    inside: FastAPI
    outside: ASGIApp
    pages: dict[str, Key]
    systems: dict[str, Key]

    def key(self, role: str | None, path: str) -> Key:
        """The session for a page, the token for the API; nothing for nobody."""
        if role is None:
            return Key()
        return self.systems[role] if path.startswith(OF_SYSTEMS) else self.pages[role]

    def routes(self) -> list[tuple[str, APIRoute]]:
        """Every method and route, however routers are nested."""
        found: dict[tuple[str, str], APIRoute] = {}
        waiting = list(self.inside.routes)
        while waiting:
            route = waiting.pop()
            if isinstance(route, APIRoute):
                found |= {(method, route.path): route for method in route.methods or ()}
            else:
                inner = getattr(route, "original_router", None) or getattr(route, "router", None)
                waiting += getattr(inner, "routes", [])
        return [(method, found[method, path]) for method, path in sorted(found)]

    async def ask(
        self,
        method: str,
        address: str,
        key: Key | None = None,
        *,
        body: bytes = b"",
        kind: str = "application/json",
        chunk: int = 1 << 16,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Said:
        """One request, its body in pieces, as a server would hand it in.

        `meanwhile` happens before the second piece.
        """
        path, _, query = address.partition("?")
        own = {"host": "127.0.0.1:8000", **(key.headers if key else {})}
        if body:
            own |= {"content-type": kind, "content-length": str(len(body))}
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "method": method,
            "http_version": "1.1", "scheme": "http", "root_path": "", "state": {},
            "path": unquote(path, errors="replace"), "raw_path": path.encode(),
            "query_string": query.encode(), "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1),
            "headers": [(name.encode(), value.encode()) for name, value in own.items()],
        }  # fmt: skip
        return await _answer(self.outside, scope, body, chunk, meanwhile)

    def every(self, *asked: Any) -> list[Said]:
        """Many at once, one after the other, in one loop."""

        async def ask() -> list[Said]:
            return [await one for one in asked]

        return alone.run(ask())


def asked(
    application: Whole,
    method: str,
    address: str,
    role: str | None,
    *,
    body: bytes = b"",
    kind: str = "application/json",
) -> Coroutine[Any, Any, Said]:
    """A request of a role; what changes something comes from a page that the role has open."""
    key = application.key(role, address)
    headers = dict(key.headers)
    if method in CHANGES and key.csrf:
        headers["x-csrf"] = key.csrf
    return application.ask(method, address, Key(headers), body=body, kind=kind)


async def _answer(
    app: ASGIApp, scope: dict[str, Any], body: bytes, chunk: int, meanwhile: Callable[[], None]
) -> Said:
    sent: list[Message] = []
    at = read = 0

    async def receive() -> Message:
        nonlocal at
        if at >= len(body) and at:
            await asyncio.sleep(0)
            return {"type": "http.disconnect"}
        if at == chunk:
            meanwhile()
        piece, at = body[at : at + chunk], max(at + chunk, 1)
        return {"type": "http.request", "body": piece, "more_body": at < len(body)}

    async def send(message: Message) -> None:
        nonlocal read
        if message["type"] == "http.response.start":
            read = min(at, len(body))
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception:
        if not sent:  # an answer of 500 is out by now, and is what the caller gets
            raise
    head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Said(sent[0]["status"], head, b"".join(m.get("body", b"") for m in sent[1:]), read)


@contextmanager
def whole(folder: Path, database_url: str = "") -> Iterator[Whole]:
    """An installation in a folder of its own, with somebody of each role."""
    forget_tries()
    settings = config.load(data_dir=folder / "data", database_url=database_url)
    if not database_url:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (settings.data_dir / "thinslice.db").write_bytes(migrated_sqlite())
    house = open_house(settings)
    prepare(house)
    inside = inside_of(house)
    pages, systems = {}, {}
    for role in ROLES:
        pages[role], systems[role] = person(house, role), system(house, role)
    yield Whole(house, inside, site.outside(inside, secure=False), pages, systems)
    house.database.close()
    forget_tries()


def inside_of(house: House) -> FastAPI:
    """Pages and API with this house behind them.

    FastAPI takes a second to put all routes together: it does so once, and they serve every house.
    """
    if not _assembled:
        _assembled.append(main._pages_and_api(house, main.Tracking(house)))
    application = copy(_assembled[0])
    application.state = State()
    main._furnish_pages(application, house, LastUse(house.database))
    return application


def person(house: House, role: str, name: str = "") -> Key:
    with house.database.write() as session:
        user = users.add(
            session, email=f"{name or role}@halvern.example", name=role.title(), role=role,
            password=hashed_password(), now=clock.now(),
        )  # fmt: skip
        secret = sessions.begin(session, user, now=clock.now()).secret
        found = store.session_of(session, kept(secret), now=clock.now())
    assert found
    csrf = found[0].csrf
    return Key({"cookie": f"thinslice={secret}"}, csrf)


def system(house: House, role: str, name: str = "") -> Key:
    with house.database.write() as session:
        made = tokens.add(session, name=name or role, role=role, by="a test", now=clock.now())
    return Key({"authorization": f"Bearer {made.secret}"})


def of_json(value: Any) -> bytes:
    return json.dumps(value).encode()

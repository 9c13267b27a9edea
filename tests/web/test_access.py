"""Every route has its role in the one table, and nothing gets past it."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.identity import sessions, tokens, users
from app.identity.access import Access, access_of
from app.ops.installation import House, open_house, prepare
from app.platform import clock, config
from tests import alone
from tests.identity.scenes import hashed_password
from tests.routes import OF_SYSTEMS
from tests.whole import inside_of

_CHANGES = {"POST", "PUT", "PATCH", "DELETE"}
_OWN = re.compile(r"/api/v1/(notices/|[a-z-]+/\{\w+\}/watch$|.*/seen$)")  # what concerns oneself


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    settings = config.load(data_dir=tmp_path_factory.mktemp("house") / "data")
    house = open_house(settings)
    prepare(house)
    yield house
    house.database.close()


@pytest.fixture(scope="module")
def application(house: House) -> FastAPI:
    return inside_of(house)


def routes(application: FastAPI) -> list[tuple[str, str]]:
    """Every method and path, however routers are nested."""
    found: set[tuple[str, str]] = set()
    waiting = list(application.routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, APIRoute):
            found |= {(method, route.path) for method in route.methods or ()}
        else:
            inner = getattr(route, "original_router", None) or getattr(route, "router", None)
            waiting += getattr(inner, "routes", [])
    return sorted(found)


def ask(application: FastAPI, method: str, path: str, **headers: str) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000"
        ) as client:
            return await client.request(
                method, re.sub(r"\{[^}]+\}", "nothing", path), headers=headers
            )

    return alone.run(send())


def test_the_table_has_a_rule_for_every_route(application: FastAPI):
    all_routes = routes(application)

    missing = [route for route in all_routes if access_of(*route) is None]

    assert len(all_routes) > 90
    assert missing == []


def test_without_a_log_in_nothing_is_changed_or_shown(application: FastAPI):
    wrong = []
    for method, path in routes(application):
        access = access_of(method, path)
        if access in {Access.PUBLIC, Access.OPEN, None}:
            continue
        answer = ask(application, method, path)
        expected = {401} if path.startswith(OF_SYSTEMS) else {303}
        to_login = answer.headers.get("location", "/login").startswith("/login")
        if answer.status_code not in expected or not to_login:
            wrong.append((method, path, answer.status_code))

    assert wrong == []


def test_a_viewer_changes_nothing_by_api(application: FastAPI, house: House):
    with house.database.write() as session:
        made = tokens.add(session, name="reports", role="viewer", by="test", now=clock.now())
    bearer = f"Bearer {made.secret}"

    allowed = [
        (method, path)
        for method, path in routes(application)
        if path.startswith("/api/")
        and method in _CHANGES
        and ask(application, method, path, authorization=bearer).status_code != 403
    ]

    assert [path for _, path in allowed if not _OWN.match(path)] == []


def test_every_change_of_a_page_is_refused_without_the_sessions_token(
    application: FastAPI, house: House
):
    with house.database.write() as session:
        ann = users.add(
            session,
            email="ann@halvern.example",
            name="Ann",
            role="admin",
            password=hashed_password(),
            now=clock.now(),
        )
        secret = sessions.begin(session, ann, now=clock.now()).secret

    unguarded = []
    for method, path in routes(application):
        if path.startswith(OF_SYSTEMS) or method not in _CHANGES:
            continue
        if access_of(method, path) in {Access.PUBLIC, Access.OPEN}:
            continue
        answer = ask(application, method, path, cookie=f"thinslice={secret}")
        if answer.status_code != 403:
            unguarded.append((method, path, answer.status_code))

    assert unguarded == []


@pytest.mark.parametrize(
    "source", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}]
)
@pytest.mark.parametrize("path", ["/login", "/setup"])
def test_the_door_is_not_opened_from_another_site(
    application: FastAPI, path: str, source: dict[str, str]
):
    assert ask(application, "POST", path, **source).status_code == 403


def test_no_file_of_the_project_leaves_work_for_its_reader():
    root = Path(__file__).parents[2]
    files = [path for folder in ("app", "templates") for path in (root / folder).rglob("*.*")]

    marked = [
        path.name
        for path in files
        if path.suffix in {".py", ".html", ".css", ".js"}
        and re.search(r"\b(TODO|FIXME|XXX|HACK)\b", path.read_text())
    ]

    assert marked == []

"""A shelf answers as its routers would, and asks none of them for what is not theirs."""

import asyncio

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from app.identity.shelves import EVERY, Shelf, _paths
from app.web import site as web

KITCHEN = APIRouter(prefix="/api/kitchen")
HOME, BAKERS, API = APIRouter(), APIRouter(prefix="/bakers"), APIRouter()


@HOME.get("/")
async def home() -> str:
    return "home"


@BAKERS.get("/new")
async def new() -> str:
    return "new"


@BAKERS.post("/{baker_id}")
async def changed(baker_id: str) -> str:
    return f"changed {baker_id}"


@KITCHEN.get("/ovens/{oven_id}")
async def oven(oven_id: str) -> str:
    return oven_id


@API.get("/api/v1/bakers")
async def listed() -> str:
    return "listed"


APPLICATION = FastAPI()
for one in (HOME, BAKERS):
    APPLICATION.include_router(Shelf(one))
APPLICATION.include_router(Shelf(Shelf(API, place=3)))


def answered(method: str, path: str) -> tuple[int, object]:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=APPLICATION)
        async with httpx.AsyncClient(transport=transport, base_url="http://one.example") as client:
            return await client.request(method, path)

    answer = asyncio.run(ask())
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/", 200, "home"),
        ("GET", "/bakers/new", 200, "new"),
        ("POST", "/bakers/7", 200, "changed 7"),
        ("POST", "/bakers/new", 200, "changed new"),
        ("GET", "/api/v1/bakers", 200, "listed"),
        ("GET", "/bakers/7", 405, {"detail": "Method Not Allowed"}),
        ("GET", "/api/v1", 404, {"detail": "Not Found"}),
        ("GET", "/api/v1/cooks", 404, {"detail": "Not Found"}),
        ("GET", "/cooks/new", 404, {"detail": "Not Found"}),
    ],
)
def test_it_answers_as_its_routers_would(method: str, path: str, status: int, said: object):
    assert answered(method, path) == (status, said)


def test_a_router_is_not_asked_for_an_address_that_begins_otherwise(
    monkeypatch: pytest.MonkeyPatch,
):
    asked: list[str] = []
    matches = APIRouter.matches

    def noting(router: APIRouter, scope: dict[str, str]) -> object:
        asked.append(scope["path"])
        return matches(router, scope)

    monkeypatch.setattr(APIRouter, "matches", noting)

    assert answered("GET", "/cooks/new") == (404, {"detail": "Not Found"})
    assert asked == []


def test_a_route_whose_address_begins_with_anything_stands_on_none():
    anything = APIRouter()
    anything.get("/{word}")(home)

    with pytest.raises(ValueError, match="stands on no shelf"):
        Shelf(anything)


@pytest.mark.parametrize("place", [1, 2])
def test_of_every_address_it_finds_what_all_of_its_routers_would(place: int):
    for router in web.routers if place == 1 else (KITCHEN,):
        shelf = Shelf(router, place=place)
        for path in set(_paths(shelf.routes)):
            for root, odd in _odd(path.replace("{", "").replace("}", "")):
                scope = {"type": "http", "method": "GET", "path": odd, "root_path": root}
                found = shelf.matches(dict(scope))[0]
                assert found is shelf.matches(scope | {EVERY: True})[0], (root, odd)


def _odd(path: str) -> list[tuple[str, str]]:
    """Where we are served, and addresses that are nearly this one."""
    near = (path, f"{path}/", f"/{path}", f"{path}//x", path.upper(), f"{path}/../x", f"/.{path}")
    return [*(("", one) for one in near), ("/at", f"/at{path}"), ("/at", path), (path[:2], path)]

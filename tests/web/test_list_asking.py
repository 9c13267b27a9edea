"""Every list that can be asked for: each order, each choice, any words, to its last page."""

import json
import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qsl

import httpx
import pytest
from fastapi import Depends, FastAPI

from app.api import problems, site
from app.identity import guard, tokens
from app.identity.door import Door
from app.platform.db import Database
from app.review import learnings
from tests.api.conftest import Api
from tests.api.lists import filled
from tests.web.conftest import NOW, Browser
from tests.web.test_lists import PAGES, parents

__all__ = ["parents"]  # a fixture of that module, for these tests
# Those that draw kit/lists.html, and the list of the API beside each: both go by one order. The
# outbox has none: what lies there is a mail server's, in installations that have none.
# The others, and why they have no order of their own to choose: parts of one thing or of one week
# in the order of their time (imports, values, pushes, weeks, replies, tests of a slice), boards and
# outcomes in groups, recipes as cards.
ASKED = {
    "/audiences": "/audiences",
    "/audiences/one/people": "/people?audience_id=one",
    "/audit": "/audit",
    "/conversions": "/conversions",
    "/customers": "/people",
    "/experiments": "/experiments",
    "/experiments/one/hits": "/experiments/one/hits",
    "/experiments/one/sends": "/experiments/one/sends",
    "/features": "/features",
    "/images": "/images",
    "/learnings": "/learnings",
    "/outbox": None,
    "/people": "/users",
    "/suppressions": "/suppressions",
    "/tokens": "/tokens",
}
_MANY = 103  # three pages of fifty, two of a hundred
HOSTILE = ("%", "_", "'; DROP TABLE experiment;--", "\\", "<script>alert(1)</script>", "\u202eevil",
           "ß" * 200, "row " * 40, '"', "😀")  # fmt: skip


@dataclass(frozen=True)
class Finder:
    """The form above a list, as a browser has it."""

    orders: list[str]
    choices: dict[str, list[str]]
    find: str | None  # where words are posted to
    has_words: bool


def finder_of(page: str) -> Finder:
    form = re.search(r'<form class="finder".*?</form>', page, re.DOTALL)
    assert form, "this list cannot be asked for anything"
    options = {
        name: re.findall(r'<option value="([^"]*)"', body)
        for name, body in re.findall(
            r'<select[^>]* name="(\w+)">(.*?)</select>', form[0], re.DOTALL
        )
    }
    orders = options.pop("sort")
    posted = re.search(r'method="post" action="([^"]+)"', form[0])
    return Finder(orders, options, posted[1] if posted else None, 'name="q"' in form[0])


def marks(page: str) -> list[str]:
    """The rows of a page in their order, each by its mark."""
    return list(dict.fromkeys(re.findall(r"row\d{4}row", page)))


def walked(browser: Browser, address: str) -> list[str]:
    """The rows of every page from here on."""
    found: list[str] = []
    for _ in range(20):
        answer = browser.get(address)
        assert answer.status_code == 200, address
        found += marks(answer.text)
        following = re.search(r'href="([^"]+)">Next page', answer.text)
        if following is None:
            return found
        address = unescape(following[1])
    raise AssertionError("its pages have no end")


@pytest.fixture(scope="session")
def surface() -> FastAPI:
    """Every route of the API."""
    application = FastAPI(dependencies=[Depends(guard.enforce)])
    site.install(application)
    application.add_middleware(Door, refuse=lambda _request, error: problems.of_app_error(error))
    return application


def told_by_api(api: Api, address: str, order: str) -> list[str]:
    """The marks of every row of a list of the API in an order, page by page."""
    found, cursor = list[str](), None
    path, _, query = address.partition("?")
    asked = dict(parse_qsl(query)) | {"sort": order, "limit": "50"}
    while True:
        page = api.read(path, **asked, **({"cursor": cursor} if cursor else {}))
        found += [one for row in page["items"] for one in marks(json.dumps(row))[:1]]
        cursor = page["next"]
        if cursor is None:
            return found


def asked_for(browser: Browser, path: str, finder: Finder, words: str) -> httpx.Response:
    if finder.find:
        return browser.post(finder.find, q=words)
    return browser.get(str(httpx.URL(path, params={"q": words})))


@pytest.fixture
def listed(path: str, parents: None, database: Database) -> set[str]:
    held = PAGES.get(path) or PAGES[f"{path}?show=All"]
    with database.write() as session:
        for number in range(1, _MANY + 1):
            held.beside(session, number)
            session.add(filled(held.model, number, **held.fields(number)))
            session.flush()
        if path == "/learnings":  # its words are looked for where they were kept
            for number in range(1, _MANY + 1):
                learnings.keep_words(session, f"e{number}")
    return {held.look(number) for number in range(1, _MANY + 1)}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ASKED)
def test_a_list_is_whole_in_every_order_and_found_by_its_words(
    path: str, listed: set[str], ann: Browser, database: Database, surface: FastAPI
):
    surface.state = ann.application.state
    finder = finder_of(ann.get(path).text)
    orders = {order: walked(ann, f"{path}?sort={order}") for order in finder.orders}
    wrong = {
        order: len(rows)
        for order, rows in orders.items()
        if set(rows) & listed != listed or len(set(rows)) != len(rows)
    }
    unturned = [
        order
        for order in orders
        if not order.startswith("-") and orders[order] != orders[f"-{order}"][::-1]
    ]
    if (beside := ASKED[path]) is not None:
        with database.write() as session:
            made = tokens.add(session, name="t", role="admin", by="a test", now=NOW)
        api = Api(surface, made.secret)
        told = {order: told_by_api(api, beside, order) for order in finder.orders}
        alike = {order: [row for row in rows if row in listed] for order, rows in orders.items()}
        assert told == alike
    one = sorted(listed)[57]
    found = asked_for(ann, path, finder, f"  {one.upper()} ").text

    assert (wrong, unturned) == ({}, [])
    assert set(marks(found)) & listed == {one}
    for words in HOSTILE:
        answer = asked_for(ann, path, finder, words)
        assert answer.status_code == 200, words
        assert "<script>alert" not in answer.text
    for name, values in finder.choices.items():
        for value in values:
            assert ann.get(f"{path}?{name}={value}").status_code == 200
    unknown = ann.get(f"{path}?sort=shoe")
    assert unknown.status_code == 422
    assert "This list has no order called “shoe”." in unknown.text
    assert f'href="{path}">To the first page' in unknown.text
    if not finder.find:
        long = ann.get(f"{path}?q={'x' * 201}")
        assert (long.status_code, "a few words will do" in long.text) == (422, True)
    assert ann.get(f"{path}?cursor=x").status_code == 422
    assert asked_for(ann, path, finder, "x" * 201).status_code == 422


def test_who_sees_no_addresses_neither_sorts_by_them_nor_looks_for_them(
    parents: None,
    bo: Browser,
):
    for path in ("/experiments/one/hits", "/experiments/one/sends"):
        assert bo.get(path).text.count('name="q"') == 1  # the search of every page
        assert bo.get(f"{path}?sort=person").status_code == 422
        assert bo.post(f"{path}/find", q="a@b.example").status_code == 403

"""Every route of pages and API: role, body, the ends of what it takes, and what a viewer reads."""

import asyncio
import errno
import os
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

import pytest
from fastapi.routing import APIRoute

from app.identity.access import Access, access_of, rule_of
from app.identity.bodies import MB, Taken, body_of
from app.platform.paths import TEMPLATES
from tests import alone
from tests.routes import OF_SYSTEMS
from tests.settled import Settled, parameters, properties_of
from tests.whole import CHANGES, FORM, ROLES, Whole, asked, of_json, whole

Request = tuple[str, str, bytes, str]  # method, address, body, and what kind of body it is

SLOW = 10  # seconds that nobody's request may take, on a machine however busy
WEEKS = ("9999-W52", "9999-W53", "0001-W01", "0000-W01", "1969-W52", "2200-W02", "2026-W54", "W")
DAYS = ("9999-12-31", "0001-01-01", "0000-01-01", "2026-02-30", "1969-12-31", "1e400")
NUMBERS = ("-1", "0", "1001", "9223372036854775808", "9" * 5000, "NaN", "1e9", "")
WORDS = ("%00", "a%00b", "%ED%A0%80", "%F0%9F%98%80", "x" * 5000, "..%2F..%2Fx", "%0d%0aX:y", "99")
ENDS = (*WEEKS, *DAYS, *NUMBERS, *WORDS)
SENT: tuple[Any, ...] = (
    None, True, -1, 0, 2**63, 10**400, 1e308, "", "\x00", "\ud800", "x" * 10_001, "9999-12-31",
    "0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9999-W52", [], {},
    ["\x00"], [None], {"\x00": 1}, "http://[", "a@" + "b" * 300, "NaN", float("inf"), float("nan"),
)  # fmt: skip
RAW = (b"null", b"[]", b"{}", b'"x"', b"1e999", b"\xff\xfe", b'{"a":' * 60, b"[" * 500 + b"]" * 500,
       b"9" * 5000, b'{"name":"\\ud800"}', b"")  # fmt: skip
SECRET = re.compile(r"seen\.nowhere|[\w.]+@b\.example|nobody,Cem|lots(?! €)")


@pytest.fixture(scope="module")
def all_of_it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Whole, Settled]]:
    with whole(tmp_path_factory.mktemp("every")) as application:
        yield application, Settled(application)


def _broken(application: Whole, requests: Iterator[Request]) -> list[str]:
    """Ask as an admin; what was answered by none of ours, or took for ever."""

    async def walk() -> list[str]:
        wrong = []
        for method, address, body, kind in requests:
            try:
                async with asyncio.timeout(SLOW):
                    said = await asked(application, method, address, "admin", body=body, kind=kind)
                if said.status >= 500:
                    wrong.append(f"{method} {address[:90]} {body[:60]!r}: {said.status}")
            except Exception as error:  # noqa: BLE001 - the whole list is worth more than the first
                wrong.append(f"{method} {address[:90]} {body[:60]!r}: {error!r}"[:300])
        return wrong

    return alone.run(walk())


def test_the_address_says_the_same_as_the_route(all_of_it: tuple[Whole, Settled]):
    """The door knows the address alone; were a rule to fit it otherwise, somebody gets in."""
    application, settled = all_of_it
    own = {route.path for _, route in application.routes()}  # what has a route is no id
    for method, route in application.routes():
        for address in {settled.filled(route.path), re.sub(r"\{\w+\}", "new", route.path)}:
            if address in own and address != route.path:
                continue
            rule = rule_of(method, address)
            assert rule, address
            assert rule.access is access_of(method, route.path), f"{method} {address}"


@pytest.mark.parametrize("role", [None, *ROLES])
def test_who_may_not_is_refused_before_a_byte_and_too_much_before_its_end(
    all_of_it: tuple[Whole, Settled], role: str | None
):
    application, settled = all_of_it
    wrong = []
    large = b"[" + b"[]," * MB + b"[]]"
    for method, route in application.routes():
        access = access_of(method, route.path)
        if method not in CHANGES or access is None or access is Access.PUBLIC:
            continue
        may = access.role is None or (role and ROLES.index(role) >= ROLES.index(access.role))
        body = body_of(method, route.path, access)
        if may and (body.taken is Taken.STREAMED or body.most >= len(large)):
            continue
        address = settled.filled(route.path)
        (said,) = application.every(asked(application, method, address, role, body=large))
        expected = {413} if may else {403} if role else {401, 303}
        if said.status not in expected or said.read > 0 or said.headers["connection"] != "close":
            wrong.append(f"{method} {route.path}: {said.status}, {said.read} bytes read")

    assert wrong == []


def _reads(application: Whole) -> Iterator[tuple[str, APIRoute]]:
    return ((method, route) for method, route in application.routes() if method == "GET")


def test_head_answers_as_get_does_and_has_no_body(all_of_it: tuple[Whole, Settled]):
    application, settled = all_of_it
    for _, route in _reads(application):
        address = settled.filled(route.path)
        get, head = application.every(
            *(asked(application, method, address, "admin") for method in ("GET", "HEAD"))
        )
        assert (head.status, head.body) == (get.status, b""), address


def test_no_cache_keeps_what_was_answered(all_of_it: tuple[Whole, Settled]):
    """Files and lists hold people, and addresses hold tokens: only what is for all is kept."""
    application, settled = all_of_it
    wrong = []
    for _, route in _reads(application):
        address = settled.filled(route.path)
        for role in (None, *ROLES):
            (said,) = application.every(asked(application, "GET", address, role))
            if said.headers.get("cache-control") != "no-store" and "/static/" not in address:
                wrong.append(f"{role} {address}")

    assert wrong == []


def _ends(application: Whole, settled: Settled, *, full: bool) -> Iterator[Request]:
    """Each parameter of each route with the ends of its range; the others are of something real."""
    count = 0
    for method, route in application.routes():
        for where, name in dict.fromkeys(parameters(route)):
            for value in ENDS:
                count += 1
                always = full or (name == "week" and value in WEEKS) or name in {"date", "push_id"}
                if not always and count % 11:
                    continue  # beside each change some of them, others for each route
                known = settled.filled(route.path, **{name: value})
                asks = known if where == "path" else f"{known}?{quote(name)}={value}"
                yield method, asks, b"", "application/json"


def test_the_ends_of_every_range_are_answered(all_of_it: tuple[Whole, Settled], full: bool):
    application, settled = all_of_it

    assert _broken(application, _ends(application, settled, full=full)) == []


def _bodies(application: Whole, settled: Settled, *, full: bool) -> Iterator[Request]:
    (said,) = application.every(application.ask("GET", "/openapi.json"))
    document = said.json()
    count = 0
    for method, route in application.routes():
        if method not in CHANGES or not route.path.startswith("/api/") or method == "DELETE":
            continue
        address = settled.filled(route.path)
        yield from ((method, address, raw, "application/json") for raw in RAW)
        known = settled.bodies.get((method, address.removeprefix("/api/v1")), {})
        for name in dict.fromkeys([*known, *properties_of(document, route.path, method)]):
            for value in SENT:
                count += 1
                if full or count % 9 == 0:
                    yield method, address, of_json({**known, name: value}), "application/json"


def test_the_ends_of_every_field_are_answered(all_of_it: tuple[Whole, Settled], full: bool):
    application, settled = all_of_it

    assert _broken(application, iter(list(_bodies(application, settled, full=full)))) == []


def _fields() -> list[str]:
    pages = [path.read_text() for path in Path(TEMPLATES).rglob("*.html")]
    found = {name for page in pages for name in re.findall(r'name="([^"{]+)"', page)}
    return sorted(found - {"csrf"})


def _forms(application: Whole, settled: Settled) -> Iterator[Request]:
    fields = _fields()
    values = ["9" * 400 if value == 10**400 else str(value) for value in SENT]
    for method, route in application.routes():
        if method != "POST" or route.path.startswith(OF_SYSTEMS) or route.path == "/logout":
            continue
        address = settled.filled(route.path)
        for value in values:
            form = dict.fromkeys(fields, value)
            yield method, address, urlencode(form, errors="surrogatepass").encode(), FORM
        yield method, address, b"\xff\xfe=\x00&&&%zz=%", FORM
        yield method, address, b"junk", "multipart/form-data; boundary=x"


@pytest.mark.full
def test_the_ends_of_every_form_are_answered(all_of_it: tuple[Whole, Settled], full: bool):
    if not full:
        pytest.skip("half a minute: run it with --full")
    application, settled = all_of_it

    assert _broken(application, _forms(application, settled)) == []


def test_a_viewer_reads_nobodys_address_or_cell_anywhere(all_of_it: tuple[Whole, Settled]):
    application, settled = all_of_it
    told, shown = [], 0
    for _, route in _reads(application):
        viewer, editor = application.every(
            *(asked(application, "GET", settled.filled(route.path), role) for role in ROLES[:2])
        )
        told += [f"{route.path}: {found}" for found in SECRET.findall(viewer.text)]
        shown += bool(SECRET.search(editor.text))

    assert told == []
    assert shown >= 6  # an editor reads them: there was something to be found


FORMS = re.compile(r"<form\b[^>]*>|<button\b[^>]*formaction[^>]*>")


def _sends(address: str, page: str) -> Iterator[tuple[str, str]]:
    """Method and path of whatever a page lets its reader send."""
    for tag in FORMS.findall(page):
        method = re.search(r'method="(\w+)"', tag)
        action = re.search(r'(?:form)?action="([^"]*)"', tag)
        path = urlsplit(urljoin(address, unescape(action[1]) if action else "")).path
        yield (method[1].upper() if method else "GET"), path


@pytest.mark.parametrize("role", ROLES)
def test_whoever_sees_a_form_may_send_it(all_of_it: tuple[Whole, Settled], role: str):
    application, settled = all_of_it
    wrong, seen = [], 0
    for _, route in _reads(application):
        address = settled.filled(route.path)
        (page,) = application.every(asked(application, "GET", address, role))
        if page.status != 200 or "html" not in page.headers.get("content-type", ""):
            continue
        for method, path in _sends(address, page.text):
            seen += 1
            needed = rule_of(method, path)
            least = needed.access.role if needed else None
            if needed is None or (least and ROLES.index(role) < ROLES.index(least)):
                wrong.append(f"{route.path}: {method} {path}")

    assert wrong == []
    assert seen > 20  # to log out is offered on each


def test_a_broken_page_carries_the_headers_of_the_others(
    all_of_it: tuple[Whole, Settled], monkeypatch: pytest.MonkeyPatch
):
    application, _ = all_of_it

    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    (fine,) = application.every(asked(application, "GET", "/features/board", "admin"))
    monkeypatch.setattr("app.web.features.board.render", breaks)
    (broken,) = application.every(asked(application, "GET", "/features/board", "admin"))

    assert broken.status == 500
    assert set(broken.headers) >= set(fine.headers)
    assert "a fault of ours" not in broken.text


@pytest.mark.parametrize(("number", "status"), [(errno.ENOSPC, 503), (errno.EACCES, 500)])
def test_a_full_disk_is_told_and_other_trouble_with_files_is_ours(
    all_of_it: tuple[Whole, Settled], monkeypatch: pytest.MonkeyPatch, number: int, status: int
):
    application, _ = all_of_it

    def fails(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("app.web.features.board.render", fails)
    (answer,) = application.every(asked(application, "GET", "/features/board", "admin"))

    assert answer.status == status
    assert ("disk" in answer.text) == (status == 503)


def test_no_token_of_an_address_stands_in_the_log_of_a_full_disk(
    all_of_it: tuple[Whole, Settled],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    application, _ = all_of_it

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for module in ("public.answers", "public.friday", "weeks.reviews", "public.unsubscribes"):
        monkeypatch.setattr(f"app.web.{module}.read_public", full)
    addresses = [(method, f"/{letter}/s3cret") for method in ("GET", "POST") for letter in "apsuw"]
    for method, address in addresses:
        application.every(asked(application, method, address, None))

    assert "GET /u/*" in caplog.text
    assert "s3cret" not in caplog.text

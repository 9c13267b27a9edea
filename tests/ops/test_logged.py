"""Every route and every kind of failure: what is logged of them holds nobody's secret."""

import errno
import json
import logging
import re
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from sqlalchemy.exc import DataError, OperationalError
from starlette.types import Receive, Scope, Send

from app.main import _watched
from app.platform import log
from app.platform.config import LogFormat
from app.platform.db import Database
from app.platform.log import formatter_of
from app.web import site
from tests.settled import Settled
from tests.whole import CHANGES, FORM, Whole, asked, whole

ADDRESS, TOKEN = "ann.secret@halvern.example", "tsl_Zx9kQ2vB7nM4wR8tY1uI3oP6aS5dF0gH2jK4lL7zXc8"
LINK = "AbCdEfGh1234567890abcdefghijklmn"
QUOTED = f"could not use {ADDRESS} with {TOKEN}\nforged 2026-11-29T00:00:00Z INFO web[1] /c/{LINK}"
FAILURES: dict[str, Callable[[], Exception]] = {  # new ones each time: a raise lengthens its trace
    "a fault of ours": lambda: ZeroDivisionError(QUOTED),
    "the database is away": lambda: OperationalError(QUOTED, {"email": ADDRESS}, Exception(QUOTED)),
    "what it cannot keep": lambda: DataError(QUOTED, {"email": ADDRESS}, Exception(QUOTED)),
    "a full disk": lambda: OSError(errno.ENOSPC, QUOTED, f"/data/{ADDRESS}"),
    "another file": lambda: PermissionError(errno.EACCES, QUOTED, f"/data/{ADDRESS}"),
}


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    with whole(tmp_path_factory.mktemp("logged")) as application:
        behind = site.outside(_watched(application.inside), secure=False)

        async def as_uvicorn(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await behind(scope, receive, send)
            except Exception:
                logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
                raise

        application.outside = as_uvicorn
        yield application


@pytest.fixture(scope="module")
def settled(application: Whole) -> Settled:
    return Settled(application)


@pytest.fixture
def lines() -> Iterator[dict[LogFormat, StringIO]]:
    root, written = logging.getLogger(), {}
    others, root.handlers = root.handlers, []  # pytest writes each traceback twice more
    for form in LogFormat:
        handler = logging.StreamHandler(StringIO())
        handler.setFormatter(formatter_of("web", form))
        root.addHandler(handler)
        written[form] = handler.stream
    level = root.level
    root.setLevel(logging.INFO)
    yield written
    root.setLevel(level)
    root.handlers = others


def every_route(application: Whole, settled: Settled, *, as_form: bool) -> None:
    body = (
        f"email={ADDRESS}&token={TOKEN}".encode()
        if as_form
        else b'{"email": "%s"}' % ADDRESS.encode()
    )
    kind = FORM if as_form else "application/json"
    asked_of_each = []
    for method, route in application.routes():
        address = settled.filled(route.path)
        if address.count("/") > 1 and method not in CHANGES:
            address = re.sub(r"^(/[acopsuw])/.*", rf"\1/{LINK}", address)
        asked_of_each.append(
            asked(
                application,
                method,
                f"{address}?q={ADDRESS}&token={TOKEN}",
                "admin",
                body=body if method in CHANGES else b"",
                kind=kind,
            )
        )
    application.every(*asked_of_each)


def secrets_of(application: Whole) -> list[str]:
    """Each cookie and token that any of these requests came in with."""
    keys = [*application.pages.values(), *application.systems.values()]
    return [value.split("=")[-1].split()[-1] for key in keys for value in key.headers.values()]


@pytest.mark.parametrize("failure", [*FAILURES.values(), None], ids=[*FAILURES, "nothing"])
def test_nobodys_address_token_or_cookie_is_logged(
    application: Whole,
    settled: Settled,
    lines: dict[LogFormat, StringIO],
    failure: Callable[[], Exception] | None,
    monkeypatch: pytest.MonkeyPatch,
):
    if failure is not None:

        def fail(*_: object, **__: object) -> None:
            raise failure()

        for name in ("read", "write", "write_unheard"):
            monkeypatch.setattr(Database, name, fail)
    for as_form in (False, True) if failure is None else (False,):
        every_route(application, settled, as_form=as_form)
    logging.getLogger("app.tests").error("and this: %s", QUOTED)
    text, told = (written.getvalue() for written in lines.values())

    assert "and this: could not use …" in text
    for secret in (ADDRESS, TOKEN, LINK, "ann.secret", "@", *secrets_of(application)):
        assert secret not in text
        assert secret not in told
    assert not re.search("^forged", text, re.MULTILINE)
    for line in told.splitlines():
        json.loads(line)
    if failure is FAILURES["a fault of ours"]:
        assert text.count("ZeroDivisionError") > 100
        assert " request=" in text


@pytest.mark.parametrize(
    "given",
    [
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "9F86D081884C7D659A2FEAA0C55AD015",
    ],
)
def test_a_proxys_id_is_taken(application: Whole, given: str):
    (said,) = application.every(_with_id(application, given))

    assert said.headers["x-request-id"] == given.lower()


@pytest.mark.parametrize(
    "given",
    ["", "x", "ann@halvern.example", "a" * 65, "3f2504e0\n2026 ERROR", "3f2504e0 4f89", TOKEN,
     "3f2504e0\x1b[2J", "３f2504e0", "-" * 40, "'; DROP TABLE"],
)  # fmt: skip
def test_any_other_is_not(application: Whole, given: str):
    (said,) = application.every(_with_id(application, given))

    assert re.fullmatch("[0-9a-f]{32}", said.headers["x-request-id"])


def _with_id(application: Whole, given: str):
    from tests.whole import Key

    return application.ask("GET", "/health", Key({"x-request-id": given}))


def test_a_page_of_what_is_broken_names_its_line_in_the_log(
    application: Whole, lines: dict[LogFormat, StringIO], monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Database, "read", fail)
    said = application.every(
        asked(application, "GET", "/", "admin"),
        asked(application, "GET", "/api/v1/audiences", "viewer"),
    )
    ids = [one.headers["x-request-id"] for one in said]

    assert [one.status for one in said] == [500, 500]
    for one, asked_id in zip(said, ids, strict=True):
        assert f"under request {asked_id}" in one.text
        assert (
            f"request={asked_id} Exception in ASGI application" in lines[LogFormat.TEXT].getvalue()
        )
    assert log.request_id.get() == ""

"""Who may and how much, before a byte of a body is read; and nobody waits for a slow sender."""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any

import pytest
from fastapi import FastAPI

from app.identity import door, senders
from app.identity.access import Access
from app.identity.bodies import NOTHING, body_of
from app.identity.depth import DEEPEST, refuse_deep
from app.identity.senders import Sender
from app.platform.errors import Invalid
from tests.identity.conftest import OURS, Caller
from tests.identity.test_guard import System

MB = 1_000_000


class Line:
    """A caller at the other end of a socket: sends pieces, or nothing any more."""

    def __init__(self, *pieces: bytes, then: str = "silence") -> None:
        self.pieces, self.then = list(pieces), then
        self.read = 0
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""

    async def receive(self) -> dict[str, Any]:
        self.read += 1
        if self.pieces:
            return {"type": "http.request", "body": self.pieces.pop(0), "more_body": True}
        if self.then == "gone":
            return {"type": "http.disconnect"}
        if self.then == "end":
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.sleep(60)
        raise AssertionError("waited for a minute")

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        self.body += message.get("body", b"")


def sends(
    application: FastAPI, line: Line, path: str, length: int | None = 100, **headers: str
) -> Line:
    announced = (
        {"transfer-encoding": "chunked"} if length is None else {"content-length": str(length)}
    )
    given = {"host": "127.0.0.1:8000", **announced, **headers}
    scope = {
        "type": "http", "method": "POST", "path": path, "query_string": b"", "root_path": "",
        "scheme": "http", "client": ("192.0.2.1", 1), "server": ("127.0.0.1", 8000),
        "headers": [
            (name.lower().replace("_", "-").encode(), value.encode())
            for name, value in given.items()
        ],
    }  # fmt: skip
    receive: Any = line.receive
    send: Any = line.send
    asyncio.run(application(scope, receive, send))
    return line


@pytest.mark.parametrize(
    "path", ["/features", "/api/v1/features", "/audiences/a/imports", "/api/v1/audiences/a/imports"]
)
def test_who_may_not_is_refused_before_a_byte_is_read(application: FastAPI, path: str):
    line = sends(application, Line(b"x" * MB), path, 36 * MB)

    assert (line.status, line.read) == (401, 0)
    assert line.headers[b"connection"] == b"close"


def test_whose_role_does_not_reach_is_refused_before_a_byte_is_read(
    application: FastAPI, system: System
):
    line = sends(application, Line(b"x"), "/api/v1/features", 100, **system("viewer").headers)

    assert (line.status, line.read) == (403, 0)


def test_another_site_is_refused_before_a_byte_is_read(application: FastAPI):
    line = sends(application, Line(b"x"), "/login", sec_fetch_site="cross-site")

    assert (line.status, line.read) == (403, 0)


@pytest.mark.parametrize("length", [64_001, 36 * MB, None])
def test_a_body_past_its_limit_is_refused_with_a_sentence(application: FastAPI, length: int | None):
    line = sends(application, Line(*[b"x" * 40_000] * 9), "/login", length)

    assert line.status == 413
    assert b"64 KB at most" in line.body
    assert line.read <= 2


def test_bodies_of_strangers_share_a_room_and_small_ones_always_fit(
    application: FastAPI, monkeypatch: pytest.MonkeyPatch
):
    room = senders.Room(100_000)
    monkeypatch.setattr(door, "STRANGERS", room)
    large, small = b"x" * 40_000, b"x" * 8_000

    async def waiting() -> list[Sender]:
        body = body_of("POST", "/login", Access.OPEN)
        held = [Sender(Line(large).receive, body, room) for _ in range(3)]
        for sender in held:
            await sender.watched()
        return held

    held = asyncio.run(waiting())
    refused = sends(application, Line(large), "/login")
    taken = sends(application, Line(small, then="end"), "/login")
    for sender in held:
        sender.done()

    assert (refused.status, refused.headers[b"connection"]) == (503, b"close")
    assert b"in a minute" in refused.body
    assert taken.status != 503
    assert sends(application, Line(large, then="end"), "/login").status != 503
    assert room._left == 100_000


def test_a_silent_sender_is_told_so_and_holds_nothing(
    application: FastAPI, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(senders, "_IDLE_SECONDS", 0.05)

    line = sends(application, Line(b"email="), "/login")

    assert line.status == 408
    assert b"too slowly" in line.body


def test_a_sender_who_drips_is_not_waited_for(
    application: FastAPI, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(senders, "_GRACE_SECONDS", 0.2)
    drips = Line(*[b"x"] * 10_000)
    piece = drips.receive

    async def slowly() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return await piece()

    monkeypatch.setattr(drips, "receive", slowly)
    line = sends(application, drips, "/login", 10_000)

    assert line.status == 408
    assert 0 < line.read < 100


def test_a_caller_who_goes_away_is_one_line_without_what_they_asked_for(
    application: FastAPI, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.INFO):
        line = sends(application, Line(b"email=", then="gone"), "/a/secret-token")

    assert line.status == 0
    assert [record.getMessage() for record in caplog.records] == [
        "POST /a/*: the caller went away before all was sent"
    ]
    assert caplog.records[0].exc_info is None


def test_an_unsubscribe_waits_for_no_body(application: FastAPI):
    line = sends(application, Line(), "/u/token")

    assert (line.status, line.read) == (200, 0)


def test_an_address_of_nobody_reads_nothing(application: FastAPI):
    line = sends(application, Line(b"x" * MB), "/nothing/here", 36 * MB)

    assert (line.status, line.read) == (404, 0)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "",
        "[",
        "a b",
        "evil.example:8000",
        "127.0.0.1@evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1/evil.example",
        "127.0.0.1:evil",
        "[::1%25eth0]",
    ],
)
def test_another_name_gets_no_page_and_no_api(stranger: Caller, host: str):
    for path in ("/features/f1", "/login", "/api/v1/features/f1"):
        assert stranger.ask("GET", path, headers=[(b"host", host.encode())]).status_code == 421


@pytest.mark.parametrize(
    "host",
    ["LOCALHOST", "localhost:9", "127.0.0.1", "127.9.9.9:80", "[::1]", "[::1]:8000", "localhost."],
)
def test_this_machine_itself_does(stranger: Caller, host: str):
    assert stranger.ask("GET", "/login", headers=[(b"host", host.encode())]).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["insights.example", "Insights.Example:8443", "go.example", "xn--bcker-gra.example", "inside"],
)
def test_the_names_of_both_addresses_and_the_operators_do(
    application: FastAPI, stranger: Caller, host: str
):
    settings = application.state.settings
    names = {
        "public_url": "https://insights.example",
        "tracking_url": "https://go.example:8443",
        "allowed_hosts": ("inside", "bäcker.example"),
    }
    application.state.settings = settings.model_copy(update=names)

    assert stranger.ask("GET", "/login", headers=[(b"host", host.encode())]).status_code == 200


def test_links_in_mails_answer_under_names_of_earlier(stranger: Caller):
    """Somebody must get out of the mail, whatever the service is called by now."""
    for path, method in (("/u/token", "POST"), ("/health", "GET")):
        answer = stranger.ask(method, path, headers=[(b"host", b"old.example")])
        assert answer.status_code == 200


def test_two_hosts_are_none(stranger: Caller):
    both = [(b"host", b"127.0.0.1"), (b"host", b"evil.example")]

    assert stranger.ask("GET", "/login", headers=both).status_code == 421


def test_a_route_without_its_door_is_open_to_nobody(application: FastAPI, ann: Caller):
    application.user_middleware.clear()

    assert ann.ask("GET", "/features/f1").status_code == 403


@pytest.mark.parametrize(
    "inner", [b"[%s]", b'{"a":%s}', b'[{"b":%s},[],{}]', b' [ "]\\"[" , %s ] ']
)
def test_json_has_a_depth(inner: bytes):
    levels = 2 if b"{" in inner and b"[" in inner else 1
    fits = once = b"1"
    for _ in range(DEEPEST // levels):
        fits = inner % fits
    for _ in range(2 * DEEPEST + 2):
        once = inner % once

    refuse_deep(fits)
    with pytest.raises(Invalid, match="nested"):
        refuse_deep(once)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * MB,
        b"[" * (MB // 2) + b"]" * (MB // 2),
        b'"' * MB,
        b'["' + b'\\"' * (MB // 2),
        b"[]," * (MB // 3),
        b'{"\\\\' * (MB // 4),
    ],
)
def test_looking_for_depth_takes_no_time(body: bytes):
    began = time.monotonic()

    with suppress(Invalid):
        refuse_deep(body)

    assert time.monotonic() - began < 20  # looked at again from each bracket it takes hours


def test_brackets_in_texts_are_no_depth():
    refuse_deep(b'{"body": "' + b"[" * 500 + b'"}')


def test_a_token_in_a_form_of_many_fields_is_not_looked_for(eve: Caller):
    fields = "&".join(f"a{n}=1" for n in range(1001)) + f"&csrf={eve.csrf}"
    answer = eve.ask(
        "POST", "/features", content=fields.encode(),
        headers={"content-type": "application/x-www-form-urlencoded", "origin": OURS},
    )  # fmt: skip

    assert answer.status_code == 413


def test_what_is_not_sent_has_no_limit_and_what_is_open_to_nobody_takes_nothing():
    assert body_of("GET", "/features", None) is NOTHING
    assert body_of("POST", "/nothing", None) is NOTHING

"""How the edge is spoken to: what HTTP allows, in any pieces, and nothing that has two readings."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from app.tracking import refusals
from app.tracking.refusals import ADDRESS_BYTES, BODY_BYTES, HEADERS
from tests.tracking.doors import Door, all_of, opened, said
from tests.tracking.test_edge import SET, TARGETS, Site, click, pixel

HOST = b"Host: insights.example.com\r\n"
GET = f"GET {click()} HTTP/1.1\r\n".encode()
ONE = GET + HOST + b"\r\n"
PAGE = b"GET /features HTTP/1.1\r\n" + HOST + b"\r\n"
OPEN = b"<still open>"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def run(work: Awaitable[Any]) -> Any:
    async def main() -> Any:
        return await work

    return asyncio.run(main())


def told(site: Site, *pieces: bytes, door: Door = Door.PROTOCOL, pause: float = 0.0) -> bytes:
    async def once() -> bytes:
        async with opened(site.edge, door) as (port, _):
            return await said(port, *pieces, pause=pause)

    return bytes(run(once()))


def statuses(heard: bytes) -> list[int]:
    return [int(part[:3]) for part in heard.split(b"HTTP/1.1 ")[1:]]


READS_TWO_WAYS = {
    "both lengths": b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both, turned round": b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "one length twice": b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a list of lengths": b"Content-Length: 3, 3\r\n\r\nabc",
    "a length with a sign": b"Content-Length: +3\r\n\r\nabc",
    "an endless length": b"Content-Length: 99999999999999999999999\r\n\r\n",
    "another encoding": b"Transfer-Encoding: identity\r\n\r\nabc",
    "chunked and not last": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "nearly chunked": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"Accept : a\r\n\r\n",
    "a line without a return": b"Accept: a\nX: b\r\n\r\n",
    "a folded line": b"Accept: a\r\n b\r\n\r\n",
    "a lone return": b"Accept: a\rb\r\n\r\n",
    "a NUL": b"Accept: a\x00b\r\n\r\n",
    "a header without a name": b": b\r\n\r\n",
}


@pytest.mark.parametrize("door", list(Door))
@pytest.mark.parametrize("rest", READS_TWO_WAYS.values(), ids=READS_TWO_WAYS)
def test_what_may_be_read_in_two_ways_is_refused_and_nothing_of_it_is_answered(
    site: Site, rest: bytes, door: Door
):
    heard = told(site, GET + HOST + rest + ONE, door=door)

    assert statuses(heard) == [400]
    assert not heard.endswith(OPEN)
    assert len(site.hits()) <= (door is Door.ASGI)  # uvicorn asks as soon as it has the head


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (GET + b"\r\n", 400),  # no host
        (GET + HOST + HOST + b"\r\n", 400),
        (GET.replace(b"1.1", b"1.2") + HOST + b"\r\n", 400),
        (GET.replace(b"1.1", b"2.0") + HOST + b"\r\n", 505),
        (GET.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n", 400),
        (GET.replace(b"/c/", b"/c/\xff") + HOST + b"\r\n", 400),
        (GET.replace(b"/c/", b"/c/\x01") + HOST + b"\r\n", 400),
        (b"GET /c/" + b"A" * ADDRESS_BYTES + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (GET + HOST + b"X: y\r\n" * HEADERS + b"\r\n", 431),
        (GET + HOST + b"X: " + b"y" * 70_000, 431),
        (GET + HOST + b"Content-Length: 70000\r\n\r\n" + b"y" * (BODY_BYTES + 1), 413),
        (GET + HOST + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n", 417),
    ],
)
def test_a_request_beyond_a_limit_is_refused_with_its_own_status(
    site: Site, request_: bytes, status: int
):
    heard = told(site, request_)

    assert statuses(heard) == [status]
    assert b"\r\nconnection: close\r\n" in heard
    assert site.hits() == []


@pytest.mark.parametrize("path", [b"/c/x", b"/features"])
@pytest.mark.parametrize("before", [b"", ONE])
@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET %b" + b"A" * 70_000, 414),
        (b"GET %b HTTP/1.1\r\n" + HOST + b"Y: " + b"y" * 70_000, 431),
    ],
)
def test_a_head_without_end_is_refused_whoever_it_is_for(
    site: Site, path: bytes, before: bytes, request_: bytes, status: int
):
    heard = told(site, *([before] if before else []), request_ % path, pause=0.05)

    assert statuses(heard)[-1] == status
    assert b"\r\nconnection: close\r\n" in heard


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 40])
def test_a_request_may_come_in_any_pieces(site: Site, size: int):
    pieces = [ONE[at : at + size] for at in range(0, len(ONE), size)]

    assert statuses(told(site, *pieces, pause=0.0005)) == [302]
    assert len(site.hits()) == 1


@pytest.mark.parametrize("door", list(Door))
def test_answers_of_a_pipeline_come_in_the_order_of_its_requests(site: Site, door: Door):
    asked = [pixel(), click(), "/c/nothing", click(1), pixel(6)] * 20
    heard = told(
        site,
        b"".join(b"GET %b HTTP/1.1\r\n%b\r\n" % (path.encode(), HOST) for path in asked),
        door=door,
    )

    assert statuses(heard) == [200, 302, 404, 404, 200] * 20
    assert len(site.hits()) == 60


def test_a_link_that_is_looked_up_keeps_those_behind_it_waiting(tmp_path: Path):
    site = Site(tmp_path)
    missing = click().replace("/c/", "/c/x").encode()
    heard = told(site, ONE + b"GET " + missing + b" HTTP/1.1\r\n" + HOST + b"\r\n" + ONE)

    assert statuses(heard) == [302, 404, 302]


def test_nothing_of_a_body_is_taken_for_a_request(site: Site):
    body = ONE[: len(ONE)]
    heard = told(site, GET + HOST + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    assert statuses(heard) == [302]
    assert len(site.hits()) == 1


def test_one_connection_asks_for_links_and_for_pages(site: Site):
    heard = told(site, ONE, PAGE, ONE, pause=0.05)

    assert statuses(heard) == [302, 200, 302]
    assert b"the app" in heard
    assert len(site.hits()) == 2


def test_a_page_in_a_pipeline_of_links_is_left_to_another_connection(site: Site):
    heard = told(site, ONE + ONE + PAGE + ONE)

    assert statuses(heard) == [302, 302]
    assert not heard.endswith(OPEN)
    assert len(site.hits()) == 2


@pytest.mark.parametrize("verb", [b"POST", b"OPTIONS", b"DELETE"])
@pytest.mark.parametrize("before", [b"", ONE])
def test_other_methods_are_answered_by_whoever_is_behind(site: Site, verb: bytes, before: bytes):
    asked = ONE.replace(b"GET", verb) + b""
    heard = told(site, *([before] if before else []), asked, pause=0.05)

    assert statuses(heard)[-1] == 405
    assert [hit["m"].encode() for hit in site.hits()][-1] == verb


@pytest.mark.parametrize("door", list(Door))
@pytest.mark.parametrize(
    "request_",
    [
        GET + HOST + b"Connection: close\r\n\r\n",
        GET.replace(b"1.1", b"1.0") + b"\r\n",
        GET.replace(b"1.1", b"1.0") + b"Connection: keep-alive\r\n\r\n",
    ],
)
def test_a_connection_ends_where_it_was_asked_to(site: Site, request_: bytes, door: Door):
    heard = told(site, request_ + ONE, door=door)

    assert statuses(heard) == [302]
    assert b"\r\nconnection: close\r\n" in heard
    assert not heard.endswith(OPEN)


def test_an_upgrade_is_answered_as_if_it_were_none(site: Site):
    heard = told(
        site, GET + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + b"PRI * HTTP/2.0"
    )

    assert statuses(heard) == [302]
    assert not heard.endswith(OPEN)


def test_both_doors_say_the_same_but_for_the_time(tmp_path: Path):
    asked = [click(), click(2, values=("1",)), pixel(), "/c/nothing", click() + "?utm_source=x"]
    asked = [*asked, click().replace("/c/", "/c/%41")[:-1], "/o/%2e"]
    requests = [
        f"{verb} {path} HTTP/1.1\r\n".encode() + HOST + b"\r\n"
        for path in asked
        for verb in ("GET", "HEAD")
    ]
    heard = [
        [
            _undated(told(Site(tmp_path / door / str(number)), one, door=door))
            for number, one in enumerate(requests)
        ]
        for door in Door
    ]

    assert heard[0] == heard[1]


def _undated(heard: bytes) -> list[bytes]:
    head, _, body = heard.partition(b"\r\n\r\n")
    return [*sorted(line for line in head.split(b"\r\n") if not line.startswith(b"date: ")), body]


def served(site: Site, work: Callable[[int, set[Any]], Awaitable[Any]]) -> Any:
    async def once() -> Any:
        async with opened(site.edge, Door.PROTOCOL) as (port, connections):
            return await work(port, connections)

    return run(once())


async def connected(port: int, said_: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said_)
    await asyncio.sleep(0.05)
    return reader, writer


@pytest.mark.parametrize(
    "begun", [b"", b"GE", GET, ONE, ONE + b"GET /c", GET + HOST + b"Content-Length: 3\r\n\r\na"]
)
def test_whoever_keeps_us_waiting_is_let_go(site: Site, begun: bytes):
    async def wait(port: int, connections: set[Any]) -> bytes:
        reader, writer = await connected(port, begun)
        [connection] = connections
        now = asyncio.get_running_loop().time()
        connection.look(now + refusals.HEAD_SECONDS - 1)
        assert not connection._transport.is_closing()
        connection.look(now + refusals.HEAD_SECONDS + 1)
        heard = await all_of(reader)
        writer.close()
        return heard

    heard = served(site, wait)

    assert not heard.endswith(OPEN)
    assert statuses(heard) == [302] * begun.count(ONE)


def test_a_caller_who_fetches_nothing_is_read_no_further_and_let_go(site: Site):
    async def flood(port: int, connections: set[Any]) -> tuple[int, bool]:
        reader, writer = await connected(port, b"")
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's can
        [connection] = connections
        wire = connection._transport.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        for _ in range(20):
            writer.write(ONE * 500)
            await asyncio.sleep(0.01)
        answered = len(site.hits())
        connection.look(asyncio.get_running_loop().time() + refusals.FETCH_SECONDS + 1)
        await asyncio.sleep(0.05)
        writer.transport.abort()
        del reader
        return answered, not connections

    answered, gone = served(site, flood)

    assert answered < 10_000
    assert gone


async def _holds_on(transport: asyncio.Transport) -> bool:
    """Whether answers wait for their caller, and not for a moment alone."""
    for _ in range(5):
        await asyncio.sleep(0.01)
        if not transport.get_write_buffer_size():
            return False
    return True


@pytest.mark.parametrize("door", list(Door))
def test_a_caller_who_leaves_the_last_answers_lying_is_let_go(site: Site, door: Door):
    """So little that nobody is told to wait for it, and that closing waits for without end."""

    async def leave(port: int, connections: set[Any]) -> tuple[bool, bool]:
        with socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            line.connect(("127.0.0.1", port))
            line.setblocking(False)
            await asyncio.sleep(0.05)
            [connection] = connections
            transport = getattr(connection, "_transport", None) or connection.transport
            wire = transport.get_extra_info("socket")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            while not await _holds_on(transport):
                line.send(ONE * 10)
            now = asyncio.get_running_loop().time()
            gone = []
            for seconds in (1, refusals.FETCH_SECONDS + 1):
                connection.look(now + refusals.HEAD_SECONDS + seconds)
                await asyncio.sleep(0.05)
                gone.append(not connections)
            return gone[0], gone[1]

    async def once() -> tuple[bool, bool]:
        async with opened(site.edge, door) as (port, connections):
            return await leave(port, connections)

    assert run(once()) == (False, True)


def test_a_stop_answers_what_is_under_way(tmp_path: Path):
    async def stop(port: int, connections: set[Any]) -> tuple[bytes, bytes]:
        reader, writer = await connected(port, ONE)
        idle, other = await connected(port, b"")
        assert len(connections) == 2
        for connection in tuple(connections):
            connection.shutdown()
        heard = await all_of(reader), await all_of(idle)
        writer.close()
        other.close()
        return heard

    slow = Site(tmp_path, load=_slowly)
    answered, idle = served(slow, stop)

    assert statuses(answered) == [302]
    assert b"\r\nconnection: close\r\n" in answered
    assert not answered.endswith(OPEN)
    assert idle == b""
    assert len(slow.hits()) == 1


def _slowly(set_id: int) -> Any:
    time.sleep(0.2)
    return TARGETS if set_id == SET else None


def test_a_caller_who_leaves_at_once_is_counted_all_the_same(site: Site):
    async def leave(port: int, _connections: set[Any]) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ONE)
        await asyncio.sleep(0.02)
        writer.transport.abort()
        await asyncio.sleep(0.05)

    served(site, leave)

    assert len(site.hits()) == 1


def test_a_caller_who_says_no_more_is_answered(site: Site):
    async def half_close(port: int, _connections: set[Any]) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ONE)
        writer.write_eof()
        heard = await all_of(reader)
        writer.close()
        return heard

    heard = served(site, half_close)

    assert statuses(heard) == [302]
    assert not heard.endswith(OPEN)

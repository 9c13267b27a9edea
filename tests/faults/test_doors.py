"""Bodies of strangers and senders who say nothing, while people click, log in and unsubscribe."""

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.journeys.conftest import started
from tests.serve import Installation, wait_until

_PATIENCE = 0.1  # seconds in which 99 of 100 clicks are answered
_LARGE = b"[" + b"[]," * 4_000_000 + b"[]]"


@pytest.fixture(params=["sqlite"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    with started(request, tmp_path, mail="outbox:") as installation:
        yield installation


def _raw(service: Installation, head: str, body: bytes = b"") -> socket.socket:
    line = socket.create_connection(("127.0.0.1", service.port), timeout=30)
    with contextlib.suppress(OSError):  # it may be refused before all of it is out
        line.sendall(head.replace("\n", "\r\n").encode() + body)
    return line


def _silent(service: Installation, count: int) -> list[socket.socket]:
    """Whoever sends half a head, or a head and half a body; with a token, with none, to anybody."""
    token = service.token("editor")
    ours = f"Authorization: Bearer {token}\nContent-Type: text/csv\nContent-Length: 1000000\n\n"
    form = "Content-Type: application/x-www-form-urlencoded\nContent-Length: 1000\n\nemail="
    heads = (
        f"POST /api/v1/audiences/x/imports HTTP/1.1\nHost: 127.0.0.1\n{ours}",
        f"POST /login HTTP/1.1\nHost: 127.0.0.1\n{form}",
        "POST /api/v1/features HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 1000\n\n{",
        "POST /a/token HTTP/1.1\nHost: 127.0.0.1\nTransfer-Encoding: chunked\n\n",
        "GET /login HTTP/1.1\nHost: 127.0.0.1\nX-Slow: ",
    )
    return [_raw(service, heads[number % len(heads)]) for number in range(count)]


def _waits(ask: Callable[[], object], stop: threading.Event) -> list[float]:
    waits = []
    while not stop.is_set():
        began = time.monotonic()
        ask()
        waits.append(time.monotonic() - began)
        time.sleep(0.01)
    return sorted(waits)


def _clicks(service: Installation, stop: threading.Event) -> list[float]:
    """How long each of many clicks took; a link that is not ours is answered by the same edge."""
    with httpx.Client(base_url=service.url, timeout=30) as client:
        return _waits(lambda: client.get("/c/nothing-of-ours"), stop)


def test_strangers_bodies_and_silent_senders_keep_nobody_waiting(service: Installation, full: bool):
    stop = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        clicks = pool.submit(_clicks, service, stop)
        held = _silent(service, 600 if full else 90)
        codes = Counter(_of_stranger(service) for _ in range(300 if full else 4))
        log_in = _took(lambda: httpx.get(f"{service.url}/login", timeout=30))
        unsubscribe = _took(lambda: httpx.post(f"{service.url}/u/nobody", timeout=30))
        stop.set()
        waits = clicks.result()
    for line in held:
        line.close()
    p99 = waits[int(len(waits) * 0.99)]
    slowest = f"p99 {p99 * 1000:.0f} ms, slowest {waits[-1] * 1000:.0f} ms"
    told = f"F23: {len(waits)} clicks, {slowest}; bodies of 12 MB: {dict(codes)}"
    print(f"{told}; log-in {log_in:.2f} s, unsubscribe {unsubscribe:.2f} s")

    assert set(codes) == {401}
    assert p99 < _PATIENCE
    assert max(log_in, unsubscribe) < 1


def _of_stranger(service: Installation) -> int:
    headers = {"Content-Type": "application/json"}
    url = f"{service.url}/api/v1/features"
    return httpx.post(url, content=_LARGE, headers=headers, timeout=60).status_code


def _took(ask: Callable[[], object]) -> float:
    began = time.monotonic()
    ask()
    return time.monotonic() - began


def test_600_aborted_log_ins_are_600_lines(service: Installation):
    before = service.log
    for line in _aborted(service, 600):
        line.close()
    said = "POST /login: the caller went away before all was sent"

    wait_until(lambda: service.log.count(said) >= 600, seconds=60, what="600 lines")

    new = service.log.removeprefix(before)
    assert "Traceback" not in new
    assert len(new) < 600 * 150


def _aborted(service: Installation, count: int) -> list[socket.socket]:
    head = (
        "POST /login HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 100\n"
        "Content-Type: application/x-www-form-urlencoded\n\nemail=ann"
    )
    return [_raw(service, head) for _ in range(count)]


def test_a_head_has_a_time_and_a_size(service: Installation):
    began = time.monotonic()
    slow = _raw(service, "GET /health HTTP/1.1\nHost: 127.0.0.1\n")
    large = _raw(service, "GET /health HTTP/1.1\n" + "X: y\n" * 20_000)
    endless = _raw(service, "GET /" + "x" * 100_000)

    refused = [line.recv(1000) for line in (large, endless)]
    closed = slow.recv(1000)
    for line in (slow, large, endless):
        line.close()

    assert [said[:12] for said in refused] == [b"HTTP/1.1 431", b"HTTP/1.1 414"]
    assert closed == b""
    assert time.monotonic() - began > 8


@pytest.mark.parametrize("length", ["Content-Length: 12000003", "Transfer-Encoding: chunked"])
def test_who_is_refused_reads_why_although_they_go_on_sending(service: Installation, length: str):
    chunked = length.startswith("T")
    body = b"%x\r\n%s\r\n" % (len(_LARGE), _LARGE) if chunked else _LARGE
    line = _raw(service, f"POST /api/v1/features HTTP/1.1\nHost: 127.0.0.1\n{length}\n\n", body)

    said = b""
    with line:
        while piece := line.recv(65536):
            said += piece

    assert said.startswith(b"HTTP/1.1 401")
    assert b"connection: close" in said
    assert said.count(b"HTTP/1.1") == 1

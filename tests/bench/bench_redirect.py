"""What the journal costs a redirect: our edge against a bare ASGI 302, in turns, in one run.

`python -m tests.bench.bench_redirect [--seconds 3] [--rounds 5]`. Uses `wrk` where it is installed,
else a small client of its own on plain sockets (keep-alive, no pipelining) in this process.
"""

import argparse
import asyncio
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import uvicorn

from app.links.keyring import Keyring, Kind
from app.links.token import TrackedLink, sign
from app.platform.config import Durability
from app.platform.journal import Journal
from app.tracking.destinations import Destinations, Target, TargetKind
from app.tracking.edge import Edge

KEYRING = Keyring.of([b"benchmark" * 4])
TARGETS = {0: Target(TargetKind.FIXED, "https://shop.example.com/waste?from=mail")}
CONNECTIONS = 64
TICKS = 100  # of CPU time a second, in /proc
BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept-Language: en-GB,en;q=0.9",
    "Accept: text/html",
)


@dataclass(frozen=True, slots=True)
class Round:
    """One turn of one server."""

    per_second: float
    cpu_micros: float  # of the server, a request


async def bare(scope: Any, _receive: Any, send: Any) -> None:
    """As little as an ASGI app can do to redirect."""
    assert scope["type"] == "http"
    headers = [
        (b"location", b"https://shop.example.com/waste?from=mail"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 302, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def edge(folder: Path) -> Edge:
    return Edge(
        bare,
        keyring=KEYRING,
        destinations=Destinations(lambda _: TARGETS, lambda: 1, folder / "destinations"),
        journal=Journal.open(folder / "hits", durability=Durability.PROCESS, limit=10**10),
        public_url="http://127.0.0.1",
        trusted_proxies=(),
        folder=folder,
        is_known=lambda: True,
    )


def serve(name: str, port: int, folder: Path) -> None:
    app = bare if name == "bare" else edge(folder)
    uvicorn.run(
        app,
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
    )


@contextmanager
def server(name: str, folder: Path) -> Iterator[tuple[int, int]]:
    """A server in a process of its own: its port and process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.bench.bench_redirect"]
    process = subprocess.Popen([*command, "--serve", name, str(port), str(folder)])
    try:
        _wait_for(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server did not start")


def load(port: int, pid: int, seconds: float) -> Round:
    """Ask as fast as it answers."""
    path = f"/c/{sign(TrackedLink(7, 5, 0), Kind.CLICK, KEYRING)}"
    before, started = _cpu_seconds(pid), time.monotonic()
    ask = _by_wrk if shutil.which("wrk") else _by_ourselves
    requests = ask(port, path, seconds)
    elapsed = time.monotonic() - started
    return Round(requests / elapsed, (_cpu_seconds(pid) - before) / requests * 1_000_000)


def _by_wrk(port: int, path: str, seconds: float) -> int:
    headers = [part for line in BROWSER for part in ("-H", line)]
    url = f"http://127.0.0.1:{port}{path}"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", *headers, url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    match = re.search(r"(\d+) requests in", told)
    assert match, told
    return int(match[1])


class _Client(asyncio.Protocol):
    def __init__(self, request: bytes, count: list[int]) -> None:
        self.request = request
        self.count = count

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are not its subclasses
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        assert data.startswith(b"HTTP/1.1 302"), data
        assert data.endswith(b"\r\n\r\n"), data
        self.count[0] += 1
        self.transport.write(self.request)


def _by_ourselves(port: int, path: str, seconds: float) -> int:
    import uvloop

    lines = (f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *BROWSER)
    request = "\r\n".join([*lines, "", ""]).encode()
    count = [0]

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for _ in range(CONNECTIONS):
            await loop.create_connection(lambda: _Client(request, count), "127.0.0.1", port)
        await asyncio.sleep(seconds)

    uvloop.run(main())
    return count[0]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(seconds: float, rounds: int, folder: Path) -> None:
    found: dict[str, list[Round]] = {"bare": [], "edge": []}
    with server("bare", folder) as one, server("edge", folder) as two:
        for target in (one, two):
            load(*target, 1)  # warm
        for number in range(rounds):
            for name, target in (("bare", one), ("edge", two)):
                found[name].append(load(*target, seconds))
            b, e = found["bare"][-1], found["edge"][-1]
            print(f"round {number + 1}: bare {b.per_second:,.0f}/s, edge {e.per_second:,.0f}/s")
    _print_summary(found)


def _print_summary(found: dict[str, list[Round]]) -> None:
    ratios = [
        e.per_second / b.per_second for b, e in zip(found["bare"], found["edge"], strict=True)
    ]
    for name, rounds in found.items():
        speed = statistics.median(r.per_second for r in rounds)
        cpu = statistics.median(r.cpu_micros for r in rounds)
        print(f"{name}: {speed:,.0f} requests/s, {cpu:.0f} µs of CPU a request (median)")
    print(f"ratio: {statistics.median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", nargs=3, metavar=("NAME", "PORT", "FOLDER"))
    chosen = parser.parse_args()
    if chosen.serve:
        name, port, folder = chosen.serve
        serve(name, int(port), Path(folder))
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(chosen.seconds, chosen.rounds, Path(folder))


if __name__ == "__main__":
    main()

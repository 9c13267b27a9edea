"""What a redirect costs: our edge by both its doors against a bare ASGI 302, in turns, in one run.

`python -m tests.bench.bench_redirect [--seconds 3] [--rounds 5] [--share 0.6]`. Uses `wrk` where
it is installed, else a small client of its own in this process. `edge` is the door of `thinslice
serve` and `thinslice edge`; `asgi` what is behind it.

Asked as fast as they answer, a server that answers more is asked more: its slowest answers are not
those of a fair race. So each is asked the same then, too: a share of what the bare one can, by a
plan of when to ask (`callers`). Aim: 1.5 times as many answers as bare, and all but the slowest of
a hundred no later than bare's.
"""

import argparse
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import exp, log, sqrt
from pathlib import Path
from typing import Any

import uvicorn

from app.links.keyring import Keyring, Kind
from app.links.token import TrackedLink, sign
from app.ops.web_process import server_of
from app.platform import garbage
from app.platform.config import Durability
from app.platform.journal import Journal
from app.tracking.destinations import Destinations, Target, TargetKind
from app.tracking.edge import Edge
from tests.bench import callers
from tests.bench.callers import CONNECTIONS, part_of

KEYRING = Keyring.of([b"benchmark" * 4])
TARGETS = {0: Target(TargetKind.FIXED, "https://shop.example.com/waste?from=mail")}
SERVERS = ("bare", "asgi", "edge")
_TWO_SIDED = 1.96  # standard errors: 95 %
_TURN_SECONDS = 0.4  # of one server, asked by plan
MOST = {"edge": 1.0}  # of bare's slowest of a hundred, asked the same
LEAST = 1.5  # of bare's answers, as fast as they come
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
    p99_millis: float


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
        destinations=Destinations(lambda _: TARGETS, lambda: (1, 0), folder / "destinations"),
        journal=Journal.open(folder / "hits", durability=Durability.PROCESS, limit=10**10),
        public_url="http://127.0.0.1",
        trusted_proxies=(),
        folder=folder,
        is_known=lambda: True,
    )


def serve(name: str, port: int, folder: Path) -> None:
    """`bare` and `asgi` by uvicorn's own protocol, `edge` by ours, as `serve` and `edge` do."""
    listener = socket.create_server(("127.0.0.1", port), backlog=2048)
    app = bare if name == "bare" else edge(folder)
    if name != "bare":
        garbage.look_briefly()  # as a web process of ours does
    server = server_of(app) if isinstance(app, Edge) else None
    if name != "edge" or server is None:
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
            access_log=False,
            log_level="warning",
            proxy_headers=False,
        )
        server = uvicorn.Server(config)
    server.run(sockets=[listener])


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
    path = _path()
    before, started = _cpu_seconds(pid), time.monotonic()
    ask = _by_wrk if shutil.which("wrk") else _by_ourselves
    requests, p99_millis = ask(port, path, seconds)
    elapsed = time.monotonic() - started
    cpu_micros = (_cpu_seconds(pid) - before) / requests * 1_000_000
    return Round(requests / elapsed, cpu_micros, p99_millis)


def _path() -> str:
    return f"/c/{sign(TrackedLink(7, 5, 0), Kind.CLICK, KEYRING)}"


def _by_wrk(port: int, path: str, seconds: float) -> tuple[int, float]:
    headers = [part for line in BROWSER for part in ("-H", line)]
    url = f"http://127.0.0.1:{port}{path}"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--latency", *headers, url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    match = re.search(r"(\d+) requests in", told)
    slowest = re.search(r"99%\s+([\d.]+)(us|ms|s)", told)
    assert match, told
    assert slowest, told
    assert "Non-2xx" not in told, told
    return int(match[1]), float(slowest[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[slowest[2]]


def _request(path: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *BROWSER, "", ""]).encode()


def _by_ourselves(port: int, path: str, seconds: float) -> tuple[int, float]:
    took = callers.as_fast_as_answered(port, _request(path), seconds)
    return len(took), part_of(took, 0.99)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(seconds: float, rounds: int, share: float, folder: Path) -> None:
    found: dict[str, list[Round]] = {name: [] for name in SERVERS}
    with ExitStack() as stack:
        servers = {name: stack.enter_context(server(name, folder)) for name in SERVERS}
        for target in servers.values():
            load(*target, 1)  # warm
        for number in range(rounds):
            for name, target in servers.items():
                found[name].append(load(*target, seconds))
            told = ", ".join(f"{name} {of[-1].per_second:,.0f}/s" for name, of in found.items())
            print(f"round {number + 1}: {told}")
        _print_summary(found)
        ports = {name: servers[name][0] for name in ("bare", *MOST)}
        per_second = share * _most_by_ourselves(ports["bare"])
        turns = round(seconds * rounds / _TURN_SECONDS)
        _print_same(_asked_the_same(ports, per_second, turns), per_second)


def _print_summary(found: dict[str, list[Round]]) -> None:
    for name, rounds in found.items():
        speed = statistics.median(r.per_second for r in rounds)
        cpu = statistics.median(r.cpu_micros for r in rounds)
        slowest = statistics.median(r.p99_millis for r in rounds)
        less = [b.cpu_micros / r.cpu_micros for r, b in zip(rounds, found["bare"], strict=True)]
        ratios = [r.per_second / b.per_second for r, b in zip(rounds, found["bare"], strict=True)]
        mark = "!" if name == "edge" and statistics.median(ratios) < LEAST else " "
        print(
            f"{mark} {name:5} {speed:8,.0f} requests/s  {statistics.median(ratios):5.2f} of bare"
            f" ({min(ratios):.2f} to {max(ratios):.2f})  p99 {slowest:5.1f} ms"
            f"  {cpu:5.1f} µs of CPU a request, {statistics.median(less):.2f} times as cheap"
        )


_Slow = tuple[float, float]  # milliseconds: of half of the answers, and of all but one in a hundred


def _most_by_ourselves(port: int) -> float:
    """Answers a second to the client that asks by plan; it takes more of the machine than `wrk`."""
    tries = [_by_ourselves(port, _path(), 1) for _ in range(3)]
    return float(statistics.median(answers for answers, _ in tries))


def _asked_the_same(ports: dict[str, int], per_second: float, turns: int) -> dict[str, list[_Slow]]:
    """Short turns, each by one plan for all: what else the machine does hits few, and all alike."""
    found: dict[str, list[_Slow]] = {name: [] for name in ports}
    request = _request(_path())
    for number in range(turns):
        order = list(ports.items())[:: 1 if number % 2 else -1]  # nobody always comes first
        for name, port in order:
            rng = random.Random(number)
            took = callers.by_plan(port, request, _TURN_SECONDS, per_second=per_second, rng=rng)
            found[name].append((part_of(took, 0.5), part_of(took, 0.99)))
    return found


def _print_same(found: dict[str, list[_Slow]], per_second: float) -> None:
    print(f"each asked {per_second:,.0f} times a second by one plan, from when it was to be asked:")
    for name, turns in found.items():
        half = statistics.median(half for half, _ in turns)
        slowest = statistics.median(slow for _, slow in turns)
        low, middle, high = _times(zip(turns, found["bare"], strict=True))
        most = MOST.get(name)
        mark = "!" if most is not None and low > most else " "
        limit = "" if most is None else f", at most {most:.2f}"
        print(
            f"{mark} {name:5} p50 {half:5.2f} ms  p99 {slowest:6.2f} ms, {middle:.2f} of bare's"
            f" (95 %: {low:.2f} to {high:.2f} of {len(turns)} turns{limit})"
        )


def _times(turns: Iterable[tuple[_Slow, _Slow]]) -> tuple[float, float, float]:
    """How many times the slowest of bare's: on the whole, between what chance leaves open."""
    logs = [log(slow / bare) for (_, slow), (_, bare) in turns]
    middle = statistics.fmean(logs)
    doubt = _TWO_SIDED * statistics.stdev(logs) / sqrt(len(logs))
    return exp(middle - doubt), exp(middle), exp(middle + doubt)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--share", type=float, default=0.6, help="of what bare answers at most")
    parser.add_argument("--serve", nargs=3, metavar=("NAME", "PORT", "FOLDER"))
    chosen = parser.parse_args()
    if chosen.serve:
        name, port, folder = chosen.serve
        serve(name, int(port), Path(folder))
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(chosen.seconds, chosen.rounds, chosen.share, Path(folder))


if __name__ == "__main__":
    main()

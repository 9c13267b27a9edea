"""What a send costs: the real sender to a local sink, beside bare clients in the same run.

`python -m tests.bench.bench_sending [--people 5000] [--database sqlite|URL] [--alone]`. By turns,
with a bare aiosmtplib before, between and after: our sender, two of them at once, the built-in
outbox, and Postfix's smtp-source where it is installed; `--alone`: one sender, for a long queue.
Each runs in a process of its own, as the sink does, so that CPU and memory are its own. What two
can do beside one is limited by cores and sink: two bare clients beside one say how far.
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import resource
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import aiosmtplib
import uvloop
from sqlalchemy import text

from app.delivery import planning
from app.delivery.sending import Sender
from app.delivery.transports.outbox import Outbox
from app.delivery.transports.server import Server
from app.delivery.transports.smtp import Smtp
from app.platform import clock, migrate
from app.platform.config import Durability
from app.platform.db import Database
from app.platform.journal import Journal
from tests.bench.memory import peak_megabytes
from tests.delivery import scenes
from tests.delivery.scenes import KEYS, SETTINGS

LANES = 6
_CONSTANT = 20_000  # mails of a bare client: it goes at one pace
RAW_BYTES = 7_000  # about what one of our mails weighs
_LATER = timedelta(days=3650)
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Figures:
    """One measured send."""

    mails: int
    seconds: float
    cpu_seconds: float
    peak_mb: float = 0.0

    @property
    def rate(self) -> float:
        return self.mails / self.seconds

    @property
    def cpu(self) -> float:
        """Milliseconds a mail."""
        return 1000 * self.cpu_seconds / self.mails

    def __str__(self) -> str:
        return f"{self.rate:8.0f} mails/s   {self.cpu:6.3f} ms CPU a mail   {self.peak_mb:5.0f} MB"


class Sink(asyncio.Protocol):
    """Says yes to everything, commands in a row too, and forgets it."""

    def __init__(self) -> None:
        self._rest = b""
        self._in_mail = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by name
        self._transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while self._rest:
            if not self._take():
                return

    def _take(self) -> bool:
        end = b"\r\n.\r\n" if self._in_mail else b"\r\n"
        piece, found, rest = self._rest.partition(end)
        if not found:
            return False
        self._rest = rest
        if self._in_mail:
            self._in_mail = False
            self._transport.write(b"250 2.0.0 taken\r\n")
            return True
        verb = piece[:4].upper()
        self._in_mail = verb == b"DATA"
        replies = {b"DATA": b"354 go on\r\n", b"EHLO": b"250-sink\r\n250 PIPELINING\r\n"}
        self._transport.write(replies.get(verb, b"250 sink\r\n"))
        return True


def sink(ready: Connection) -> None:
    """Serve until killed."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Sink, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve())


@contextlib.contextmanager
def a_sink() -> Iterator[int]:
    """The port of a sink in its own process."""
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=sink, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.kill()


async def bare(port: int, mails: int) -> int:
    """As little as aiosmtplib can do: one constant mail, again and again."""
    raw = b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * (RAW_BYTES // 78)
    left = iter(range(mails))

    async def lane() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for number in left:
                await client.mail("a@example.com")
                await client.rcpt(f"p{number}@example.com")
                await client.data(raw)

    await asyncio.gather(*(lane() for _ in range(LANES)))
    return mails


async def ours(url: str, folder: str, port: int | None) -> int:
    """The whole of it: reserve, compose, journal, send, settle. Without a port, to the outbox."""
    database = Database(url)
    transport = Outbox(database) if port is None else _smtp(port)
    journal = Journal.open(Path(folder), durability=Durability.PROCESS, limit=10**9)
    settings = SETTINGS.model_copy(
        update={"demo": port is None}
    )  # where nothing leaves, and counts
    sender = Sender(database, settings, KEYS, journal, transport)
    sent = 0
    while did := await sender.step(clock.now() + _LATER):
        sent += did
    await transport.close()
    return sent


def _smtp(port: int) -> Smtp:
    return Smtp(Server.read(f"smtp://127.0.0.1:{port}?tls=none"), name="bench.example")


def measured(report: Connection, work: Callable[..., Awaitable[int]], args: Sequence[Any]) -> None:
    """Work once told to; report time, CPU and memory of this process."""

    async def timed() -> Figures:
        cpu, began = time.process_time(), time.perf_counter()
        mails = await work(*args)
        spent = time.perf_counter() - began, time.process_time() - cpu
        return Figures(mails, *spent, peak_megabytes())

    report.send("ready")
    report.recv()
    report.send(uvloop.run(timed()))


def together(works: Sequence[tuple[Callable[..., Awaitable[int]], Sequence[Any]]]) -> Figures:
    """Do them at once, each in a process of its own: mails and CPU of all, the longest time."""
    pipes = [_SPAWN.Pipe() for _ in works]
    for (_, there), work in zip(pipes, works, strict=True):
        _SPAWN.Process(target=measured, args=(there, *work), daemon=True).start()
    for here, _ in pipes:
        here.recv()
    for here, _ in pipes:
        here.send("go")
    found = [here.recv() for here, _ in pipes]
    return Figures(
        sum(one.mails for one in found),
        max(one.seconds for one in found),
        sum(one.cpu_seconds for one in found),
        max(one.peak_mb for one in found),
    )


def source(port: int, mails: int) -> Figures | None:
    """Postfix's own client, where it is installed."""
    command = shutil.which("smtp-source", path="/usr/sbin:/usr/bin")
    if command is None:
        return None
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    asked = ["-m", str(mails), "-s", str(LANES), "-l", str(RAW_BYTES), "-t", "b@example.com"]
    subprocess.run([command, *asked, f"127.0.0.1:{port}"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Figures(mails, time.perf_counter() - began, cpu)


def launched(asked: str, folder: Path, people: int) -> str:
    """A new database with an experiment of so many people, all of whom are due."""
    name = f"bench_{secrets.token_hex(4)}"
    if asked == "sqlite":
        url = f"sqlite:///{folder / name}.db"
    else:
        url = f"{asked.rpartition('/')[0]}/{name}"
        with Database(asked).engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text(f"CREATE DATABASE {name}"))
    database = Database(url)
    migrate.to_head(database)
    with database.write() as session:
        experiment_id = scenes.enrolled(session, people=people).id
    planning.plan(database, experiment_id, now=clock.now())
    database.close()
    return url


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--database", default="sqlite")
    parser.add_argument("--alone", action="store_true")
    arguments = parser.parse_args()
    people = arguments.people
    constant = min(people, _CONSTANT)
    with tempfile.TemporaryDirectory() as name, a_sink() as sink_port:
        folder = Path(name)
        bares: list[Figures] = []

        def beside(what: str, port: int | None, *folders: str) -> Figures:
            url = launched(arguments.database, folder, people)
            bares.append(together([(bare, (sink_port, constant))]))
            found = together([(ours, (url, str(folder / name), port)) for name in folders])
            bares.append(together([(bare, (sink_port, constant))]))
            ratio = 2 * found.rate / (bares[-1].rate + bares[-2].rate)
            cpu = 2 * found.cpu / (bares[-1].cpu + bares[-2].cpu)
            print(f"{what:<16} {found}   {ratio:5.2f} of a bare client's rate, {cpu:.2f} × its CPU")
            states = set(scenes.states(Database(url)))
            assert (found.mails, states) == (people, {"sent"}), (found, states)
            return found

        alone = beside("our sender", sink_port, "one")
        if arguments.alone:
            return
        pair = beside("two senders", sink_port, "two", "three")
        bare_pair = together([(bare, (sink_port, constant))] * 2)
        beside("to the outbox", None, "four")
        again = beside("our sender", sink_port, "five")
        for found in bares[:: len(bares) - 1]:
            print(f"bare aiosmtplib  {found}")
        if by_postfix := source(sink_port, people):
            print(f"smtp-source      {by_postfix}")
        print(f"two bare         {bare_pair}")
        print(f"two : one        {2 * pair.rate / (alone.rate + again.rate):8.2f}")
        print(
            f"… of bare ones   {bare_pair.rate * len(bares) / sum(one.rate for one in bares):8.2f}"
        )


if __name__ == "__main__":
    main()

"""What a send costs: the real sender to a local sink, beside a bare client in the same run.

`python -m tests.bench.bench_sending [--people 5000] [--database sqlite|URL]`. The sink is a small
asyncio server in a process of its own, so that its time is not ours.
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import aiosmtplib
import uvloop

from app.delivery import planning
from app.delivery.sending import Sender
from app.delivery.transports.smtp import Server, Smtp
from app.platform import clock, migrate
from app.platform.config import Durability
from app.platform.db import Database
from app.platform.journal import Journal
from tests.delivery import scenes
from tests.delivery.scenes import KEYS, SETTINGS

LANES = 6
RAW_BYTES = 4_000  # about what one of our mails weighs


@dataclass(frozen=True, slots=True)
class Figures:
    """One measured send."""

    mails: int
    seconds: float
    cpu_seconds: float

    def __str__(self) -> str:
        return (
            f"{self.mails / self.seconds:8.0f} mails/s   "
            f"{1000 * self.cpu_seconds / self.mails:6.2f} ms CPU a mail"
        )


class Sink(asyncio.Protocol):
    """Says yes to everything, and forgets it."""

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
        self._transport.write(b"354 go on\r\n" if self._in_mail else b"250 sink\r\n")
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
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=sink, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.kill()


async def bare(port: int, mails: int) -> Figures:
    """As little as aiosmtplib can do: one constant mail, again and again."""
    raw = b"Subject: x\r\n\r\n" + b"x" * 76 * (RAW_BYTES // 76) + b"\r\n"
    left = iter(range(mails))

    async def lane() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for number in left:
                await client.mail("a@example.com")
                await client.rcpt(f"p{number}@example.com")
                await client.data(raw)

    return await measured(asyncio.gather(*(lane() for _ in range(LANES))), mails)


async def ours(database: Database, folder: Path, port: int, mails: int) -> Figures:
    """The whole of it: reserve, compose, journal, send, settle."""
    transport = Smtp(Server.read(f"smtp://127.0.0.1:{port}?tls=none"), name="bench.example")
    journal = Journal.open(folder, durability=Durability.PROCESS, limit=10**9)
    sender = Sender(database, SETTINGS, KEYS, journal, transport)

    async def everybody() -> None:
        while await sender.step(clock.now() + timedelta(days=3650)):
            pass

    figures = await measured(everybody(), mails)
    await transport.close()
    return figures


async def measured(work: object, mails: int) -> Figures:
    """Time and CPU of this process while it works."""
    cpu, began = time.process_time(), time.perf_counter()
    await work  # type: ignore[misc]  # a coroutine or a future
    return Figures(mails, time.perf_counter() - began, time.process_time() - cpu)


def opened(url: str, folder: Path) -> Database:
    """A migrated database."""
    database = Database(f"sqlite:///{folder / 'bench.db'}" if url == "sqlite" else url)
    migrate.to_head(database)
    return database


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--database", default="sqlite")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, a_sink() as port:
        folder = Path(name)
        database = opened(arguments.database, folder)
        with database.write() as session:
            experiment_id = scenes.enrolled(session, people=arguments.people).id
        planning.plan(database, experiment_id, now=clock.now())
        baseline = uvloop.run(bare(port, arguments.people))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sent = uvloop.run(ours(database, folder / "journal", port, arguments.people))
        states = set(scenes.states(database))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"bare aiosmtplib  {baseline}")
    print(f"our sender       {sent}")
    print(f"ratio            {baseline.seconds / sent.seconds:8.2f}")
    print(f"peak memory      {peak / 1024:8.0f} MB (before sending {before / 1024:.0f} MB)")
    print(f"states           {', '.join(sorted(states))}")


if __name__ == "__main__":
    main()

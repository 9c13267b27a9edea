"""A mail server in a process of its own that takes whatever comes, quickly, or stalls."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

import uvloop

_ID = re.compile(rb"(?im)^message-id:\s*(\S+)")


@dataclass
class Relay:
    """It, as whoever started it knows it, and the ledger that it alone keeps."""

    process: int
    port: int
    ledger: Path

    @property
    def setting(self) -> str:
        """The MAIL that reaches it."""
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    def taken(self) -> Counter[tuple[str, str]]:
        """How often it took each mail, by address and Message-ID."""
        lines = self.ledger.read_text().splitlines()
        return Counter((to, number) for to, number in map(str.split, lines))

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """Connections are taken, and nothing is answered while the block runs."""
        os.kill(self.process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process, signal.SIGCONT)


@contextmanager
def relay(folder: Path) -> Iterator[Relay]:
    """One that runs while the block does."""
    ledger = folder / "relay.txt"
    command = [sys.executable, "-m", "tests.faults.relay", str(ledger)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Relay(process.pid, int(process.stdout.readline()), ledger)
        finally:
            process.kill()


class _Conversation(asyncio.Protocol):
    def __init__(self, ledger: TextIO) -> None:
        self._ledger = ledger
        self._rest = b""
        self._in_mail = False
        self._to = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by name
        self._transport.write(b"220 relay\r\n")

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while self._take():
            pass

    def _take(self) -> bool:
        piece, end, rest = self._rest.partition(b"\r\n.\r\n" if self._in_mail else b"\r\n")
        if not end:
            return False
        self._rest = rest
        self._transport.write(self._ends(piece) if self._in_mail else self._says(piece))
        return True

    def _ends(self, mail: bytes) -> bytes:
        """What was taken stands in the ledger before anybody is told so."""
        self._in_mail = False
        found = _ID.search(mail)
        assert found
        self._ledger.write(f"{self._to} {found[1].decode()}\n")
        return b"250 2.0.0 taken\r\n"

    def _says(self, command: bytes) -> bytes:
        verb = command[:4].upper()
        if verb == b"RCPT":
            self._to = command.decode().partition("<")[2].partition(">")[0]
        self._in_mail = verb == b"DATA"
        said = {b"DATA": b"354 go on\r\n", b"EHLO": b"250-relay\r\n250 PIPELINING\r\n"}
        return said.get(verb, b"250 well\r\n")


async def _serve(ledger: TextIO) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Conversation(ledger), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with Path(sys.argv[1]).open("a", buffering=1, encoding="utf-8") as _file:
        uvloop.run(_serve(_file))

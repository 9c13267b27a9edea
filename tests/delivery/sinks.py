"""A mail server of bytes alone that fails where it is told to, and counts what it has.

It knows nothing of our code and keeps each mail that came to its end, byte by byte: the count of
who has what is its own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HANG_UP, KEPT = "hang up", "kept, and hang up"  # the latter: after the dot, and it has the mail
_SAID = {
    "greeting": b"220 sink\r\n",
    "ehlo": b"250-sink\r\n250 PIPELINING\r\n",
    "mail": b"250 OK\r\n",
    "rcpt": b"250 OK\r\n",
    "data": b"354 go on\r\n",
    "dot": b"250 2.0.0 taken\r\n",
}
_REST = b"250 OK\r\n"
Trouble = tuple[str, str]  # at which point; what it says there, or that it hangs up


@dataclass
class Sink:
    """`trouble`: what becomes of the next mails; None on a good day."""

    trouble: Trouble | None = None
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    met: int = 0  # how often it was in trouble
    port: int = 0
    lines: list[asyncio.StreamWriter] = field(default_factory=list)

    def addresses(self) -> list[str]:
        return [address for address, _ in self.taken]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines.append(writer)
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # whoever called has hung up
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._say(writer, "greeting"):
            return
        recipient = ""
        while line := await reader.readline():
            verb = line[:4].strip().decode().lower()
            if verb == "rcpt":
                recipient = line.split(b"<")[1].split(b">")[0].decode()
            if verb == "quit":
                return
            if not self._say(writer, verb):
                return
            if verb == "data" and not self._is_trouble("data"):
                if self._is_trouble("body"):
                    await reader.readline()
                    self.met += 1
                    return
                raw = await reader.readuntil(b"\r\n.\r\n")
                if not self._hear(writer, recipient, raw):
                    return

    def _hear(self, writer: asyncio.StreamWriter, recipient: str, raw: bytes) -> bool:
        if not self._is_trouble("dot") or (self.trouble and self.trouble[1] == KEPT):
            self.taken.append((recipient, raw))
        return self._say(writer, "dot")

    def _is_trouble(self, point: str) -> bool:
        return self.trouble is not None and self.trouble[0] == point

    def _say(self, writer: asyncio.StreamWriter, point: str) -> bool:
        """Say what is due there; whether the conversation goes on."""
        if self.trouble is None or self.trouble[0] != point:
            writer.write(_SAID.get(point, _REST))
            return True
        self.met += 1
        said = self.trouble[1]
        if said not in {HANG_UP, KEPT}:
            writer.write(f"{said}\r\n".encode())
        return said not in {HANG_UP, KEPT} and not said.startswith("421")


@asynccontextmanager
async def listening(sink: Sink) -> AsyncIterator[Sink]:
    """On a port of its own."""
    server = await asyncio.start_server(sink.talk, "127.0.0.1", 0)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        for line in sink.lines:
            line.transport.abort()
        await asyncio.sleep(0.01)  # whoever talked has heard of it

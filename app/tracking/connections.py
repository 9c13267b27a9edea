"""What the connections of a process share: the edge, who is behind it, and a look each second."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from app.tracking.edge import Edge
from app.tracking.heads import Heads
from app.tracking.refusals import FETCH_SECONDS, date_line

_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: what was not fetched is thrown away


class Patient(Protocol):
    """A connection that may wait for ever."""

    def look(self, now: float) -> None:
        """Give up what was waited for long enough."""


class Connections:
    """All of one process."""

    def __init__(
        self,
        edge: Edge,
        *,
        behind: Callable[[], asyncio.Protocol],
        connections: set[Any],  # the server's own: it tells them all to shut down
    ) -> None:
        self.edge = edge
        self.behind = behind
        self.date = b""
        self.now = 0.0  # by the loop, to the second
        self.heads = Heads()
        self._connections = connections
        self._ours: set[Patient] = set()
        self._looks = False

    def add(self, connection: Patient) -> None:
        """A caller came."""
        self._connections.add(connection)
        self._ours.add(connection)
        if not self._looks:
            self._looks = True
            self._look()

    def discard(self, connection: Patient) -> None:
        """A caller left, or is somebody else's."""
        self._connections.discard(connection)
        self._ours.discard(connection)

    def _look(self) -> None:
        """Tell the time, and let go whoever was waited for long enough."""
        if not self._ours:
            self._looks = False
            return
        self.date = date_line()
        loop = asyncio.get_running_loop()
        self.now = loop.time()
        for connection in tuple(self._ours):
            connection.look(self.now)
        loop.call_later(1.0, self._look)


def peer_of(transport: asyncio.BaseTransport) -> str:
    """The address of whoever is at the other end; nothing of a Unix socket."""
    name = transport.get_extra_info("peername")
    return str(name[0]) if isinstance(name, tuple) else ""


def let_go(transport: asyncio.Transport, *, late: float) -> None:
    """Close; whoever has not fetched what is left, so many seconds later, is cut off."""
    if late > FETCH_SECONDS:
        cut_off(transport)
    else:
        transport.close()


def cut_off(transport: asyncio.Transport) -> None:
    """End it, and let the system forget at once what it holds for whoever fetches nothing."""
    line = transport.get_extra_info("socket")
    if line is not None:
        with suppress(OSError):  # the other side ended it meanwhile
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()

"""The two ways to an edge, each over a real socket: ASGI under uvicorn, and our own protocol."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any
from unittest import mock

import uvicorn
from uvicorn.protocols.http import httptools_impl
from uvicorn.server import ServerState

from app.ops.wire import Line
from app.tracking import protocol
from app.tracking.connections import Connections
from app.tracking.edge import Edge
from app.tracking.protocol import EdgeProtocol


class Door(StrEnum):
    ASGI = "asgi"
    PROTOCOL = "protocol"


@asynccontextmanager
async def opened(
    edge: Edge, door: Door, *, peer: str = "127.0.0.1"
) -> AsyncIterator[tuple[int, set[Any]]]:
    """A port that leads to an edge, whoever `peer` says is there, and its open connections."""
    config = uvicorn.Config(edge, lifespan="off", log_config=None, access_log=False)
    config.load()
    state = ServerState()

    def by_asgi() -> asyncio.Protocol:
        return Line(config, state, {})

    shared = Connections(edge, behind=by_asgi, connections=state.connections)
    doors: dict[Door, Callable[[], asyncio.Protocol]] = {
        Door.ASGI: by_asgi,
        Door.PROTOCOL: lambda: EdgeProtocol(shared),
    }
    with (
        mock.patch.object(protocol, "peer_of", return_value=peer),
        mock.patch.object(httptools_impl, "get_remote_addr", return_value=(peer, 1)),
    ):
        server = await asyncio.get_running_loop().create_server(doors[door], "127.0.0.1", 0)
        yield server.sockets[0].getsockname()[1], state.connections
        server.close()
        while state.connections:
            for connection in tuple(state.connections):
                connection.shutdown()
            await asyncio.sleep(0.001)


async def said(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """All that comes back until the server closes, or says nothing for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        return await all_of(reader)
    finally:
        writer.close()


async def all_of(reader: asyncio.StreamReader, *, silence: float = 0.3) -> bytes:
    heard = b""
    try:
        while piece := await asyncio.wait_for(reader.read(65_536), silence):
            heard += piece
    except (TimeoutError, ConnectionResetError):
        return heard + b"<still open>"
    return heard

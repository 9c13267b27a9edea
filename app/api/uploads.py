"""A request's body for a room that reads it piece by piece in a thread: bounded, never whole."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from queue import Queue

from starlette.requests import ClientDisconnect, Request

from app.platform.errors import Invalid

_WAITING = 8  # pieces between the socket and the disk; a server's piece has at most 64 KiB
_SHORT = 0.005  # seconds between two looks at a full queue
_Pieces = Queue[bytes | Invalid | None]  # None: the end


@asynccontextmanager
async def pieces(request: Request) -> AsyncIterator[Iterator[bytes]]:
    """An iterator for a thread, filled while this block runs. It ends with the body.

    Raises (in the thread):
        Invalid: the caller went away in the middle.
    """
    queue: _Pieces = Queue(_WAITING)
    pump = asyncio.create_task(_pump(request, queue))
    try:
        yield _taken(queue)
    finally:
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)


async def _pump(request: Request, queue: _Pieces) -> None:
    try:
        async for piece in request.stream():
            await _put(queue, piece)
        await _put(queue, None)
    except ClientDisconnect:
        await _put(queue, Invalid("The file was cut off on its way. Send it again."))


async def _put(queue: _Pieces, piece: bytes | Invalid | None) -> None:
    """Wait without holding the loop while the disk is slower than the network."""
    # Only we put, so it cannot fill up between this look and the put.
    while queue.full():  # noqa: ASYNC110 - a thread takes from it; that sets no event of this loop
        await asyncio.sleep(_SHORT)
    queue.put_nowait(piece)


def _taken(queue: _Pieces) -> Iterator[bytes]:
    while (piece := queue.get()) is not None:
        if isinstance(piece, Invalid):
            raise piece
        yield piece

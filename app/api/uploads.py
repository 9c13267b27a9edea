"""A body for a room that reads it piece by piece in a thread: on disk before it is read."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from app.identity import guard

_PIECE = 1 << 20  # bytes written, and read, at a time


@asynccontextmanager
async def pieces(request: Request, folder: Path) -> AsyncIterator[Iterator[bytes]]:
    """An iterator for a thread, over a body that has come to its end.

    The file has no name: however this ends, nothing is left of it. No thread waits for the sender.
    """
    with tempfile.TemporaryFile(dir=folder) as temporary:
        file = cast("BinaryIO", temporary)
        await _fill(file, request)
        await guard.confirm(request)
        file.seek(0)
        yield iter(lambda: file.read(_PIECE), b"")


async def _fill(file: BinaryIO, request: Request) -> None:
    waiting = bytearray()
    async for piece in request.stream():
        waiting += piece
        if len(waiting) >= _PIECE:
            await run_in_threadpool(file.write, bytes(waiting))
            waiting.clear()
    await run_in_threadpool(file.write, bytes(waiting))

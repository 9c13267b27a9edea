"""uvicorn's HTTP protocol, with the patience and the limits that it lacks.

It waits for ever for a head, takes heads of any size, and reads on and on what nobody wants. Here a
head comes in time and has a size; whoever does not fetch an answer is let go; and a body that was
refused is read for a moment and thrown away, so that its sender gets to read the refusal.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.tracking.connections import cut_off, let_go
from app.tracking.refusals import FETCH_SECONDS, HEAD_BYTES, HEAD_SECONDS, refusal

_SMALLEST_PIECE = 16  # bytes of a body that pay for themselves, however it is cut into chunks
_LINGER_SECONDS, _LINGER_BYTES = 5.0, 64 << 20  # for a body that nobody reads
_ANNOUNCING = frozenset({b"content-length", b"transfer-encoding"})  # a body
_TICKS = 10  # a second, as uvicorn's server counts them


class Line(HttpToolsProtocol):
    """One connection of a caller."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting_since: float | None = self.loop.time()  # for a head
        self._stuck_since: float | None = None  # the caller does not fetch
        self._lingers_until: float | None = None
        self._loose = 0  # bytes that came since the last head and are no body
        self._thrown_away = 0

    def look(self, now: float) -> None:
        """Let go whoever was waited for long enough."""
        if self._lingers_until is not None and now > self._lingers_until:
            self.transport.abort()
        elif self._waiting_since is not None and now - self._waiting_since > HEAD_SECONDS:
            let_go(self.transport, late=now - self._waiting_since - HEAD_SECONDS)
        elif self._stuck_since is not None and now - self._stuck_since > FETCH_SECONDS:
            cut_off(self.transport)

    def data_received(self, data: bytes) -> None:
        """More of a head or a body; after a refusal, what is thrown away."""
        if self._lingers_until is not None:
            self._thrown_away += len(data)
            if self._thrown_away > _LINGER_BYTES:
                self.transport.abort()
            return
        self._loose += len(data)
        super().data_received(data)
        if self._loose > HEAD_BYTES and not self.transport.is_closing():
            self._refuse_head()

    def on_headers_complete(self) -> None:
        """A head is whole: from here on the door watches."""
        self._loose, self._waiting_since = 0, None
        super().on_headers_complete()
        if any(name in _ANNOUNCING for name, _ in self.headers):
            self.cycle.transport = _Lingering(self)  # type: ignore[assignment]  # all that it uses

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self._loose = max(0, self._loose - _SMALLEST_PIECE * len(body))
        super().on_body(body)

    def on_response_complete(self) -> None:
        """The answer is out: the next head is waited for, or the rest of a body thrown away."""
        if self.cycle.response_complete and self.cycle.more_body:
            self.linger()
            return
        super().on_response_complete()
        if self.cycle.response_complete:
            self._waiting_since = self.loop.time()

    def pause_writing(self) -> None:
        """The caller does not fetch what is written."""
        self._stuck_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The caller fetches again."""
        self._stuck_since = None
        super().resume_writing()

    def _refuse_head(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(refusal(431 if self.headers else 414))
            self.linger()
        else:
            self.transport.abort()  # trailers or chunks without end, in the middle of a request

    def linger(self) -> None:
        """Read on for a moment, so that the answer is not lost to a reset connection."""
        if self._lingers_until is not None or self.transport.is_closing():
            return
        self._lingers_until = self.loop.time() + _LINGER_SECONDS
        self.flow.resume_reading()
        self.transport.write_eof()


class _Lingering:
    """What a request with a body writes its answer to: closing waits until the answer is read."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.write = line.transport.write
        self.is_closing = line.transport.is_closing

    def close(self) -> None:
        """Close, or throw away what is still being sent before that."""
        if self._line.cycle.more_body:
            self._line.linger()
        else:
            self._line.transport.close()


class Server(uvicorn.Server):
    """Looks at its lines once a second, and sleeps between: uvicorn wakes ten times as often."""

    _wake: Callable[[], object] | None = None  # while it serves

    async def main_loop(self) -> None:
        """Serve until told to stop."""
        loop, told, seconds = asyncio.get_running_loop(), asyncio.Event(), 0
        self._wake = partial(loop.call_soon_threadsafe, told.set)
        while not await self.on_tick(seconds * _TICKS):
            self._look(loop.time())
            seconds += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), 1)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal tells to stop: at once, not with the next tick."""
        super().handle_exit(sig, frame)
        if self._wake is not None:
            self._wake()

    def _look(self, now: float) -> None:
        for line in tuple(self.server_state.connections):
            if isinstance(line, Line):
                line.look(now)

"""Clients on plain sockets, keep-alive and without pipelining: as fast as is answered, or by plan.

By plan, an answer's time counts from when it was to be asked, whether a connection was free then or
not: a server that stands still for a moment makes everybody late who was to ask meanwhile.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from typing import cast

import uvloop

CONNECTIONS = 64
_PATIENCE_SECONDS = 60.0  # for the last answers of all
_TICK_SECONDS = 0.001  # of the plan: a loop's timers tell no less


class _Client(asyncio.Protocol):
    """One connection: asks, and says when it was answered."""

    def __init__(self, request: bytes, answered: Callable[["_Client"], None]) -> None:
        self._request, self._answered = request, answered
        self.since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are not its subclasses

    def data_received(self, data: bytes) -> None:
        assert data.startswith(b"HTTP/1.1 302"), data
        assert data.endswith(b"\r\n\r\n"), data
        self._answered(self)

    def ask(self, since: float) -> None:
        self.since = since
        self._transport.write(self._request)


async def _connected(
    port: int, request: bytes, answered: Callable[[_Client], None]
) -> list[_Client]:
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: _Client(request, answered), "127.0.0.1", port)
        for _ in range(CONNECTIONS)
    ]
    return [client for _, client in made]


def as_fast_as_answered(port: int, request: bytes, seconds: float) -> list[float]:
    """Seconds that each answer took; every connection asks again at once."""
    took: list[float] = []

    def again(client: _Client) -> None:
        now = time.monotonic()
        took.append(now - client.since)
        client.ask(now)

    async def main() -> None:
        for client in await _connected(port, request, again):
            client.ask(time.monotonic())
        await asyncio.sleep(seconds)

    uvloop.run(main())
    return took


def by_plan(
    port: int, request: bytes, seconds: float, *, per_second: float, rng: random.Random
) -> list[float]:
    """Seconds from when each was to be asked to its answer; callers come as they like."""
    plan, took, done = _plan(seconds, per_second, rng), list[float](), asyncio.Event()
    late: deque[float] = deque()
    free: deque[_Client] = deque()

    def answered(client: _Client) -> None:
        took.append(time.monotonic() - client.since)
        if late:
            client.ask(late.popleft())
        else:
            free.append(client)
        if len(took) == len(plan):
            done.set()

    async def main() -> None:
        free.extend(await _connected(port, request, answered))
        begun = time.monotonic()
        for moment in plan:
            if (pause := begun + moment - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            if free:
                free.popleft().ask(begun + moment)
            else:
                late.append(begun + moment)
        await asyncio.wait_for(done.wait(), _PATIENCE_SECONDS)

    uvloop.run(main())
    return took


def _plan(seconds: float, per_second: float, rng: random.Random) -> list[float]:
    """When each is to be asked, in seconds from the beginning, in whole ticks."""
    moments: list[float] = []
    moment = rng.expovariate(per_second)
    while moment < seconds:
        moments.append(moment // _TICK_SECONDS * _TICK_SECONDS + _TICK_SECONDS)
        moment += rng.expovariate(per_second)
    return moments


def part_of(took: list[float], share: float) -> float:
    """Milliseconds that no more than the rest of the answers took."""
    return 1000 * sorted(took)[int(len(took) * share)]

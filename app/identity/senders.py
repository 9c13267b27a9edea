"""Whoever sends a body: how long they are waited for, and how much of it is taken."""

import asyncio

from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from app.identity.bodies import Body
from app.platform import figures
from app.platform.errors import TooLarge, TooSlow, Unavailable

_IDLE_SECONDS = 15.0  # without a byte
_GRACE_SECONDS = 20.0  # for a body of any size
_SLOWEST = 4096  # bytes a second that a larger one must reach: a bad mobile line
_FREE = 8_192  # bytes of each that are taken in any flood: a log-in, an answer, most events
_STRANGERS_BYTES = 64_000_000  # of all others, in one process: what they hold while they come
_UNITS = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "KB"))


class Gone(Exception):
    """The caller went away before all was sent; nobody is there to be answered."""


class Room:
    """What the bodies of many may hold of memory at the same time."""

    def __init__(self, most: int = _STRANGERS_BYTES) -> None:
        self._left = most

    def take(self, count: int) -> None:
        """Raises Unavailable where others hold it all."""
        if count > self._left:
            raise Unavailable(
                "Too much is being sent to us at this moment. Send it again in a minute."
            )
        self._left -= count

    def give_back(self, count: int) -> None:
        """It is held no more."""
        self._left += count


STRANGERS = Room()


class Sender:
    """One request's body on its way in. `room` is what it shares with others, if anything."""

    def __init__(self, receive: Receive, body: Body, room: Room | None = None) -> None:
        self.body = body
        self.receive = receive
        self._room = room
        self._held = 0  # of that room
        self._began = asyncio.get_running_loop().time()
        self._taken = 0
        self._ended = False

    @property
    def is_begun(self) -> bool:
        """Whether anything of it was asked for."""
        return self._taken > 0 or self._ended

    def refuse_announced(self, request: Request) -> None:
        """What says itself that it is too large is not waited for."""
        if self.body.most and int(request.headers.get("content-length", 0)) > self.body.most:
            raise self._too_large()

    async def whole(self) -> bytes:
        """All of it. Raises TooLarge, TooSlow or Gone."""
        pieces = []
        while not self._ended:
            message = await self.watched()
            if message["type"] == "http.disconnect":
                raise Gone
            pieces.append(message.get("body", b""))
        return b"".join(pieces)

    async def watched(self) -> Message:
        """The next piece, for whoever reads it piece by piece. Raises TooLarge or TooSlow."""
        if self._ended:
            return await self.receive()  # nothing but the caller's going away is left to be told
        message = await self._next()
        self._taken += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        if self._taken > self.body.most:
            self._ended = False
            raise self._too_large()
        if self._room and self._taken - self._held > _FREE:
            self._hold(self._room)
        return message

    def done(self) -> None:
        """The request is over."""
        if self._room:
            self._room.give_back(self._held)
            self._held = 0

    def _hold(self, room: Room) -> None:
        more = self._taken - self._held - _FREE
        try:
            room.take(more)
        except Unavailable:
            self._ended = False  # the rest is not read
            raise
        self._held += more

    def replayed(self, whole: bytes) -> Receive:
        """Give it to a route as if it came in one piece."""
        pending: list[Message] = [{"type": "http.request", "body": whole, "more_body": False}]

        async def receive() -> Message:
            return pending.pop() if pending else await self.receive()

        return receive

    def closing(self, scope: Scope, send: Send) -> Send:
        """Say with the answer that the connection ends, where a body was not read to its end."""
        if not any(name in _ANNOUNCING and value != b"0" for name, value in scope["headers"]):
            return send

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and not self._ended:
                headers = [*message.get("headers", ()), (b"connection", b"close")]
                message = {**message, "headers": headers}
            await send(message)

        return sent

    async def _next(self) -> Message:
        loop = asyncio.get_running_loop()
        patience = self._began + max(_GRACE_SECONDS, self._taken / _SLOWEST)
        try:
            async with asyncio.timeout_at(min(loop.time() + _IDLE_SECONDS, patience)):
                return await self.receive()
        except TimeoutError:
            raise TooSlow(
                "What you sent came too slowly, or not at all, so nothing was changed. Send it"
                " again, over a better line."
            ) from None

    def _too_large(self) -> TooLarge:
        return TooLarge(
            f"More was sent than is taken here in one piece: {_sized(self.body.most)} at most."
            " Send less, or cut it into several."
        )


_ANNOUNCING = frozenset({b"content-length", b"transfer-encoding"})


def _sized(count: int) -> str:
    size, unit = next(one for one in _UNITS if count >= one[0])
    return f"{figures.count(count // size)} {unit}"

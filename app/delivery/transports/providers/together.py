"""Mails that come in one turn of the loop leave in one request, and each hears its own reply."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import httpx

from app.delivery.mail.mime import Mail
from app.delivery.replies import Reply
from app.delivery.transports.providers.asking import Asked

_BYTES = 20_000_000  # of mails in one request: with what is written around them, far below 50 MB


class Together(Protocol):
    """How one provider takes many mails in one request."""

    @property
    def most(self) -> int:
        """Mails in one request."""

    def fits(self, mail: Mail) -> bool:
        """Whether this one may be among others."""

    def asked(self, mails: Sequence[Mail]) -> Asked:
        """The request that hands them over."""

    def replies(self, answer: httpx.Response, mails: int) -> list[Reply]:
        """One for each mail, in order. Raises ValueError, LookupError, TypeError where unclear."""


class _Request:
    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.bytes = 0
        self.replies: asyncio.Task[list[Reply]] | None = None


class Gathered:
    """Gathers mails for `hand_over`, which is given `most` at a time and replies in order."""

    def __init__(
        self, hand_over: Callable[[Sequence[Mail]], Awaitable[list[Reply]]], *, most: int
    ) -> None:
        self._hand_over = hand_over
        self._most = most
        self._open: _Request | None = None

    async def send(self, mail: Mail) -> Reply:
        """Hand over one mail with all that come in this turn."""
        request = self._open
        if request is None or self._is_full(request, mail):
            request = self._open = _Request()
            request.replies = asyncio.create_task(self._leave(request))
        place = len(request.mails)
        request.mails.append(mail)
        request.bytes += len(mail.raw)
        assert request.replies is not None
        replies = await asyncio.shield(request.replies)  # one who leaves stops no other
        return replies[place]

    def _is_full(self, request: _Request, mail: Mail) -> bool:
        return len(request.mails) >= self._most or request.bytes + len(mail.raw) > _BYTES

    async def _leave(self, request: _Request) -> list[Reply]:
        """Begins in the next turn: whoever came in this one is among them."""
        if self._open is request:
            self._open = None
        return await self._hand_over(request.mails)

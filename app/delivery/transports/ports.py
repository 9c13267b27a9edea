"""What the sender asks of a transport."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from app.delivery.mail.mime import Mail
from app.delivery.replies import Reply
from app.delivery.transports.terms import Terms

Attempting = Callable[[], Awaitable[None]]


class StoppedError(Exception):
    """The sender wants this mail no more: nothing of it was said to the server."""


class Transport(Protocol):
    """Takes mails one by one; `lanes` of them at a time. `name` tells servers apart."""

    name: str
    terms: Terms

    @property
    def lanes(self) -> int:
        """How many at a time; asked before each batch."""

    async def send(self, mail: Mail, attempting: Attempting) -> Reply:
        """Hand over one mail. Never raises for what a server or network does.

        `attempting` is awaited right before the server hears the mail: whatever happens after it
        returned may have been delivered. What it raises ends the attempt and is passed on.
        """

    async def close(self) -> None:
        """Say goodbye."""

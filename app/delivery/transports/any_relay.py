"""Mails that nobody counts, by whichever relay takes them."""

from collections.abc import Sequence

from app.delivery.mail.mime import Mail
from app.delivery.replies import Meaning, Reply, meaning_of
from app.delivery.transports.ports import Attempting, Transport
from app.delivery.transports.terms import ANY

_NOT_HERE = {Meaning.LATER_ALL, Meaning.LIMIT, Meaning.OUR_FAULT}


class AnyRelay:
    """The first one that takes a mail; where none does, what the last one said."""

    terms = ANY
    name = "any"
    lanes = 1

    def __init__(self, relays: Sequence[Transport]) -> None:
        """`relays`: one at least."""
        self._relays = relays

    async def send(self, mail: Mail, attempting: Attempting) -> Reply:
        """Hand over one mail. Who may have heard it to its end is the last who is asked."""
        for relay in self._relays:
            reply = await relay.send(mail, attempting)
            if meaning_of(reply) not in _NOT_HERE:
                break
        return reply

    async def close(self) -> None:
        """Whoever opened the relays closes them."""

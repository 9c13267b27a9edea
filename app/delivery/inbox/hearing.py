"""A mail that was brought to one of our addresses: whose it is, and what it says."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.utils import getaddresses

from app.delivery.inbox import came_back, reading, stopping
from app.delivery.inbox.reading import CameBack, What
from app.delivery.inbox.replying import Answer
from app.links.keyring import Keyring
from app.platform.db import Database
from app.platform.errors import AppError

log = logging.getLogger(__name__)

# Where a server that brings a mail writes down to whom; what the sender wrote comes last.
_BROUGHT_TO = ("Delivered-To", "X-Original-To", "X-Envelope-To", "Envelope-To")
_WRITTEN_TO = ("To", "Cc")
_MOST_ADDRESSES = 50
_LONGEST = 2_000  # characters of a line that names some
_NOBODY = "It was brought to no address that we signed: nothing was changed."
_UNREADABLE = "It cannot be read as a mail: nothing was changed."
_WORDS = {
    What.GONE: "The address does not exist: it gets no more mail.",
    What.FULL: "The mailbox is full: the mail did not arrive.",
    What.REFUSED: "The mail came back.",
    What.COMPLAINT: "It was called spam: the person gets no more mail.",
    What.AUTO_REPLY: "An automatic answer: it counts nowhere.",
    What.REPLY: "An answer that somebody wrote: it is kept with their mail.",
    What.DELIVERED: "It was delivered.",
    What.NOTHING: "Nothing final: it may still arrive.",
}
_STOPPED = "An answer that asks for no more mail: the person gets none, and it is kept."


@dataclass(frozen=True, slots=True)
class Heard:
    """What a mail was taken for, in a sentence without addresses."""

    said: CameBack | None
    is_new: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Brought:
    """A mail, and what is known of it by the way it came."""

    raw: bytes
    to: Sequence[str] = ()  # the addresses that it was brought to; none: read from its head
    by: str | None = None  # who sent it, as the server says; empty for what nobody may answer
    at: datetime | None = None  # when its server took it; None: now


def hear(
    database: Database,
    brought: Brought,
    *,
    keyring: Keyring,
    now: datetime,
    ours: Sequence[str] = (),
) -> Heard:
    """Take one mail.

    Args:
        ours: the addresses that we mail from: where an answer names one, it quotes.
    """
    try:
        understood = _understood(brought, keyring, ours, now=now)
    except (AppError, OSError, MemoryError):  # of this machine, for now: it comes again
        raise
    except Exception as error:  # noqa: BLE001 - of these bytes, for ever: it would come for days
        log.warning("a mail that came back cannot be read: %s", type(error).__name__)
        return Heard(None, is_new=False, sentence=_UNREADABLE)
    if understood is None:
        return Heard(None, is_new=False, sentence=_NOBODY)
    send_id, said, answer = understood
    with database.write() as session:
        is_new = came_back.hear(session, send_id, said, now=now, answer=answer)
    words = _WORDS[said.what]
    if answer is not None and stopping.is_asked(answer.written):
        words = _STOPPED
    known = "" if is_new or said.what is What.NOTHING else " (That was known, or is of no send.)"
    return Heard(said, is_new=is_new, sentence=f"{words}{known}")


def _understood(
    brought: Brought, keyring: Keyring, ours: Sequence[str], *, now: datetime
) -> tuple[int, CameBack, Answer | None] | None:
    """Whose mail it is and what it says, by its bytes alone; whoever writes it may write anything.

    Raises whatever it likes: our parts for mail, and Python's, fail in ways that nobody counted.
    """
    raw, message = brought.raw, reading.parsed(brought.raw)
    addresses = list(brought.to) or _addresses(message)
    send_id = came_back.send_of(addresses, keyring)
    if send_id is None:
        send_id = _sent_by_report(message, keyring)
    if send_id is None:
        return None
    said = reading.read(raw, by=brought.by)
    if said.what is not What.REPLY or message is None:
        return send_id, said, None
    at = min(brought.at or now, now)
    whole = [*ours, *addresses]
    return send_id, said, Answer.of(message, raw[: reading.MOST_BYTES], whole, at=at)


def _addresses(message: Message | None) -> list[str]:
    """Whom a mail's head says that it was brought to."""
    if message is None:
        return []
    named = [
        str(one)[:_LONGEST]
        for name in (*_BROUGHT_TO, *_WRITTEN_TO)
        for one in message.get_all(name, [])
    ]
    return [address for _, address in getaddresses(named[:_MOST_ADDRESSES])][:_MOST_ADDRESSES]


def _sent_by_report(message: Message | None, keyring: Keyring) -> int | None:
    """Whose mail a complaint is about: mailbox providers send those to an address of their list.

    Only an address that we signed counts there, too: whoever can show it has had the mail.
    """
    if message is None or not reading.is_complaint(message):
        return None
    return came_back.send_of(reading.senders_in(message), keyring)

"""What a server's reply means for one mail."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Stage(StrEnum):
    """How far the conversation had come when the reply came, or failed to come."""

    CONNECT = "connect"  # nobody answered, or TLS could not be had
    LOGIN = "login"
    SENDER = "sender"
    RECIPIENT = "recipient"
    DATA = "data"  # the server said whether it wants to hear the mail
    MESSAGE = "message"  # the reply after the final dot
    LOST = "lost"  # the mail was being sent, and no reply came


class Meaning(StrEnum):
    """What we do."""

    ACCEPTED = "accepted"
    LATER_ALL = "later_all"  # the server is away: everybody waits
    LATER = "later"  # greylisting: this one waits
    FULL = "full"  # the mailbox is full: this one waits, and is a soft bounce in the end
    NO_SUCH_ADDRESS = "no_such_address"
    LIMIT = "limit"  # more than the server takes at a time: it goes slower, nobody loses patience
    OUR_FAULT = "our_fault"
    POLICY = "policy"  # it does not want this mail: this person's, or ours where most are refused
    REFUSED = "refused"
    CONTENT = "content"  # refused for what the mail says
    UNCERTAIN = "uncertain"
    NOT_ATTEMPTED = "not_attempted"  # we stopped before the server heard a word of it


# Said to whoever came, not of this mail: it is as if nobody had been asked.
UNTOUCHED = {Meaning.NOT_ATTEMPTED, Meaning.LATER_ALL, Meaning.LIMIT, Meaning.OUR_FAULT}


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said. `code` is 0 where it said nothing."""

    code: int
    text: str
    stage: Stage

    @property
    def enhanced(self) -> str:
        """The status code of RFC 3463 at the beginning of the text, or nothing."""
        found = _ENHANCED.match(self.text)
        return found[0] if found else ""

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip() if self.code else self.text


_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_TEXT_CHARS = 500  # of a reply that is worth keeping
_GREYLIST = (5, 15, 30, 60, 120, 180, 240)  # minutes; then every four hours
RESTS = tuple(timedelta(minutes=minutes) for minutes in _GREYLIST)
_PATIENCE = timedelta(hours=72)  # of rests, in all
_LIMITS = re.compile(
    r"\brates?\b|\blimit|throttl|too (many|fast|much mail)|slow down|per (second|minute|hour|day)",
    re.IGNORECASE,
)
LATELY = 20  # recipients whose replies tell whose fault it is
_FROM, _ALL_FROM = 10, 3  # so few tell it where most of them, or all of them, are refused; ours
_OUR_ADDRESS = ("5.1.7", "5.1.8")  # the sender's address is what is wrong
_OF_ADDRESS = ("5.1.", "5.2.1")
_LOGIN_CODES = {530, 534, 535, 538}


def meaning_of(reply: Reply) -> Meaning:
    """Read a reply. Order is policy."""
    if reply.stage is Stage.LOST:
        return Meaning.UNCERTAIN
    if 200 <= reply.code < 300 and reply.stage is Stage.MESSAGE:
        return Meaning.ACCEPTED
    if reply.code in {0, 421} or (reply.code < 500 and reply.stage in _BEFORE_SENDER):
        return Meaning.LATER_ALL
    if reply.code < 500:
        return _postponement(reply)
    return _refusal(reply)


_BEFORE_SENDER = {Stage.CONNECT, Stage.LOGIN}
_BEFORE_RECIPIENT = {*_BEFORE_SENDER, Stage.SENDER}


def is_too_many(reply: Reply) -> bool:
    """Too many recipients in one connection: another one takes it."""
    return reply.enhanced == "4.5.3"


def is_ours(refused: Sequence[bool]) -> bool:
    """Whether refusals are our fault, by who of the last recipients was refused; newest last."""
    lately = refused[-LATELY:]
    if len(lately) >= _FROM:
        return sum(lately) * 2 > len(lately)
    return len(lately) >= _ALL_FROM and all(lately)


def is_policy(words: str) -> bool:
    """Whether a reply, as a send keeps it, is a refusal of policy."""
    return _POLICY.match(words) is not None


_POLICY = re.compile(r"5\d\d 5\.7\.")


def is_full(words: str) -> bool:
    """Whether a reply, as a send keeps it, says that the mailbox is full."""
    return "4.2.2" in words or "5.2.2" in words or words.startswith("452")


def _postponement(reply: Reply) -> Meaning:
    """A 4xx of somebody who is there: of the server, of one mailbox, or of greylisting."""
    if reply.stage is Stage.SENDER or is_too_many(reply):
        return Meaning.LIMIT
    if reply.enhanced == "4.2.2":
        return Meaning.FULL
    if not reply.enhanced.startswith("4.2.") and _LIMITS.search(reply.text):
        return Meaning.LIMIT
    return Meaning.FULL if reply.code == 452 else Meaning.LATER


def _refusal(reply: Reply) -> Meaning:
    enhanced = reply.enhanced
    if reply.stage in _BEFORE_RECIPIENT or reply.code in _LOGIN_CODES:
        return Meaning.OUR_FAULT
    if enhanced in _OUR_ADDRESS:
        return Meaning.OUR_FAULT
    if enhanced.startswith("5.7."):
        return Meaning.POLICY
    if enhanced.startswith(_OF_ADDRESS):
        return Meaning.NO_SUCH_ADDRESS
    if reply.stage is Stage.RECIPIENT:
        return (
            Meaning.NO_SUCH_ADDRESS
            if reply.code in {550, 551, 553} and not enhanced
            else Meaning.REFUSED
        )
    return Meaning.CONTENT if reply.code in {552, 554} else Meaning.REFUSED


def again_at(*, deferrals: int, now: datetime) -> datetime | None:
    """When a mail that a server put off is tried again; None once patience is used up.

    What counts is how long it was put off, not how long its turn took in a list of any length.
    """
    rested = sum((_rest(times) for times in range(deferrals)), timedelta())
    rest = _rest(deferrals)
    return now + rest if rested + rest <= _PATIENCE else None


def _rest(deferrals: int) -> timedelta:
    return RESTS[min(deferrals, len(RESTS) - 1)]


def shortened(text: str) -> str:
    """A reply's text on one line, as far as anybody reads it, and without addresses.

    Servers like to repeat whom they refuse; whose reply it is, its send says. What no eye sees
    goes: a NUL or half a letter is kept by no database, and the mail would come again for ever.
    """
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else " " for sign in text)
    words = text.split()
    if "@" in text:
        words = ["(address)" if "@" in word else word for word in words]
    return " ".join(words)[:_TEXT_CHARS]

"""What a mail that came back says: bytes in, what it means out.

Reports of delivery (RFC 3464), complaints (ARF, RFC 5965) and automatic answers (RFC 3834) are read
here; what older servers write in words of their own, flufl.bounce knows.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses
from enum import StrEnum

from flufl.bounce import all_failures

from app.delivery.replies import Meaning, Reply, Stage, meaning_of, shortened
from app.platform import bounded
from app.platform.bounded import OverLimit


class What(StrEnum):
    """What came back."""

    GONE = "gone"  # a hard bounce: the address does not exist
    FULL = "full"  # the mailbox is full: it was tried long enough
    REFUSED = "refused"  # it came back for another reason
    COMPLAINT = "complaint"  # somebody called it spam
    AUTO_REPLY = "auto_reply"
    REPLY = "reply"
    NOTHING = "nothing"  # it was put off, or arrived: what is final is still to come


@dataclass(frozen=True, slots=True)
class CameBack:
    """What a mail says, in a line without addresses."""

    what: What
    words: str


MOST_BYTES = 512 * 1024  # read of a mail: its report stands before the mail that it is about
_MOST_PARTS = 40  # boundaries; a report has three parts
_FINAL = {"failed", "failure", "error"}  # the second and third are of servers that read no RFC
_OF_ADDRESS = ("5.1.", "5.2.1", "5.4.4")  # besides what a server says at RCPT: no such host
_OUR_ADDRESS = ("5.1.7", "5.1.8")
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([245]\d\d)(?=[ -])")
_CODE_AHEAD = re.compile(r"(^|[:(<\s])[45]\d\d[ -]\S")
_AT_DATA = re.compile(r"end of data|after data|message content", re.IGNORECASE)
_FULL = re.compile(r"quota|mailbox (is )?full|full mailbox|over.?quota|storage", re.IGNORECASE)
_POLICY = re.compile(
    r"spam|block(ed|list)|black.?list|policy|denied|reputation|dmarc|spf\b|virus|unsolicited"
    r"|message size|too (big|large)|size limit",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"(user|recipient|address|addressee|mailbox|account|host|domain)s? (is |was )?"
    r"(unknown|not found|invalid|unavailable|disabled|inactive|suspended)"
    r"|(unknown|invalid|no such|no valid|non.?existent|bad) "
    r"(local |final )?(user|recipient|address|mailbox|account|host|domain|delivery)"
    r"|(does not|doesn.t) (exist|have)|no mailbox|not our customer|not listed in",
    re.IGNORECASE,
)
_AUTO_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress")
_AUTO_PRECEDENCE = {"auto_reply", "bulk", "junk", "list"}
_DAEMON = re.compile(r"mailer-daemon|postmaster|mail delivery", re.IGNORECASE)
_OLD_BYTES = 64 * 1024  # such a bounce begins with its reason, and quotes our mail after it
_TEXT_BYTES = 8_000
_GIVEN_UP = "The mail server gave it up, and said no more."
_AUTO_REPLY = CameBack(What.AUTO_REPLY, "An automatic answer.")
_UNREADABLE = CameBack(What.NOTHING, "This mail could not be read.")


def read(raw: bytes) -> CameBack:
    """What a mail means that was brought to a send's own address."""
    message = parsed(raw)
    if message is None:
        return _UNREADABLE
    return (
        _complaint(message)
        or _report(message)
        or _answered_by_itself(message)
        or _in_old_words(raw)
        or _automatic(message)
        or CameBack(What.REPLY, "A reply.")
    )


def parsed(raw: bytes) -> Message | None:
    """A mail as far as it is read; None for one with more parts than mails have."""
    some = raw[:MOST_BYTES]
    if some.count(b"boundary=") > _MOST_PARTS:
        return None
    return BytesParser().parsebytes(some)


def _complaint(message: Message) -> CameBack | None:
    for part in message.walk():
        if part.get_content_type() == "message/feedback-report":
            said = _fields_of(part)
            kind = str(said.get("Feedback-Type", "")).strip().lower() if said else ""
            if kind in {"not-spam", "auth-failure", "virus"}:
                return CameBack(What.NOTHING, f"A report of kind {shortened(kind)}.")
            return CameBack(What.COMPLAINT, "Somebody marked it as spam.")
    return None


def is_complaint(message: Message) -> bool:
    """Whether a mail is a report in the form of mailbox providers (ARF)."""
    return any(part.get_content_type() == "message/feedback-report" for part in message.walk())


def senders_in(message: Message) -> list[str]:
    """The addresses from which the mail was sent that a complaint is about."""
    named = [
        str(value)
        for part in message.walk()
        for name in ("Original-Mail-From", "Return-Path", "X-Original-Return-Path")
        for value in part.get_all(name, [])
    ]
    return [value.strip().strip("<>") for value in named]


def _fields_of(part: Message) -> Message | None:
    held = part.get_payload()
    return held[0] if isinstance(held, list) and held and isinstance(held[0], Message) else None


def _report(message: Message) -> CameBack | None:
    """What a report of delivery says; the worst, where it speaks of several recipients."""
    said = [_of_recipient(block) for block in _blocks(message)]
    final = [one for one in said if one is not None]
    if not final:
        return None
    return min(final, key=lambda one: _WORST.index(one.what))


_WORST = (What.GONE, What.FULL, What.REFUSED, What.NOTHING)


def _blocks(message: Message) -> Iterator[Message]:
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            held = part.get_payload()
            if isinstance(held, list):
                yield from (block for block in held if isinstance(block, Message))


def _of_recipient(block: Message) -> CameBack | None:
    """One recipient's block; None for the block of the whole mail."""
    action = str(block.get("Action", "")).strip().split(" ")[0].split(";")[0].lower()
    if not action:
        return None
    written = str(block.get("Status", ""))
    status = _first(_STATUS, written)
    said = _said(str(block.get("Diagnostic-Code", ""))) or ("" if status else _said(written))
    if action not in _FINAL:
        return CameBack(What.NOTHING, shortened(f"{action} {status} {said}"))
    return _failure(status, said)


def _failure(status: str, said: str) -> CameBack:
    """Delivery was given up."""
    own = _first(_STATUS, said)
    exact = own if own and not _is_vague(own) else status or own
    words = said if exact in said else f"{exact} {said}"
    return CameBack(_what_of(_first(_CODE, said), exact, said), shortened(words) or _GIVEN_UP)


def _what_of(code: str, status: str, said: str) -> What:
    """Read by status where it tells anything, by words of the server where not."""
    if status.endswith(".2.2"):
        return What.FULL
    if not status or _is_vague(status):
        return _by_words(status or code, said)
    is_gone = status.startswith(_OF_ADDRESS) and status not in _OUR_ADDRESS
    return What.GONE if is_gone else What.REFUSED


def _by_words(code: str, said: str) -> What:
    if _FULL.search(said):
        return What.FULL
    if code.startswith("4"):
        return What.REFUSED
    if _UNKNOWN.search(said):
        return What.GONE
    if _POLICY.search(said) or _AT_DATA.search(said):
        return What.REFUSED
    number = int(_first(_CODE, said) or 550)
    meaning = meaning_of(Reply(number, "", Stage.RECIPIENT))
    return What.GONE if meaning is Meaning.NO_SUCH_ADDRESS else What.REFUSED


def _is_vague(status: str) -> bool:
    """Whether a status says no more than its first digit does."""
    return status.endswith((".0.0", ".3.0", ".9.9"))


def _said(diagnostic: str) -> str:
    """A diagnostic on one line, without the name of its kind."""
    kind, _, said = diagnostic.partition(";")
    return " ".join((said if said and " " not in kind.strip() else diagnostic).split())


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[0] if found else ""


def _answered_by_itself(message: Message) -> CameBack | None:
    """An answer of a program to our mail, as it calls itself (RFC 3834)."""
    marked = str(message.get("Auto-Submitted", "")).strip().lower()
    is_answer = marked.startswith("auto-replied") and not _DAEMON.search(str(message.get("From")))
    return _AUTO_REPLY if is_answer else None


def _automatic(message: Message) -> CameBack | None:
    """What says in any other way that no person wrote it."""
    marked = str(message.get("Auto-Submitted", "no")).strip().lower()
    precedence = str(message.get("Precedence", "")).strip().lower()
    if (
        not marked.startswith("no")
        or precedence in _AUTO_PRECEDENCE
        or any(name in message for name in _AUTO_HEADERS)
        or str(message.get("Return-Path", "")).strip() == "<>"
    ):
        return _AUTO_REPLY
    return None


def _in_old_words(raw: bytes) -> CameBack | None:
    """A bounce from before reports had a form. What guesses may take for ever, and break."""
    try:
        return bounded.ask(in_old_words, raw[:_OLD_BYTES])
    except OverLimit:
        return None


def in_old_words(raw: bytes) -> CameBack | None:
    """The same, without limits: in a child process."""
    logging.getLogger("flufl.bounce").disabled = True  # a traceback for whatever it cannot read
    message = BytesParser().parsebytes(raw)
    if not any(getaddresses([str(message.get("From", ""))])):
        del message["From"]
        message["From"] = "MAILER-DAEMON"  # its guesses take one for granted
    temporary, permanent = all_failures(message)
    if permanent:
        return _failure("", _telling_line(_text_of(message)))
    if temporary:
        return CameBack(What.NOTHING, "It was put off, and is tried again.")
    return None


def _telling_line(text: str) -> str:
    """The line that says why, of a text that quotes what we sent as well."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    for tells in (_STATUS, _CODE_AHEAD, _FULL, _UNKNOWN, _POLICY):
        for line in lines:
            if tells.search(line):
                return line
    return ""


def _text_of(message: Message) -> str:
    """The first words of a mail's text."""
    for part in message.walk():
        if part.get_content_maintype() == "text":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                return payload[:_TEXT_BYTES].decode("utf-8", "replace")
    return ""

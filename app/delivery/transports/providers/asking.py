"""What every provider is asked with, and how its answers are said: as a mail server says them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.delivery.mail.mime import Mail
from app.delivery.replies import Meaning, Reply, Stage, shortened
from app.links import return_address

# How a mail server would have said it: the journal and the settling know no other words.
_AS_SAID: Mapping[Meaning, tuple[int, str, Stage]] = {
    Meaning.ACCEPTED: (250, "2.0.0", Stage.MESSAGE),
    Meaning.LATER_ALL: (421, "4.3.2", Stage.CONNECT),
    Meaning.LIMIT: (450, "4.7.0", Stage.SENDER),
    Meaning.NO_SUCH_ADDRESS: (550, "5.1.1", Stage.RECIPIENT),
    Meaning.OUR_FAULT: (535, "5.3.5", Stage.LOGIN),
    Meaning.REFUSED: (550, "5.5.0", Stage.RECIPIENT),
    Meaning.CONTENT: (554, "5.6.0", Stage.MESSAGE),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; what is secret stands in its headers alone."""

    url: str
    headers: Mapping[str, str]
    json: Any = None
    content: bytes | None = None
    files: Mapping[str, Any] | None = None  # the fields of a form, as httpx takes them
    method: str = "POST"


def said(meaning: Meaning, words: str) -> Reply:
    """A provider's answer as a mail server's."""
    code, status, stage = _AS_SAID[meaning]
    return Reply(code, f"{status} {shortened(words)}", stage)


def token_of(mail: Mail) -> str:
    """What names the send to whoever reports of it later; empty for mails of no send.

    It is signed, as the address is that bounces come back to.
    """
    tokens = return_address.tokens_in(mail.return_path)
    return tokens[-1] if tokens and mail.send_id is not None else ""

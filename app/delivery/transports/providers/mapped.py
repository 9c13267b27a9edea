"""A finished mail, taken apart for providers that take no bytes: nothing of it is made anew."""

from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from app.delivery.mail.mime import Mail

# Said by fields of their own, or made by the provider; a signature of ours covers other bytes.
_NOT_HANDED_ON = {
    "from", "to", "reply-to", "subject", "date", "mime-version", "content-type",
    "content-transfer-encoding", "dkim-signature",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inside:
    """A picture that the HTML names; `body` is base64."""

    name: str
    file: str
    kind: str
    body: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """The parts of a mail; headers in their order, their values decoded."""

    sender: str
    reply_to: str
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]
    pictures: tuple[Inside, ...] = ()


def mapped(mail: Mail) -> Mapped:
    """Take a mail of ours apart."""
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(mail.raw)
    return Mapped(
        sender=str(message.get("From", "")),
        reply_to=str(message.get("Reply-To", "")),
        subject=str(message.get("Subject", "")),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        headers=tuple(
            (name, str(value))
            for name, value in message.items()
            if name.lower() not in _NOT_HANDED_ON
        ),
        pictures=tuple(_inside(part) for part in message.walk() if "content-id" in part),
    )


def _inside(part: EmailMessage) -> Inside:
    return Inside(
        name=str(part["content-id"]).strip("<>"),
        file=part.get_filename() or "picture.png",
        kind=part.get_content_type(),
        body="".join(str(part.get_payload()).split()),
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""

"""Postmark: a JSON document a mail, 500 in a request (postmarkapp.com/developer/api/email-api).

It has no idempotency key: what was lost on its way back stays uncertain until its event tells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote

import httpx

from app.delivery.mail.mime import Mail
from app.delivery.replies import Meaning, Reply
from app.delivery.transports.providers.asking import Asked, said, token_of
from app.delivery.transports.providers.mapped import mapped
from app.platform.config import BadSettings

_URL = "https://api.postmarkapp.com"
_LIKE = (
    "THINSLICE_MAIL must be like postmark://TOKEN@/?stream=broadcast: a server token, and the"
    " message stream (outbound where none is named)."
)
# Its error codes (developer/api/overview#error-codes). What is not named here is about us.
_ERRORS: Mapping[int, Meaning] = {
    100: Meaning.LATER_ALL,  # maintenance
    300: Meaning.REFUSED,  # something of this mail, most often its address, is not valid
    406: Meaning.REFUSED,  # inactive there: it was not tried, and why is known there alone
    411: Meaning.CONTENT,
    429: Meaning.LIMIT,
}
_TOO_LARGE = 413


@dataclass(frozen=True)
class Postmark:
    """One server of an account there, by one of its streams."""

    token: str
    stream: str
    name: str = "Postmark"
    lanes: int = 8
    repeats: bool = False

    @classmethod
    def read(cls, parts: SplitResult) -> "Postmark":
        """Read the setting. Raises BadSettings."""
        asked = parse_qs(parts.query, keep_blank_values=True)
        stream = asked.pop("stream", ["outbound"])[0]
        token = unquote(parts.username or "")
        is_bare = not parts.hostname and not parts.password and parts.path in {"", "/"}
        if not (token.isascii() and token.isprintable() and token and is_bare) or asked:
            raise BadSettings(_LIKE)
        if not stream.isascii() or not stream.replace("-", "").replace("_", "").isalnum():
            raise BadSettings(_LIKE)
        return cls(token, stream)

    def asked(self, mail: Mail) -> Asked:
        """One mail."""
        return Asked(f"{_URL}/email", self.headers(), json=self.body(mail))

    def body(self, mail: Mail) -> dict[str, Any]:
        """Text, HTML and headers as we composed them; neither opens nor links tracked there."""
        parts = mapped(mail)
        body: dict[str, Any] = {
            "From": parts.sender,
            "To": mail.recipient,
            "Subject": parts.subject,
            "TextBody": parts.text,
            "HtmlBody": parts.html,
            "MessageStream": self.stream,
            "TrackOpens": False,
            "TrackLinks": "None",
            "Headers": [
                {"Name": name, "Value": value}
                for name, value in (*parts.headers, ("X-PM-KeepID", "true"))
            ],
        }
        if parts.pictures:
            body["Attachments"] = [
                {"Name": one.file, "Content": one.body, "ContentType": one.kind,
                 "ContentID": f"cid:{one.name}"}
                for one in parts.pictures
            ]  # fmt: skip
        if parts.reply_to:
            body["ReplyTo"] = parts.reply_to
        if token := token_of(mail):
            body["Metadata"] = {"send": token}
        return body

    def reply(self, answer: httpx.Response) -> Reply:
        """By its own code; 0 is taken."""
        if answer.status_code == _TOO_LARGE:
            return said(Meaning.CONTENT, "Postmark: the mail is too large")
        told = answer.json()
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            return said(Meaning.OUR_FAULT, f"Postmark {told['ErrorCode']}: {told['Message']}")
        return _reply(told, is_success=answer.is_success)

    def look(self) -> Asked:
        """What the token opens."""
        return Asked(f"{_URL}/server", self.headers(), method="GET")

    def is_good(self, answer: httpx.Response) -> bool:
        """Whether what it answered to `look` shows that the token is good."""
        return answer.is_success

    @property
    def together(self) -> "_Batch":
        """Many in one request."""
        return _Batch(self)

    def headers(self) -> Mapping[str, str]:
        """Who we are."""
        return {"X-Postmark-Server-Token": self.token, "Accept": "application/json"}


@dataclass(frozen=True)
class _Batch:
    """500 mails in one request, 50 MB in all (send-email-with-api/batch-emails)."""

    postmark: Postmark
    most: int = 500

    def fits(self, _mail: Mail) -> bool:
        """Any may be among others."""
        return True

    def asked(self, mails: Sequence[Mail]) -> Asked:
        """A list of what each would be alone."""
        bodies = [self.postmark.body(mail) for mail in mails]
        return Asked(f"{_URL}/email/batch", self.postmark.headers(), json=bodies)

    def replies(self, answer: httpx.Response, mails: int) -> list[Reply]:
        """In the order of the mails, each with a code of its own; or one for all of them."""
        told = answer.json() if answer.status_code != _TOO_LARGE else None
        if isinstance(told, list):
            if len(told) != mails:
                raise ValueError(len(told))
            return [_reply(one, is_success=answer.is_success) for one in told]
        return [self.postmark.reply(answer)] * mails


def _reply(told: Any, *, is_success: bool) -> Reply:
    code, words = int(told["ErrorCode"]), str(told["Message"])
    if is_success and code == 0:
        return said(Meaning.ACCEPTED, f"Postmark took it: {told['MessageID']}")
    return said(_ERRORS.get(code, Meaning.OUR_FAULT), f"Postmark {code}: {words}")

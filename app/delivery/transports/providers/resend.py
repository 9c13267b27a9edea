"""Resend: a JSON document a mail, 100 in a request (resend.com/docs/api-reference/emails).

It keeps a key of each request for a day: what was lost on its way back may be asked again.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import SplitResult, unquote

import httpx

from app.delivery.mail.mime import Mail
from app.delivery.replies import Meaning, Reply, Stage
from app.delivery.transports.providers.asking import Asked, said, token_of
from app.delivery.transports.providers.mapped import mapped
from app.platform.config import BadSettings

_URL = "https://api.resend.com"
_LIKE = "THINSLICE_MAIL must be like resend://KEY@/: a key that may send."
# By status, where it is about this mail (docs/api-reference/errors). What is not here is about us.
_STATUS: Mapping[int, Meaning] = {
    413: Meaning.CONTENT,
    451: Meaning.CONTENT,
}
_OURS = {"invalid_from_address", "invalid_access", "invalid_region"}
_CONFLICT, _UNPROCESSABLE = 409, 422
_PICTURE = re.compile(rb"^Content-ID:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Resend:
    """A team's account, by one of its keys."""

    key: str
    name: str = "Resend"
    lanes: int = 2  # five requests a second is what a team has
    repeats: bool = True

    @classmethod
    def read(cls, parts: SplitResult) -> "Resend":
        """Read the setting. Raises BadSettings."""
        key = unquote(parts.username or "")
        is_bare = not parts.hostname and not parts.password and parts.path in {"", "/"}
        if not (key and key.isascii() and key.isprintable() and is_bare) or parts.query:
            raise BadSettings(_LIKE)
        return cls(key)

    def asked(self, mail: Mail) -> Asked:
        """One mail, under a key that every attempt shares."""
        return Asked(f"{_URL}/emails", self.headers(mail.mail_id), json=self.body(mail))

    def body(self, mail: Mail) -> dict[str, Any]:
        """Text, HTML and headers as we composed them."""
        parts = mapped(mail)
        body: dict[str, Any] = {
            "from": parts.sender,
            "to": [mail.recipient],
            "subject": parts.subject,
            "text": parts.text,
            "html": parts.html,
            "headers": dict(parts.headers),
        }
        if parts.pictures:
            body["attachments"] = [
                {"filename": one.file, "content": one.body, "content_type": one.kind,
                 "content_id": one.name}
                for one in parts.pictures
            ]  # fmt: skip
        if parts.reply_to:
            body["reply_to"] = parts.reply_to
        if token := token_of(mail):
            body["tags"] = [{"name": "send", "value": token}]
        return body

    def reply(self, answer: httpx.Response) -> Reply:
        """By status and the name of the error."""
        told, status = answer.json(), answer.status_code
        if answer.is_success:
            return said(Meaning.ACCEPTED, f"Resend took it: {told['id']}")
        name, words = str(told["name"]), f"Resend {status}: {told['message']}"
        if status == _CONFLICT:  # an earlier request of this key was taken, or is under way
            return Reply(0, words, Stage.LOST)
        is_of_mail = status == _UNPROCESSABLE and name not in _OURS
        otherwise = Meaning.REFUSED if is_of_mail else Meaning.OUR_FAULT
        return said(_STATUS.get(status, otherwise), words)

    def look(self) -> Asked:
        """Its domains; a key that may only send is told so by its own name of error."""
        return Asked(f"{_URL}/domains", self.headers(), method="GET")

    def is_good(self, answer: httpx.Response) -> bool:
        """Whether what it answered to `look` shows that the key is good."""
        return answer.is_success or "restricted_api_key" in answer.text

    @property
    def together(self) -> "_Batch":
        """Many in one request."""
        return _Batch(self)

    def headers(self, key: str = "") -> dict[str, str]:
        """Who we are, and by what key a request is known again."""
        who = {"Authorization": f"Bearer {self.key}"}
        return who | {"Idempotency-Key": key} if key else who


@dataclass(frozen=True)
class _Batch:
    """100 mails in one request, and those that it takes leave whatever the others are like.

    Pictures are passed over there without a word (send-batch-emails): such a mail goes alone.
    """

    resend: Resend
    most: int = 100

    def fits(self, mail: Mail) -> bool:
        """Whether it has no pictures of its own."""
        return not _PICTURE.search(mail.raw)

    def asked(self, mails: Sequence[Mail]) -> Asked:
        """A list of what each would be alone, under a key made of their own."""
        bodies = [self.resend.body(mail) for mail in mails]
        names = "\n".join(mail.mail_id for mail in mails).encode()
        key = f"batch/{sha256(names).hexdigest()}"
        headers = self.resend.headers(key) | {"x-batch-validation": "permissive"}
        return Asked(f"{_URL}/emails/batch", headers, json=bodies)

    def replies(self, answer: httpx.Response, mails: int) -> list[Reply]:
        """Ids of those that it took, in their order, and which ones it refused; or one for all."""
        if not answer.is_success:
            return [self.resend.reply(answer)] * mails
        told = answer.json()
        refused = {int(one["index"]): str(one["message"]) for one in told.get("errors") or []}
        ids = iter([str(one["id"]) for one in told["data"]])
        if len(told["data"]) + len(refused) != mails or not refused.keys() <= set(range(mails)):
            raise ValueError(len(told["data"]))
        return [
            said(Meaning.REFUSED, f"Resend: {refused[place]}")
            if place in refused
            else said(Meaning.ACCEPTED, f"Resend took it: {next(ids)}")
            for place in range(mails)
        ]

"""Resend: one JSON document a mail (resend.com/docs/api-reference/emails/send-email).

It keeps a key of each request for a day: what was lost on its way back may be asked again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote

import httpx

from app.delivery.mail.mime import Mail
from app.delivery.replies import Meaning, Reply, Stage
from app.delivery.transports.providers.mapped import mapped
from app.delivery.transports.providers.over_http import Asked, said, token_of
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
        """Text, HTML and headers as we composed them, under a key that every attempt shares."""
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
        headers = self._headers() | {"Idempotency-Key": mail.mail_id}
        return Asked(f"{_URL}/emails", headers, json=body)

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
        return Asked(f"{_URL}/domains", self._headers(), method="GET")

    def is_good(self, answer: httpx.Response) -> bool:
        """Whether what it answered to `look` shows that the key is good."""
        return answer.is_success or "restricted_api_key" in answer.text

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

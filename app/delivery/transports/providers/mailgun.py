"""Mailgun: our own bytes, as a file of a form (documentation.mailgun.com, POST messages.mime).

It has no idempotency key: what was lost on its way back stays uncertain until its event tells.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, unquote

import httpx

from app.delivery.mail.mime import Mail
from app.delivery.replies import Meaning, Reply
from app.delivery.transports.providers.asking import Asked, said, token_of
from app.platform.config import BadSettings

_HOSTS: Mapping[str, str] = {"us": "api.mailgun.net", "eu": "api.eu.mailgun.net"}
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_LIKE = (
    "THINSLICE_MAIL must be like mailgun://KEY@mg.example.com/?region=eu: a sending key, the domain"
    " that sends, and its region, us (where none is named) or eu."
)
# What it says where the address of this one person is what it cannot take (400).
_OF_ADDRESS = re.compile(r"^'?to'? parameter is not a valid address", re.IGNORECASE)
_TOO_LARGE = 413


@dataclass(frozen=True)
class Mailgun:
    """One sending domain of an account there, in one of its two regions."""

    key: str
    domain: str
    host: str
    name: str = "Mailgun"
    lanes: int = 8
    repeats: bool = False
    together: None = None

    @classmethod
    def read(cls, parts: SplitResult) -> "Mailgun":
        """Read the setting. Raises BadSettings."""
        asked = parse_qs(parts.query, keep_blank_values=True)
        host = _HOSTS.get(asked.pop("region", ["us"])[0])
        key, domain = unquote(parts.username or ""), parts.hostname or ""
        is_bare = not parts.password and parts.port is None and parts.path in {"", "/"}
        if not (key and key.isascii() and key.isprintable() and is_bare) or asked or not host:
            raise BadSettings(_LIKE)
        if not _DOMAIN.fullmatch(domain):
            raise BadSettings(_LIKE)
        return cls(key, domain, host)

    def asked(self, mail: Mail) -> Asked:
        """The mail as it stands; neither opens nor links tracked there."""
        form: dict[str, str] = {
            "to": mail.recipient,
            "o:tracking": "no",
            "o:tracking-clicks": "no",
            "o:tracking-opens": "no",
        }
        if token := token_of(mail):
            form["v:send"] = token
        return self._posted(form, {"message": ("mail.eml", mail.raw, "message/rfc822")})

    def reply(self, answer: httpx.Response) -> Reply:
        """By status; of 400, by its words."""
        if answer.status_code == _TOO_LARGE:
            return said(Meaning.CONTENT, "Mailgun: the mail is too large")
        told = answer.json()
        words = str(told["message"])
        if answer.is_success:
            return said(Meaning.ACCEPTED, f"Mailgun took it: {str(told['id']).strip('<>')}")
        is_of_mail = answer.status_code == httpx.codes.BAD_REQUEST and _OF_ADDRESS.match(words)
        meaning = Meaning.REFUSED if is_of_mail else Meaning.OUR_FAULT
        return said(meaning, f"Mailgun {answer.status_code}: {words}")

    def look(self) -> Asked:
        """A mail to nobody: a key that may only send is allowed no other question."""
        return self._posted({"o:testmode": "yes"}, {})

    def is_good(self, answer: httpx.Response) -> bool:
        """Whether it missed the recipient, after key and domain were found good."""
        is_missed = answer.status_code == httpx.codes.BAD_REQUEST and "is missing" in answer.text
        return is_missed or answer.is_success

    def _posted(
        self, form: Mapping[str, str], files: Mapping[str, tuple[str, bytes, str]]
    ) -> Asked:
        named = {name: (None, value) for name, value in form.items()}
        proof = b64encode(f"api:{self.key}".encode()).decode()
        return Asked(
            f"https://{self.host}/v3/{self.domain}/messages.mime",
            {"Authorization": f"Basic {proof}", "Accept": "application/json"},
            files={**named, **files},
        )

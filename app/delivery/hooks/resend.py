"""Resend's events (resend.com/docs/webhooks), signed by Svix over number, time and bytes."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Any
from urllib.parse import SplitResult, unquote

from app.delivery.hooks.told import Brought, Proven, Told, Unproven, said
from app.delivery.inbox.reading import What
from app.platform.config import BadSettings

_WINDOW, _DIGITS = 300, 12  # seconds, either way, as Svix has it
_SECRET = "whsec_"  # noqa: S105 - what a secret begins with
_SHORTEST = 24  # bytes of a secret
_LIKE = (
    "THINSLICE_MAIL_EVENTS must name Resend like resend://whsec_…@: the signing secret of the"
    " webhook there, with %2F for / and %2B for + in it."
)
_KINDS: Mapping[str, What] = {
    "email.delivered": What.DELIVERED,
    "email.complained": What.COMPLAINT,
    "email.failed": What.REFUSED,
    "email.suppressed": What.REFUSED,  # never tried
}
_GONE = {"General", "NoEmail"}  # of what is permanent; others were suppressed there, never tried


@dataclass(frozen=True, slots=True)
class ResendEvents:
    """`secret` are the bytes that sign."""

    secret: bytes

    @classmethod
    def read(cls, parts: SplitResult) -> "ResendEvents":
        """Read the setting. Raises BadSettings."""
        written = unquote(parts.username or "")
        is_bare = not parts.hostname and not parts.password and parts.path in {"", "/"}
        try:
            secret = b64decode(written.removeprefix(_SECRET), validate=True)
        except ValueError:
            raise BadSettings(_LIKE) from None
        if not written.startswith(_SECRET) or len(secret) < _SHORTEST or not is_bare or parts.query:
            raise BadSettings(_LIKE)
        return cls(secret)

    def prove(self, brought: Brought, *, now: datetime) -> Proven:
        """Raises Unproven."""
        number, at, shown = (
            brought.headers.get(f"svix-{name}", "") for name in ("id", "timestamp", "signature")
        )
        signed = f"{number}.{at}.".encode() + brought.body
        own = b64encode(digest(self.secret, signed, sha256))
        candidates = [one.removeprefix("v1,") for one in shown.split() if one.startswith("v1,")]
        if not any(compare_digest(one.encode(), own) for one in candidates):
            raise Unproven("The signature is not one of our webhook's secret.")
        if not (at.isascii() and at.isdigit() and len(at) <= _DIGITS):  # its dots moved elsewhere
            raise Unproven("Its time is not as Svix documents it.")
        if abs(int(at) - now.timestamp()) > _WINDOW:
            raise Unproven("It was signed too long ago, or in the future: set both clocks.")
        return Proven(brought.body)

    def told(self, document: Any) -> Iterable[Told]:
        """One document, one event."""
        kind, data = document["type"], document["data"]
        token = str((data.get("tags") or {}).get("send", ""))
        if kind == "email.bounced":
            bounce = data["bounce"]
            what = _what(str(bounce["type"]), str(bounce["subType"]))
            yield Told(token, said(what, str(bounce.get("message", "")), otherwise="It bounced."))
        elif kind in _KINDS:
            yield Told(token, said(_KINDS[kind], "", otherwise=f"Resend: {kind}"))


def _what(kind: str, detail: str) -> What:
    if kind == "Permanent" and detail in _GONE:
        return What.GONE
    return What.FULL if detail == "MailboxFull" else What.REFUSED

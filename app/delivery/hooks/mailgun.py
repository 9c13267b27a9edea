"""Mailgun's events (documentation.mailgun.com, webhooks), signed over time and token alone.

The signature does not cover the event: so a token is good for the event that first came with it,
which may come again (Mailgun repeats for eight hours), and for no other.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Any
from urllib.parse import SplitResult, unquote

from app.delivery.hooks.told import Brought, Proven, Told, Unproven, said
from app.delivery.inbox import reading
from app.delivery.inbox.reading import CameBack, What
from app.platform.config import BadSettings
from app.platform.foreign import NotJson, read_json

_BEFORE, _AHEAD = 9 * 3600, 300  # seconds: it repeats for eight hours; clocks differ
_SHORTEST, _DIGITS = 16, 12
_LIKE = (
    "THINSLICE_MAIL_EVENTS must name Mailgun like mailgun://KEY@: the webhook signing key of the"
    " account, which is not the key that sends."
)
_DELIVERED = said(What.DELIVERED, "", otherwise="It was delivered.")


@dataclass(frozen=True, slots=True)
class MailgunEvents:
    """`key` is the webhook signing key."""

    key: bytes

    @classmethod
    def read(cls, parts: SplitResult) -> "MailgunEvents":
        """Read the setting. Raises BadSettings."""
        key = unquote(parts.username or "")
        is_bare = not parts.hostname and not parts.password and parts.path in {"", "/"}
        is_key = key.isascii() and key.isprintable() and len(key) >= _SHORTEST
        if not (is_key and is_bare) or parts.query:
            raise BadSettings(_LIKE)
        return cls(key.encode())

    def prove(self, brought: Brought, *, now: datetime) -> Proven:
        """Raises Unproven."""
        try:
            document = read_json(brought.body)
            signature, event = document["signature"], document["event-data"]
            at, token = str(signature["timestamp"]), str(signature["token"])
        except (NotJson, TypeError, LookupError):
            raise Unproven("It carries no signature as Mailgun documents it.") from None
        own = digest(self.key, f"{at}{token}".encode("utf-8", "replace"), sha256).hex()
        # A subaccount's events are signed by its own key, and beside it by the main account's.
        shown = [str(signature.get(name, "")) for name in ("signature", "parent-signature")]
        if not any(compare_digest(one.encode("utf-8", "replace"), own.encode()) for one in shown):
            raise Unproven("The signature is not one of our webhook signing key.")
        if not (at.isascii() and at.isdigit() and len(at) <= _DIGITS and token):
            raise Unproven("Its time and token are not as Mailgun documents them.")
        if not -_AHEAD <= now.timestamp() - int(at) <= _BEFORE:
            raise Unproven("It was signed too long ago, or in the future: set both clocks.")
        number = sha256(f"{at}{token}".encode("utf-8", "replace")).hexdigest()
        return Proven(json.dumps(event, sort_keys=True).encode(), number=number)

    def told(self, document: Any) -> Iterable[Told]:
        """One document, one event; of kinds that say nothing of a mail's end, nothing."""
        kind = document["event"]
        token = str((document.get("user-variables") or {}).get("send", ""))
        if kind == "delivered":
            yield Told(token, _DELIVERED)
        elif kind == "unsubscribed":
            yield Told(token, _DELIVERED, unsubscribes=True)
        elif kind == "complained":
            yield Told(token, said(What.COMPLAINT, "", otherwise="Mailgun: complained"))
        elif kind == "rejected":
            words = str((document.get("reject") or {}).get("reason", ""))
            yield Told(token, said(What.REFUSED, words, otherwise="Mailgun rejected it."))
        elif kind == "failed" and document["severity"] == "permanent":
            yield Told(token, _failure(document))


def _failure(document: Any) -> CameBack:
    """Given up: by a server, whose words are read; or by Mailgun, for its lists or its patience."""
    reason, status = str(document["reason"]), document.get("delivery-status") or {}
    words = str(status.get("message") or status.get("description") or "")
    if reason != "bounce":
        return said(What.REFUSED, words, otherwise=f"Mailgun: {reason}")
    exact = str(status.get("enhanced-code") or "")
    return reading.of_failure(exact, f"{int(status['code'])} {words}")

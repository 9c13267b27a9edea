"""Postmark's events (postmarkapp.com/developer/webhooks): proven by the password in our address.

Its requests carry no signature: what comes again says the same of the same mail, and changes
nothing.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Any
from urllib.parse import SplitResult, unquote

from app.delivery.hooks.told import Brought, Proven, Told, Unproven, said
from app.delivery.inbox.reading import What
from app.delivery.replies import is_full
from app.platform.config import BadSettings

_SHORTEST = 16
_LIKE = (
    "THINSLICE_MAIL_EVENTS must name Postmark like postmark://user:password@, as the address of its"
    f" webhook does: a user, and a password of {_SHORTEST} characters or more."
)
# Types of bounces (developer/api/bounce-api#bounce-types). Others are not final, or of no mail of
# ours.
_BOUNCES: Mapping[str, What] = {
    "HardBounce": What.GONE,
    "BadEmailAddress": What.GONE,
    "SoftBounce": What.REFUSED,  # given up, for now or for good: it says no more
    "DnsError": What.REFUSED,
    "SpamNotification": What.REFUSED,
    "Blocked": What.REFUSED,
    "DMARCPolicy": What.REFUSED,
    "SMTPApiError": What.REFUSED,
    "VirusNotification": What.REFUSED,
    "ManuallyDeactivated": What.REFUSED,
    "SpamComplaint": What.COMPLAINT,
    "AutoResponder": What.AUTO_REPLY,
    "AddressChange": What.AUTO_REPLY,
}
_SUPPRESSED: Mapping[str, What] = {
    "HardBounce": What.GONE,
    "SpamComplaint": What.COMPLAINT,
}
_BY_RECIPIENT = "Recipient"


@dataclass(frozen=True, slots=True)
class PostmarkEvents:
    """`secret` is the whole value of the header that proves a request."""

    secret: str

    @classmethod
    def read(cls, parts: SplitResult) -> "PostmarkEvents":
        """Read the setting. Raises BadSettings."""
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        is_bare = not parts.hostname and parts.path in {"", "/"} and not parts.query
        if not (user and ":" not in user and len(password) >= _SHORTEST and is_bare):
            raise BadSettings(_LIKE)
        return cls("Basic " + b64encode(f"{user}:{password}".encode()).decode())

    def prove(self, brought: Brought, *, now: datetime) -> Proven:  # noqa: ARG002 - it has no time
        """Raises Unproven."""
        shown = brought.headers.get("authorization", "")
        if not compare_digest(shown.encode(), self.secret.encode()):
            raise Unproven("The user and password in the webhook's address are not ours.")
        return Proven(brought.body)

    def told(self, document: Any) -> Iterable[Told]:
        """One document, one event; of kinds that say nothing of a mail's end, nothing."""
        token = str((document.get("Metadata") or {}).get("send", ""))
        kind = document["RecordType"]
        if kind == "Delivery":
            yield Told(token, said(What.DELIVERED, "", otherwise="It was delivered."))
        elif kind in {"Bounce", "SpamComplaint"}:
            yield from _bounce(token, document)
        elif kind == "SubscriptionChange" and document["SuppressSending"] is True:
            yield from _suppressed(token, document)


def _bounce(token: str, document: Any) -> Iterable[Told]:
    words = str(document.get("Details") or document.get("Description") or "")
    what = _BOUNCES.get(document["Type"])
    if document["Type"] == "SoftBounce" and is_full(words):
        what = What.FULL
    if document["Type"] == "Unsubscribe":
        yield Told(token, said(What.DELIVERED, "", otherwise="It was delivered."), True)
    elif what is not None:
        yield Told(token, said(what, words, otherwise=f"Postmark: {document['Type']}"))


def _suppressed(token: str, document: Any) -> Iterable[Told]:
    """The bounce or complaint behind it has an event of its own; whichever comes counts once."""
    reason = document["SuppressionReason"]
    what = _SUPPRESSED.get(reason)
    if what is not None:
        yield Told(token, said(what, "", otherwise=f"Postmark suppressed it: {reason}"))
    elif document.get("Origin") == _BY_RECIPIENT:
        yield Told(token, said(What.DELIVERED, "", otherwise="It was delivered."), True)

"""Standard Webhooks 1.0 (standardwebhooks.com): signed, retried for three days, replayable."""

import base64
import binascii
import hashlib
import hmac
import secrets as randomness

from app.outreach.connectors.ports import (
    Connector,
    Need,
    Outcome,
    Parcel,
    Request,
    Verdict,
    as_json,
    by_status,
    retry_after,
)
from app.platform.clock import iso
from app.platform.errors import Invalid
from app.platform.outbound import Answer

PREFIX = "whsec_"
_LEAST, _MOST = 24, 64  # bytes of a secret, by the standard
_GONE = 410


class Webhook(Connector):
    """Any status but 2xx is a failure that is tried again; 410 disables."""

    __slots__ = ()

    def write(self, parcel: Parcel, looked: Answer | None) -> Request:  # noqa: ARG002 - nothing is read first
        """The event, signed with each secret that is in force."""
        body = as_json(
            {
                "type": parcel.kind,
                "timestamp": iso(parcel.happened_at),
                "data": {"subject": parcel.subject, **parcel.facts},
            }
        )
        stamp = str(int(parcel.now.timestamp()))
        in_force = [parcel.secrets, *([parcel.old_secrets] if parcel.old_secrets else [])]
        signed = [sign(one["secret"], parcel.event_id, stamp, body) for one in in_force]
        headers = {
            "content-type": "application/json",
            "webhook-id": parcel.event_id,
            "webhook-timestamp": stamp,
            "webhook-signature": " ".join(signed),
        }
        return Request("POST", parcel.settings["url"], headers, body)

    def read(self, answer: Answer, parcel: Parcel) -> Outcome:
        """A receiver that is being mended answers anything; only 410 is a farewell."""
        outcome = by_status(answer, now=parcel.now, label="The receiver")
        if answer.status == _GONE:
            sentence = "The receiver answered 410, gone: this webhook is disabled."
            return Outcome(Verdict.DISABLE, sentence, answer.status)
        if outcome.verdict is Verdict.STOP:
            wait = retry_after(answer, now=parcel.now)
            return Outcome(Verdict.RETRY, outcome.sentence, answer.status, wait)
        return outcome


def sign(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    """`v1,` and base64 of HMAC-SHA256 of id, time and body."""
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    mac = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(mac).decode()}"


def new_secret() -> str:
    """32 random bytes, written as the standard asks."""
    return PREFIX + base64.b64encode(randomness.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The bytes that sign. Raises Invalid where the standard would not know them."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not _LEAST <= len(key) <= _MOST:
        raise Invalid.at("secret", "A secret is whsec_ and base64 of 24 to 64 bytes.")
    return key


CONNECTOR = Webhook(
    kind="webhook",
    label="Webhook",
    needs=(Need("url", "Address"), Need("secret", "Secret", secret=True)),
    keeps_days=True,
)

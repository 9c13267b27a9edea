"""Amazon SES's events in their documented shapes, and SNS, which signs them by keys made here."""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import NameOID

from app.delivery.hooks import sns
from app.delivery.inbox.reading import What
from app.platform.outbound import Answer

TOPIC = "arn:aws:sns:eu-west-1:123456789012:thinslice"
HOST = "https://sns.eu-west-1.amazonaws.com"
CERTIFICATE = f"{HOST}/SimpleNotificationService-0123456789abcdef.pem"
CONFIRMATION = f"{HOST}/?" + urlencode(
    {"Action": "ConfirmSubscription", "TopicArn": TOPIC, "Token": "2336412f37"}
)
NOTHING = "nothing"
_ALGORITHMS = {"1": hashes.SHA1(), "2": hashes.SHA256()}


@cache
def key(_whose: str = "SNS") -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@cache
def pem(whose: str = "SNS", begins: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder(name, name, key(whose).public_key(), 1)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=396))
    )
    return made.sign(key(whose), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@dataclass
class AtSns:
    """What lies at SNS: in the place of the way out."""

    lies: dict[str, bytes] = field(
        default_factory=lambda: {CERTIFICATE: pem(), CONFIRMATION: b"<Confirmed/>"}
    )
    asked: list[str] = field(default_factory=list)

    def send(self, _method: str, url: str, **_: Any) -> Answer:
        self.asked.append(url)
        return Answer(200 if url in self.lies else 403, {}, self.lies.get(url, b""))


@contextmanager
def at_sns(monkeypatch: pytest.MonkeyPatch) -> Iterator[AtSns]:
    there = AtSns()
    monkeypatch.setattr(sns, "OUTBOUND", there)
    sns._certificate.cache_clear()
    yield there
    sns._certificate.cache_clear()


def message(event: str, at: datetime, **more: str) -> dict[str, str]:
    """A notification of SNS, not signed yet."""
    return {
        "Type": "Notification",
        "MessageId": sha256(event.encode("utf-8", "replace")).hexdigest()[:36],
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": event,
        "Timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.123Z"),
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
        "UnsubscribeURL": f"{HOST}/?Action=Unsubscribe",
    } | more


def confirmation(at: datetime, **more: str) -> dict[str, str]:
    """What SNS asks before it tells anything."""
    asked = message("You have chosen to subscribe to the topic.", at)
    del asked["Subject"], asked["UnsubscribeURL"]
    return asked | {
        "Type": "SubscriptionConfirmation",
        "Token": "2336412f37",
        "SubscribeURL": CONFIRMATION,
    } | more  # fmt: skip


def signed(message: dict[str, str], *, whose: str = "SNS") -> bytes:
    """Signed as SNS documents it, by its version."""
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if message["Type"] != "Notification":
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    lines = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    algorithm = _ALGORITHMS[message["SignatureVersion"]]
    signature = key(whose).sign(lines.encode("utf-8", "replace"), PKCS1v15(), algorithm)
    return json.dumps(message | {"Signature": b64encode(signature).decode()}).encode()


def as_sns(event: bytes, at: datetime) -> tuple[dict[str, str], bytes]:
    """The request that brings an event."""
    told = message(event.decode("utf-8", "replace"), at)
    return {"x-amz-sns-message-type": "Notification"}, signed(told)


def _mail(token: str, by: str) -> dict[str, Any]:
    headers = [{"name": "From", "value": "Halvern <ann@example.com>"}]
    tagged = {"name": "X-SES-MESSAGE-TAGS", "value": f"send={token}"}
    mail: dict[str, Any] = {
        "timestamp": "2026-11-22T09:20:00.012Z",
        "source": "Halvern <ann@example.com>",
        "sourceArn": "arn:aws:ses:eu-west-1:123456789012:identity/example.com",
        "sendingAccountId": "123456789012",
        "messageId": "0102018c5d3f1a2b-7e1c5a34-000000",
        "destination": ["john@bakery.example"],
        "headersTruncated": False,
        "headers": headers if by == "eventType" else [*headers, tagged],
        "commonHeaders": {"from": ["Halvern <ann@example.com>"], "subject": "40 €"},
    }
    if by == "eventType":
        mail["tags"] = {"ses:configuration-set": ["thinslice"], "send": [token]}
    return mail


def ses(token: str) -> list[tuple[dict[str, Any], What | str]]:
    """Every kind of event, and what it says; by a configuration set and by an identity."""

    def told(kind: str, by: str = "eventType", **more: Any) -> dict[str, Any]:
        return {by: kind, "mail": _mail(token, by)} | more

    def bounced(
        kind: str, detail: str, status: str = "", words: str = "", by: str = "eventType"
    ) -> dict[str, Any]:
        one = {"emailAddress": "john@bakery.example"}
        if status:
            one |= {"action": "failed", "status": status, "diagnosticCode": words}
        bounce = {
            "bounceType": kind,
            "bounceSubType": detail,
            "bouncedRecipients": [one],
            "timestamp": "2026-11-22T09:20:02.669Z",
            "feedbackId": "0102018c5d3f1a2b-61b59c11-000000",
        }
        return told("Bounce", by, bounce=bounce)

    def complained(by: str = "eventType", **more: Any) -> dict[str, Any]:
        who = [{"emailAddress": "john@bakery.example"}]
        return told("Complaint", by, complaint={"complainedRecipients": who} | more)

    quiet = ("Send", "Open", "Click", "DeliveryDelay", "Rendering Failure", "Subscription",
             "OfTomorrow")  # fmt: skip
    unknown = "smtp; 550 5.1.1 user unknown"
    return [
        (bounced("Permanent", "General", "5.1.1", unknown), What.GONE),
        (bounced("Permanent", "General", "5.1.1", unknown, "notificationType"), What.GONE),
        (bounced("Permanent", "General"), What.GONE),
        (bounced("Permanent", "NoEmail"), What.GONE),
        (bounced("Permanent", "General", "5.7.1", "smtp; 550 5.7.1 spam"), What.REFUSED),
        (bounced("Permanent", "General", "5.2.2", "smtp; 552 5.2.2 full"), What.FULL),
        (bounced("Permanent", "Suppressed"), What.REFUSED),
        (bounced("Permanent", "OnAccountSuppressionList"), What.REFUSED),
        (bounced("Transient", "General"), What.REFUSED),
        (bounced("Transient", "MailboxFull"), What.FULL),
        (bounced("Transient", "MessageTooLarge"), What.REFUSED),
        (bounced("Transient", "ContentRejected"), What.REFUSED),
        (bounced("Undetermined", "Undetermined"), What.REFUSED),
        (complained(complaintFeedbackType="abuse"), What.COMPLAINT),
        (complained("notificationType"), What.COMPLAINT),
        (complained(complaintSubType="OnAccountSuppressionList"), What.REFUSED),
        (complained(complaintFeedbackType="not-spam"), NOTHING),
        (told("Reject", reject={"reason": "Bad content"}), What.REFUSED),
        (told("Delivery", delivery={"smtpResponse": "250 ok"}), What.DELIVERED),
        (told("Delivery", "notificationType", delivery={}), What.DELIVERED),
        *((told(one), NOTHING) for one in quiet),
    ]

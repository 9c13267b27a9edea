"""Providers' events in their documented shapes, and what each says: one table for all tests."""

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from hmac import digest, new
from typing import Any
from urllib.parse import quote

from standardwebhooks import Webhook

from app.delivery.inbox.reading import What
from tests.delivery.hooks.of_ses import NOTHING, TOPIC, as_sns, ses

PASSWORD = "a-password-of-our-own"
UNSUBSCRIBES = "unsubscribes"


def proven(password: str = PASSWORD) -> dict[str, str]:
    """The header that Postmark makes of the user and password in a webhook's address."""
    return {"authorization": "Basic " + b64encode(f"us:{password}".encode()).decode()}


def _of(token: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "RecordType": kind,
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "ServerID": 23,
        "MessageStream": "broadcast",
        "Tag": "",
        "Metadata": {"send": token},
    } | more


def bounce(token: str, type_: str, details: str = "smtp;550 5.1.1 no such user") -> dict[str, Any]:
    """A bounce, as Postmark tells it."""
    return _of(
        token,
        "Bounce",
        ID=42,
        Type=type_,
        TypeCode=1,
        Name=type_,
        Description="The server was unable to deliver your message.",
        Details=details,
        Email="john@bakery.example",
        From="ann@example.com",
        BouncedAt="2026-11-22T09:20:00.1234567Z",
        DumpAvailable=True,
        Inactive=True,
        CanActivate=True,
        Subject="40 €",
    )


def _change(token: str, reason: str | None, **more: Any) -> dict[str, Any]:
    return (
        _of(
            token,
            "SubscriptionChange",
            ChangedAt="2026-11-22T09:20:00Z",
            Recipient="john@bakery.example",
            Origin="Recipient",
            SuppressSending=True,
            SuppressionReason=reason,
        )
        | more
    )


def postmark(token: str) -> list[tuple[dict[str, Any], What | str]]:
    """Every kind of event, and what it says."""
    gone, refused = ("HardBounce", "BadEmailAddress"), (
        "SoftBounce", "DnsError", "SpamNotification", "Blocked", "DMARCPolicy", "SMTPApiError",
        "VirusNotification", "ManuallyDeactivated",
    )  # fmt: skip
    quiet = ("Transient", "Subscribe", "OpenRelayTest", "Unknown", "ChallengeVerification",
             "Unconfirmed", "InboundError", "TemplateRenderingFailed", "OfTomorrow")  # fmt: skip
    return [
        *((bounce(token, one), What.GONE) for one in gone),
        *((bounce(token, one), What.REFUSED) for one in refused),
        (bounce(token, "SoftBounce", "smtp;552 5.2.2 mailbox over quota"), What.FULL),
        *((bounce(token, one), What.AUTO_REPLY) for one in ("AutoResponder", "AddressChange")),
        *((bounce(token, one), NOTHING) for one in quiet),
        (bounce(token, "SpamComplaint", ""), What.COMPLAINT),
        (bounce(token, "Unsubscribe"), UNSUBSCRIBES),
        (bounce(token, "SpamComplaint", "") | {"RecordType": "SpamComplaint"}, What.COMPLAINT),
        (_of(token, "Delivery", DeliveredAt="2026-11-22T09:20:00Z", Details="250 ok",
             Recipient="john@bakery.example"), What.DELIVERED),
        (_change(token, "ManualSuppression"), UNSUBSCRIBES),
        (_change(token, "ManualSuppression", Origin="Customer"), NOTHING),
        (_change(token, "HardBounce"), What.GONE),
        (_change(token, "SpamComplaint"), What.COMPLAINT),
        (_change(token, None, SuppressSending=False), NOTHING),
        (_of(token, "Open", FirstOpen=True), NOTHING),
        (_of(token, "Click", OriginalLink="https://shop.example"), NOTHING),
    ]  # fmt: skip


_KEY = b"thirty-two bytes of our own, ok?"
SIGNING = "whsec_" + b64encode(_KEY).decode()
SIGNING_KEY = "a-webhook-signing-key-of-ours"
SETTINGS = {
    "mailgun": f"mailgun://{SIGNING_KEY}@",
    "postmark": f"postmark://us:{PASSWORD}@",
    "resend": f"resend://{quote(SIGNING, safe='')}@",
    "ses": f"ses:{TOPIC}",
}


def svix(body: bytes, at: datetime, *, secret: str = SIGNING) -> dict[str, str]:
    """The headers of a request of Resend, by the reference library of what Svix signs."""
    timestamp = str(int(at.timestamp()))
    try:
        signature = Webhook(secret).sign("msg_1", at, body.decode())
    except UnicodeDecodeError:  # bytes that are no text: no library signs them
        signed = digest(_KEY, f"msg_1.{timestamp}.".encode() + body, sha256)
        signature = "v1," + b64encode(signed).decode()
    return {
        "svix-id": "msg_1",
        "svix-timestamp": timestamp,
        "svix-signature": f"v1,bm90IG91cnM= {signature}",
    }


def proof(name: str, event: bytes, at: datetime) -> tuple[dict[str, str], bytes]:
    """What a provider sends of an event: the headers that prove it, and the body."""
    return _PROOFS[name](event, at)


def signed_by_mailgun(
    event: bytes, at: datetime, *, key: str = SIGNING_KEY, token: str = ""
) -> dict[str, Any]:
    """The signature beside an event: of its time and token alone, as Mailgun documents it."""
    token = token or sha256(event).hexdigest()[:50]
    timestamp = str(int(at.timestamp()))
    signed = new(key.encode(), f"{timestamp}{token}".encode(), sha256)
    return {"timestamp": timestamp, "token": token, "signature": signed.hexdigest()}


def _as_mailgun(event: bytes, at: datetime) -> tuple[dict[str, str], bytes]:
    signature = json.dumps(signed_by_mailgun(event, at)).encode()
    return {}, b'{"signature": ' + signature + b', "event-data": ' + event + b"}"


def _mailgun(token: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "event": kind,
        "id": "CPgfbmQMTCKtHW6uIWtuVe",
        "timestamp": 1795339212.34,
        "log-level": "info",
        "account": {"id": "1234567890303a4bd1f33898"},
        "domain": {"name": "mg.example.com"},
        "envelope": {
            "sender": "bounce+1.ab@mg.example.com",
            "targets": "john@bakery.example",
            "transport": "smtp",
        },
        "flags": {"is-authenticated": True, "is-test-mode": False},
        "message": {
            "headers": {
                "from": "Halvern <ann@example.com>",
                "message-id": "one@insights.example.com",
                "subject": "40 €",
                "to": "john@bakery.example",
            },
            "size": 341,
        },
        "recipient": "john@bakery.example",
        "recipient-domain": "bakery.example",
        "tags": [],
        "user-variables": {"send": token},
    } | {name.replace("_", "-"): value for name, value in more.items()}


def mailgun(token: str) -> list[tuple[dict[str, Any], What | str]]:
    """Every kind of event, and what it says."""

    def failed(severity: str, reason: str, code: int, message: str, **more: Any) -> dict[str, Any]:
        status = {"attempt-no": 1, "code": code, "message": message, "description": ""} | more
        return _mailgun(token, "failed", severity=severity, reason=reason, delivery_status=status)

    def gave_up(reason: str, code: int, message: str, **more: Any) -> dict[str, Any]:
        return failed("permanent", reason, code, message, **more)

    exact = {"enhanced-code": "5.1.1", "bounce-type": "hard"}
    quiet = ("accepted", "opened", "clicked", "stored", "of_tomorrow")
    return [
        (gave_up("bounce", 550, "5.1.1 The account that you tried does not exist"), What.GONE),
        (gave_up("bounce", 550, "No such user here", **exact), What.GONE),
        (gave_up("bounce", 552, "5.2.2 The mailbox is over quota"), What.FULL),
        (gave_up("bounce", 550, "5.7.1 Message rejected as spam"), What.REFUSED),
        (gave_up("bounce", 498, "No MX for bakery.example"), What.REFUSED),
        (gave_up("generic", 550, "No such user"), What.REFUSED),
        (gave_up("old", 602, ""), What.REFUSED),
        (gave_up("suppress-bounce", 605, "Not delivering to previously bounced"), What.REFUSED),
        (gave_up("suppress-unsubscribe", 606, "Not delivering to unsubscribed"), What.REFUSED),
        (gave_up("suppress-complaint", 607, "Not delivering to a complainer"), What.REFUSED),
        (failed("temporary", "generic", 451, "4.7.1 Greylisted"), NOTHING),
        (failed("temporary", "greylisted", 421, "Later"), NOTHING),
        (_mailgun(token, "delivered", delivery_status={"code": 250, "message": "OK"}),
         What.DELIVERED),
        (_mailgun(token, "complained"), What.COMPLAINT),
        (_mailgun(token, "unsubscribed", ip="192.0.2.1"), UNSUBSCRIBES),
        (_mailgun(token, "rejected", reject={"reason": "Sandbox", "description": ""}),
         What.REFUSED),
        *((_mailgun(token, one), NOTHING) for one in quiet),
    ]  # fmt: skip


_PROOFS: dict[str, Callable[[bytes, datetime], tuple[dict[str, str], bytes]]] = {
    "mailgun": _as_mailgun,
    "postmark": lambda event, _at: (proven(), event),
    "resend": lambda event, at: (svix(event, at), event),
    "ses": as_sns,
}


def _resend(token: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "created_at": "2026-11-22T09:20:12.126Z",
        "data": {
            "created_at": "2026-11-22T09:20:11.894719+00:00",
            "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
            "from": "Halvern <ann@example.com>",
            "to": ["john@bakery.example"],
            "subject": "40 €",
            "tags": {"send": token},
        }
        | more,
    }


def resend(token: str) -> list[tuple[dict[str, Any], What | str]]:
    """Every kind of event, and what it says."""

    def bounced(kind: str, detail: str) -> dict[str, Any]:
        told = {"message": "Said in words", "type": kind, "subType": detail}
        return _resend(token, "email.bounced", bounce=told)

    quiet = ("email.sent", "email.delivery_delayed", "email.opened", "email.clicked",
             "email.received", "email.scheduled", "email.of_tomorrow")  # fmt: skip
    return [
        (bounced("Permanent", "General"), What.GONE),
        (bounced("Permanent", "NoEmail"), What.GONE),
        (bounced("Permanent", "Suppressed"), What.REFUSED),
        (bounced("Permanent", "OnAccountSuppressionList"), What.REFUSED),
        (bounced("Transient", "General"), What.REFUSED),
        (bounced("Transient", "MailboxFull"), What.FULL),
        (bounced("Transient", "MessageTooLarge"), What.REFUSED),
        (bounced("Undetermined", "Undetermined"), What.REFUSED),
        (_resend(token, "email.failed", failed={"reason": "reached_daily_quota"}), What.REFUSED),
        (_resend(token, "email.suppressed"), What.REFUSED),
        (_resend(token, "email.delivered"), What.DELIVERED),
        (_resend(token, "email.complained"), What.COMPLAINT),
        *((_resend(token, one), NOTHING) for one in quiet),
    ]


EVENTS: dict[str, Callable[[str], list[tuple[dict[str, Any], What | str]]]] = {
    "mailgun": mailgun,
    "postmark": postmark,
    "resend": resend,
    "ses": ses,
}

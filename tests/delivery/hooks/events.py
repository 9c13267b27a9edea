"""Providers' events in their documented shapes, and what each says: one table for all tests."""

from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from standardwebhooks import Webhook

from app.delivery.inbox.reading import What

PASSWORD = "a-password-of-our-own"
UNSUBSCRIBES = "unsubscribes"
NOTHING = "nothing"


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
SETTINGS = {
    "postmark": f"postmark://us:{PASSWORD}@",
    "resend": f"resend://{quote(SIGNING, safe='')}@",
}


def svix(body: bytes, at: datetime, *, secret: str = SIGNING) -> dict[str, str]:
    """The headers of a request of Resend, by the reference library of what Svix signs."""
    signature = Webhook(secret).sign("msg_1", at, body.decode("utf-8", "surrogateescape"))
    return {
        "svix-id": "msg_1",
        "svix-timestamp": str(int(at.timestamp())),
        "svix-signature": f"v1,bm90IG91cnM= {signature}",
    }


def proof(name: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers by which a provider proves this."""
    return proven() if name == "postmark" else svix(body, at)


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
    "postmark": postmark,
    "resend": resend,
}

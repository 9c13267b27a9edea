"""Providers' events in their documented shapes, and what each says: one table for all tests."""

from base64 import b64encode
from typing import Any

from app.delivery.inbox.reading import What

PASSWORD = "a-password-of-our-own"
SETTING = f"postmark://us:{PASSWORD}@"
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

"""Every provider's documented answers, and what each means to us: one table for all tests."""

import json
from dataclasses import dataclass
from typing import Any

import httpx
import respx

from app.delivery.replies import Meaning


@dataclass(frozen=True)
class Headed:
    """A body, and the headers that say what it is."""

    json: Any
    headers: dict[str, str]


SECRET = "s3cret-of-the-provider"


@dataclass(frozen=True)
class Documented:
    """One provider: its setting, where its mails are posted, and its own answers."""

    mail: str
    url: str
    taken: tuple[int, Any]
    own: tuple[tuple[int, Any, Meaning], ...]
    look: str
    look_method: str = "GET"
    good: tuple[int, Any] = (200, {})  # what it answers to `look` where the key is good


def _postmark(code: int, message: str = "Said in words") -> dict[str, Any]:
    return {"ErrorCode": code, "Message": message}


def _resend(status: int, name: str) -> dict[str, Any]:
    return {"statusCode": status, "name": name, "message": "Said in words"}


PROVIDERS: dict[str, Documented] = {
    "postmark": Documented(
        mail=f"postmark://{SECRET}@/?stream=broadcast",
        url="https://api.postmarkapp.com/email",
        look="https://api.postmarkapp.com/server",
        taken=(
            200,
            {
                "To": "ann@example.org",
                "SubmittedAt": "2026-11-22T09:00:00.1234567-05:00",
                "MessageID": "b7bc2f4a-e38e-4336-af7d-e6c392c2f817",
                "ErrorCode": 0,
                "Message": "OK",
            },
        ),
        own=(
            (401, _postmark(10), Meaning.OUR_FAULT),
            (422, _postmark(100), Meaning.LATER_ALL),
            (422, _postmark(300), Meaning.REFUSED),
            (422, _postmark(400), Meaning.OUR_FAULT),
            (422, _postmark(401), Meaning.OUR_FAULT),
            (422, _postmark(405), Meaning.OUR_FAULT),
            (422, _postmark(406), Meaning.REFUSED),
            (422, _postmark(411), Meaning.CONTENT),
            (422, _postmark(412), Meaning.OUR_FAULT),
            (422, _postmark(413), Meaning.OUR_FAULT),
            (422, _postmark(429), Meaning.LIMIT),
            (422, _postmark(1235), Meaning.OUR_FAULT),
            (413, _postmark(0), Meaning.CONTENT),
            (404, "<html>", Meaning.OUR_FAULT),
            (200, "<html>a proxy</html>", Meaning.UNCERTAIN),
        ),
    ),
}
PROVIDERS["resend"] = Documented(
    mail=f"resend://{SECRET}@/",
    url="https://api.resend.com/emails",
    look="https://api.resend.com/domains",
    taken=(200, {"id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}),
    own=(
        (400, _resend(400, "validation_error"), Meaning.OUR_FAULT),
        (400, _resend(400, "invalid_idempotency_key"), Meaning.OUR_FAULT),
        (401, _resend(401, "missing_api_key"), Meaning.OUR_FAULT),
        (403, _resend(403, "invalid_api_key"), Meaning.OUR_FAULT),
        (403, _resend(403, "validation_error"), Meaning.OUR_FAULT),
        (404, _resend(404, "not_found"), Meaning.OUR_FAULT),
        (409, _resend(409, "invalid_idempotent_request"), Meaning.UNCERTAIN),
        (409, _resend(409, "concurrent_idempotent_requests"), Meaning.UNCERTAIN),
        (413, _resend(413, "too_large"), Meaning.CONTENT),
        (422, _resend(422, "missing_required_field"), Meaning.REFUSED),
        (422, _resend(422, "validation_error"), Meaning.REFUSED),
        (422, _resend(422, "invalid_from_address"), Meaning.OUR_FAULT),
        (451, _resend(451, "security_error"), Meaning.CONTENT),
        (403, "<html>", Meaning.OUR_FAULT),
        (200, "<html>a proxy</html>", Meaning.UNCERTAIN),
    ),
)
_MAILGUN = "https://api.eu.mailgun.net/v3/mg.example.com/messages.mime"
_NOWHERE = {"message": "'to' parameter is not a valid address. please check documentation"}


def _mailgun(message: str) -> dict[str, Any]:
    return {"message": message}


PROVIDERS["mailgun"] = Documented(
    mail=f"mailgun://{SECRET}@mg.example.com/?region=eu",
    url=_MAILGUN,
    look=_MAILGUN,
    look_method="POST",
    good=(400, _mailgun("to parameter is missing")),
    taken=(
        200,
        {"id": "<20261122090000.1.AB@mg.example.com>", "message": "Queued. Thank you."},
    ),
    own=(
        (400, _NOWHERE, Meaning.REFUSED),
        (400, _mailgun("to parameter is not a valid address. please check"), Meaning.REFUSED),
        (400, _mailgun("from parameter is missing"), Meaning.OUR_FAULT),
        (400, _mailgun("to parameter is missing"), Meaning.OUR_FAULT),
        (400, _mailgun("'from' parameter is not a valid address"), Meaning.OUR_FAULT),
        (400, _mailgun("'message' parameter is not a file"), Meaning.OUR_FAULT),
        (400, "Bad Request", Meaning.OUR_FAULT),
        (401, "Forbidden", Meaning.OUR_FAULT),
        (401, _mailgun("Invalid private key"), Meaning.OUR_FAULT),
        (402, _mailgun("Request failed"), Meaning.OUR_FAULT),
        (
            403,
            _mailgun("Domain mg.example.com is not allowed to send: The domain is unverified"),
            Meaning.OUR_FAULT,
        ),
        (403, "<html>", Meaning.OUR_FAULT),
        (404, _mailgun("Domain not found: mg.example.com"), Meaning.OUR_FAULT),
        (404, "", Meaning.OUR_FAULT),
        (413, "<html>Request Entity Too Large</html>", Meaning.CONTENT),
        (200, "<html>a proxy</html>", Meaning.UNCERTAIN),
        (200, {"message": "Mailgun Magnificent API"}, Meaning.UNCERTAIN),
    ),
)


def _ses(error: str, message: str) -> Headed:
    return Headed({"message": message}, {"x-amzn-ErrorType": f"{error}:http://errors.example/ses/"})


_NOT_VERIFIED = "Email address is not verified. The following identities failed the check"
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. The Canonical"
    f" String for this request should have been 'POST x-amz-security-token:{SECRET}'"
)
PROVIDERS["ses"] = Documented(
    mail=f"ses://AKIDEXAMPLE:{SECRET}@eu-west-1/?configuration=thinslice",
    url="https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails",
    look="https://email.eu-west-1.amazonaws.com/v2/email/account",
    taken=(200, {"MessageId": "0102018c5d3f1a2b-7e1c5a34-000000"}),
    own=(
        (400, _ses("MessageRejected", "The content is invalid"), Meaning.CONTENT),
        (400, _ses("MessageRejected", _NOT_VERIFIED), Meaning.OUR_FAULT),
        (400, _ses("MessageRejected", "Illegal address"), Meaning.REFUSED),
        (400, _ses("MailFromDomainNotVerifiedException", "The domain"), Meaning.OUR_FAULT),
        (400, _ses("BadRequestException", "Missing final '@domain'"), Meaning.REFUSED),
        (400, _ses("BadRequestException", "Domain contains illegal character"), Meaning.REFUSED),
        (400, _ses("BadRequestException", "ConfigurationSet is invalid"), Meaning.OUR_FAULT),
        (400, _ses("AccountSuspendedException", "Restricted"), Meaning.OUR_FAULT),
        (400, _ses("SendingPausedException", "Sending is paused"), Meaning.OUR_FAULT),
        (400, _ses("LimitExceededException", "Daily message quota exceeded"), Meaning.LIMIT),
        (400, _ses("ThrottlingException", "Maximum sending rate exceeded"), Meaning.LIMIT),
        (400, {"__type": "com.amazon.ses#MessageRejected", "message": "No"}, Meaning.CONTENT),
        (429, _ses("TooManyRequestsException", "Too many requests"), Meaning.LIMIT),
        (404, _ses("NotFoundException", "No configuration set"), Meaning.OUR_FAULT),
        (403, _ses("AccessDeniedException", "Not authorized to perform"), Meaning.OUR_FAULT),
        (403, _ses("InvalidSignatureException", _MISMATCH), Meaning.OUR_FAULT),
        (403, _ses("UnrecognizedClientException", "The token is invalid"), Meaning.OUR_FAULT),
        (403, _ses("ExpiredTokenException", "The token is expired"), Meaning.OUR_FAULT),
        (403, "<html>", Meaning.OUR_FAULT),
        (413, "<html>", Meaning.CONTENT),
        (200, "<html>a proxy</html>", Meaning.UNCERTAIN),
        (200, {}, Meaning.UNCERTAIN),
    ),
)
# What every provider may answer, and what it is for each of them.
OF_ALL: tuple[tuple[int, Any, Meaning], ...] = (
    (429, {}, Meaning.LIMIT),
    (503, {}, Meaning.LATER_ALL),
    (500, {}, Meaning.UNCERTAIN),
    (502, "<html>", Meaning.UNCERTAIN),
    (504, "", Meaning.UNCERTAIN),
)


def mails_of(content: bytes) -> list[bytes]:
    """Each mail of a request, which may hold many."""
    if not content.startswith(b"["):
        return [content]
    return [json.dumps(mail).encode() for mail in json.loads(content)]


def all_taken(name: str, mails: int) -> httpx.Response:
    """What a provider answers where it takes every mail of a request."""
    status, answer = PROVIDERS[name].taken
    together = {"postmark": [answer] * mails, "resend": {"data": [answer] * mails}}
    return httpx.Response(status, json=together.get(name, answer))


def everywhere(name: str) -> respx.Route:
    """Wherever a provider takes mails, one or many."""
    return respx.post(url__startswith=PROVIDERS[name].url.removesuffix("/email"))

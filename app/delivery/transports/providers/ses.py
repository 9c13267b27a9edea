"""Amazon SES, version 2: our own bytes, as raw content (docs.aws.amazon.com, API_SendEmail).

It has no idempotency key: what was lost on its way back stays uncertain until its event tells.
"""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote

import httpx

from app.delivery.mail.mime import Mail
from app.delivery.replies import Meaning, Reply
from app.delivery.transports.providers.asking import Asked, said, token_of
from app.delivery.transports.providers.sigv4 import AwsKey, signed
from app.platform import clock
from app.platform.config import BadSettings

TAGS = "X-SES-MESSAGE-TAGS"  # taken out there before the mail leaves; comes back with events
_SERVICE = "ses"
_REGION = re.compile(r"[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}")
_SET = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LIKE = (
    "THINSLICE_MAIL must be like ses://KEYID:SECRET@eu-west-1/?configuration=SET: an access key,"
    " its secret with %2F for / and %2B for +, the region, and the configuration set that publishes"
    " events; &session=TOKEN with temporary keys."
)
# By the name of the error (API_SendEmail, CommonErrors). What is not named here is about us.
_ERRORS: Mapping[str, Meaning] = {
    "LimitExceededException": Meaning.LIMIT,
    "MessageRejected": Meaning.CONTENT,
    "RequestTimeout": Meaning.LATER_ALL,
    "ThrottlingException": Meaning.LIMIT,
    "TooManyRequestsException": Meaning.LIMIT,
}
# What it says where the address of this one person is what it cannot take.
_OF_ADDRESS = re.compile(
    r"illegal (email )?address|local address contains|missing (final|'@')"
    r"|user name is missing|domain (name )?(contains|starts|ends)"
    r"|invalid (domain name|email address)",
    re.IGNORECASE,
)
_NOT_VERIFIED = re.compile(r"not (been )?verified|not authorized", re.IGNORECASE)
_TOLD_SIGNED = re.compile(r"the canonical string", re.IGNORECASE)  # what was signed follows
_TOO_LARGE = 413


@dataclass(frozen=True)
class Ses:
    """One account in one region, by one of its keys."""

    key: AwsKey
    region: str
    configuration: str
    now: Callable[[], datetime] = clock.now
    name: str = "Amazon SES"
    lanes: int = 8
    repeats: bool = False
    together: None = None

    @classmethod
    def read(cls, parts: SplitResult) -> "Ses":
        """Read the setting. Raises BadSettings."""
        asked = parse_qs(parts.query.replace("+", "%2B"), keep_blank_values=True)
        configuration = asked.pop("configuration", [""])[0]
        key = AwsKey(
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            asked.pop("session", [""])[0],
        )
        region = parts.hostname or ""
        is_bare = parts.port is None and parts.path in {"", "/"}
        is_key = bool(key.id and key.secret) and all(
            one.isascii() and one.isprintable() and " " not in one
            for one in (key.id, key.secret, key.session)
        )
        if not (is_key and is_bare and _REGION.fullmatch(region)) or asked:
            raise BadSettings(_LIKE)
        if configuration and not _SET.fullmatch(configuration):
            raise BadSettings(_LIKE)
        return cls(key, region, configuration)

    def asked(self, mail: Mail) -> Asked:
        """The mail as it stands, behind the line that names its send to whoever tells of it."""
        raw, token = mail.raw, token_of(mail)
        body: dict[str, Any] = {"Destination": {"ToAddresses": [mail.recipient]}}
        if token:
            raw = f"{TAGS}: send={token}\r\n".encode() + raw
            body["EmailTags"] = [{"Name": "send", "Value": token}]
        if self.configuration:
            body["ConfigurationSetName"] = self.configuration
        body["Content"] = {"Raw": {"Data": b64encode(raw).decode()}}
        return self._signed("POST", "/v2/email/outbound-emails", json.dumps(body).encode())

    def reply(self, answer: httpx.Response) -> Reply:
        """By the name of its error."""
        if answer.status_code == _TOO_LARGE:
            return said(Meaning.CONTENT, "Amazon SES: the mail is too large")
        told = answer.json()
        if answer.is_success:
            return said(Meaning.ACCEPTED, f"Amazon SES took it: {told['MessageId']}")
        error = _error_of(answer, told)
        words = str(told.get("message") or told.get("Message") or "")
        shown = _TOLD_SIGNED.split(words)[0]  # a temporary key's token stands in what follows
        return said(_meaning(error, words), f"Amazon SES {error or answer.status_code}: {shown}")

    def look(self) -> Asked:
        """The account; a key that may only send is told so by a name of error of its own."""
        return self._signed("GET", "/v2/email/account", b"")

    def is_good(self, answer: httpx.Response) -> bool:
        """Whether what it answered to `look` shows that the key is good."""
        return answer.is_success or "AccessDenied" in _error_of(answer, {})

    def _signed(self, method: str, path: str, content: bytes) -> Asked:
        url = f"https://email.{self.region}.amazonaws.com{path}"
        headers = {"Content-Type": "application/json"} if content else {}
        headers = signed(
            method,
            url,
            headers,
            content,
            key=self.key,
            region=self.region,
            service=_SERVICE,
            now=self.now(),
        )
        return Asked(url, headers, content=content or None, method=method)


def _error_of(answer: httpx.Response, told: Any) -> str:
    """`MessageRejected` of `MessageRejected:http://…` or `…#MessageRejected`."""
    named = answer.headers.get("x-amzn-errortype") or str(told.get("__type") or "")
    return str(named).partition(":")[0].rpartition("#")[2]


def _meaning(error: str, words: str) -> Meaning:
    if _NOT_VERIFIED.search(words):
        return Meaning.OUR_FAULT
    if error in {"BadRequestException", "MessageRejected"} and _OF_ADDRESS.search(words):
        return Meaning.REFUSED
    return _ERRORS.get(error, Meaning.OUR_FAULT)

"""What proves a message of Amazon SNS: a signature by a certificate that lies at SNS itself.

docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html: version 1 is SHA-1 with RSA,
version 2 SHA-256 with RSA, over the same lines. Nothing but our topic is looked at, and nothing is
asked of any host but SNS in the topic's region, through our own way out.
"""

import logging
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from app.delivery.hooks.told import Proven, Unproven
from app.platform.outbound import Outbound, Unreachable

OUTBOUND = Outbound()
log = logging.getLogger(__name__)

_BEFORE, _AHEAD = timedelta(hours=2), timedelta(minutes=5)  # it repeats for an hour at most
_SECONDS, _BYTES, _KEPT = 5.0, 50_000, 8  # of an answer; certificates that are kept
_AT_ONCE = 4  # certificates that do not come may not take all the threads that pages are made in
_turns = BoundedSemaphore(_AT_ONCE)
_TOPIC = re.compile(
    r"arn:(aws|aws-us-gov):sns:(?P<region>[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2})"
    r":[0-9]{12}:[A-Za-z0-9_-]{1,256}"
)
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem")
_OK = 200
_COVERED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_COVERED_OF_OTHERS = (
    "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
)  # fmt: skip
_TYPES: Mapping[str, tuple[str, ...]] = {
    "Notification": _COVERED,
    "SubscriptionConfirmation": _COVERED_OF_OTHERS,
    "UnsubscribeConfirmation": _COVERED_OF_OTHERS,
}
_OF_MANY_LINES = {"Message", "Subject"}  # what whoever publishes writes
_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "1": hashes.SHA1(),  # noqa: S303 - what a topic signs with until its operator sets 2
    "2": hashes.SHA256(),
}
_FORGED = "The signature is not one of Amazon SNS."


@dataclass(frozen=True, slots=True)
class Topic:
    """The one topic whose messages are taken."""

    arn: str
    region: str

    @classmethod
    def read(cls, arn: str) -> "Topic | None":
        """None where this names no topic."""
        found = _TOPIC.fullmatch(arn)
        return cls(arn, found["region"]) if found else None

    @property
    def host(self) -> str:
        """Where SNS is asked, and nowhere else."""
        return f"sns.{self.region}.amazonaws.com"


def proven(message: Any, topic: Topic, *, now: datetime) -> Proven:
    """What a message says. Raises Unproven, and Unreachable where SNS cannot be asked.

    Raises LookupError, TypeError, ValueError or AttributeError for what is no message.
    """
    if message["TopicArn"] != topic.arn:
        raise Unproven("It is of another topic than THINSLICE_MAIL_EVENTS names.")
    at = datetime.fromisoformat(message["Timestamp"])
    _check_signature(message, topic, now=now)
    if not -_AHEAD <= now - at <= _BEFORE:
        raise Unproven("It was signed too long ago, or in the future: set both clocks.")
    number = str(message["MessageId"])
    if message["Type"] == "Notification":
        return Proven(str(message["Message"]).encode("utf-8", "replace"), number=number)
    if message["Type"] == "SubscriptionConfirmation":
        return Proven(None, number, asks=_confirmation(str(message["SubscribeURL"]), topic))
    log.warning("Amazon SNS ended the subscription of %s: nothing is told any more.", topic.arn)
    return Proven(None, number)


def confirm(url: str) -> None:
    """Say that we want what the topic tells. Raises Unreachable."""
    answer = OUTBOUND.send("GET", url, timeout_seconds=_SECONDS, max_bytes=_BYTES)
    if answer.status != _OK:
        raise Unreachable(f"Amazon SNS answered HTTP {answer.status} to our confirmation.")


def _check_signature(message: Any, topic: Topic, *, now: datetime) -> None:
    lines = _lines(message)
    algorithm = _HASHES.get(str(message["SignatureVersion"]))
    signature = b64decode(message["Signature"], validate=True)
    if algorithm is None:
        raise Unproven("Its SignatureVersion is neither 1 nor 2.")
    key = _key(_certificate(_address(message["SigningCertURL"], topic)), now=now)
    try:
        key.verify(signature, lines.encode("utf-8", "replace"), PKCS1v15(), algorithm)
    except InvalidSignature:
        raise Unproven(_FORGED) from None


def _lines(message: Any) -> str:
    """What is signed. Names and values stand in lines alike, and so could be read in two ways.

    Whoever has a topic of their own can have lines of ours signed within a message of theirs: only
    what SNS itself writes in one line, of a type that it has, tells that they are none.
    """
    named = [name for name in _TYPES.get(message["Type"], ()) if name in message]
    values = {name: str(message[name]) for name in named}
    if not values or any("\n" in values[name] for name in values.keys() - _OF_MANY_LINES):
        raise Unproven("It is of no type that Amazon SNS has, or says too much in one line.")
    return "".join(f"{name}\n{value}\n" for name, value in values.items())


def _address(url: str, topic: Topic) -> str:
    path = url.removeprefix(f"https://{topic.host}")
    if path == url or not _CERTIFICATE.fullmatch(path):
        raise Unproven("Its certificate does not lie at Amazon SNS in the topic's region.")
    return url


def _key(pem: bytes, *, now: datetime) -> RSAPublicKey:
    certificate = x509.load_pem_x509_certificate(pem)
    key = certificate.public_key()
    is_valid = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    if not (is_valid and isinstance(key, RSAPublicKey)):
        raise Unproven("Its certificate is not valid now.")
    return key


@lru_cache(maxsize=_KEPT)
def _certificate(url: str) -> bytes:
    if not _turns.acquire(blocking=False):
        raise Unreachable("Certificates of others are being fetched. Send it again.")
    try:
        answer = OUTBOUND.send("GET", url, timeout_seconds=_SECONDS, max_bytes=_BYTES)
    finally:
        _turns.release()
    if answer.status != _OK:
        raise Unproven("There is no such certificate at Amazon SNS.")
    return answer.body


def _confirmation(url: str, topic: Topic) -> str:
    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    is_there = (parts.scheme, parts.netloc, parts.path) == ("https", topic.host, "/")
    is_ours = asked.get("TopicArn") == [topic.arn]
    if not (is_there and is_ours and asked.get("Action") == ["ConfirmSubscription"]):
        raise Unproven("Its SubscribeURL does not confirm our topic at Amazon SNS.")
    return url

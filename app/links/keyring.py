"""The secrets that sign links: the first signs, all of them verify, each purpose has its own."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Kind(StrEnum):
    """What a token is for; the letter stands in its address, and its key differs."""

    CLICK = "c"
    OPEN = "o"
    UNSUBSCRIBE = "u"
    PREFERENCES = "p"
    SURVEY = "s"
    ANSWER = "a"
    WEEK = "w"


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by their one-byte id, ready to sign for each purpose."""

    signing_id: int
    macs: dict[tuple[int, Kind], Any]  # HMAC states to copy: half the price of a new one
    prints: tuple[str, ...]
    markers: tuple[Any, ...] = ()  # HMAC states of what stands for whoever was erased

    @classmethod
    def of(cls, secrets: Sequence[bytes]) -> "Keyring":
        """Build the ring; the first secret signs, every one of them is accepted.

        Raises:
            ValueError: no secret, or two whose ids collide (make one of them anew).
        """
        if not secrets:
            raise ValueError("a keyring needs at least one secret")
        ids = [_key_id(secret) for secret in secrets]
        if len(set(ids)) < len(ids):
            raise ValueError("two secrets have the same key id; make one of them anew")
        macs = {
            (key_id, kind): hmac.new(_derived(secret, kind), digestmod=hashlib.sha256)
            for key_id, secret in zip(ids, secrets, strict=True)
            for kind in Kind
        }
        prints = tuple(_fingerprint(secret) for secret in secrets)
        markers = tuple(
            hmac.new(_derived(secret, "erased"), digestmod=hashlib.sha256) for secret in secrets
        )
        return cls(ids[0], macs, prints, markers)

    def fingerprints(self) -> tuple[str, ...]:
        """What the database may know of the secrets: enough to compare, nothing to sign with."""
        return self.prints

    def marks(self, text: str) -> tuple[str, ...]:
        """What stands for a text that must not be kept, by each secret; the first is written."""
        return tuple(_digest(marker, text.encode()) for marker in self.markers)


def _digest(marker: Any, text: bytes) -> str:
    mac = marker.copy()
    mac.update(text)
    return str(mac.hexdigest())


def _key_id(secret: bytes) -> int:
    return hashlib.sha256(secret).digest()[0]


def _fingerprint(secret: bytes) -> str:
    return hashlib.sha256(b"thinslice fingerprint" + secret).hexdigest()[:32]


def _derived(secret: bytes, kind: str) -> bytes:
    """A key per purpose (HKDF-SHA256, RFC 5869), so that no token serves for another."""
    return HKDF(SHA256(), 32, salt=None, info=f"thinslice link {kind}".encode()).derive(secret)

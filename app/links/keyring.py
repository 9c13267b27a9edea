"""The secrets that sign links: the first signs, all of them verify, each purpose has its own."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_BLOCK_BYTES = 64  # of SHA-256; a derived key has 32


class Kind(StrEnum):
    """What a token is for; the letter stands in its address, and its key differs."""

    __hash__ = str.__hash__  # Enum's own is Python, and every click asks for it

    CLICK = "c"
    OPEN = "o"
    UNSUBSCRIBE = "u"
    PREFERENCES = "p"
    BACK = "k"  # takes back an unsubscribe by mistake: "keep mailing me"
    SURVEY = "s"
    ANSWER = "a"
    CHART = "d"  # a picture drawn of a person's columns
    WEEK = "w"
    RETURN = "b"  # the address that bounces come back to
    REPLY = "r"  # the address that people answer to


class Mac:
    """HMAC-SHA256 (RFC 2104) with one key, both of whose pads are hashed once: half the price."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def of(self, message: bytes) -> bytes:
        """The MAC of a message."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by their one-byte id, ready to sign for each purpose."""

    signing_id: int
    macs: dict[tuple[int, Kind], Mac]
    prints: tuple[str, ...]
    markers: tuple[Mac, ...] = ()  # of what stands for whoever was erased
    seals: tuple[Mac, ...] = ()  # of rows of the audit

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
            (key_id, kind): Mac(_derived(secret, kind))
            for key_id, secret in zip(ids, secrets, strict=True)
            for kind in Kind
        }
        prints = tuple(_fingerprint(secret) for secret in secrets)
        markers = tuple(Mac(_derived(secret, "erased")) for secret in secrets)
        seals = tuple(Mac(_derived(secret, "audit")) for secret in secrets)
        return cls(ids[0], macs, prints, markers, seals)

    def fingerprints(self) -> tuple[str, ...]:
        """What the database may know of the secrets: enough to compare, nothing to sign with."""
        return self.prints

    def marks(self, text: str) -> tuple[str, ...]:
        """What stands for a text that must not be kept, by each secret; the first is written."""
        return tuple(marker.of(text.encode()).hex() for marker in self.markers)


def _key_id(secret: bytes) -> int:
    return hashlib.sha256(secret).digest()[0]


def _fingerprint(secret: bytes) -> str:
    return hashlib.sha256(b"thinslice fingerprint" + secret).hexdigest()[:32]


def _derived(secret: bytes, kind: str) -> bytes:
    """A key per purpose (HKDF-SHA256, RFC 5869), so that no token serves for another."""
    return HKDF(SHA256(), 32, salt=None, info=f"thinslice link {kind}".encode()).derive(secret)

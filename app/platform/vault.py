"""Secrets of other systems, unreadable in the database and in its backups."""

import base64
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.platform import keys
from app.platform.config import Settings
from app.platform.errors import Conflict

_NONCE_BYTES, _ID_BYTES = 12, 4  # NIST SP 800-38D asks for 96 bits of nonce


class Sealed(Conflict):
    """A secret cannot be opened with the keys at hand."""

    title = "A secret cannot be read"


@dataclass(frozen=True, slots=True)
class Vault:
    """Seals with the first key, opens with any of them."""

    rings: tuple[bytes, ...]

    @classmethod
    def of(cls, secrets: Sequence[bytes]) -> "Vault":
        """A key of its own from each secret (HKDF-SHA256, RFC 5869)."""
        return cls(tuple(_derived(secret) for secret in secrets))

    @classmethod
    def at(cls, settings: Settings) -> "Vault":
        """With the secrets of this installation."""
        return cls.of(keys.load_or_make(settings))

    def seal(self, secrets: Mapping[str, str], *, owner: str) -> str:
        """Encrypt; `owner` is bound to it, so that no row's secret serves another row."""
        nonce = os.urandom(_NONCE_BYTES)
        plain = json.dumps(dict(secrets), sort_keys=True).encode()
        sealed = AESGCM(self.rings[0]).encrypt(nonce, plain, owner.encode())
        return base64.b64encode(_id(self.rings[0]) + nonce + sealed).decode()

    def open(self, sealed: str, *, owner: str) -> dict[str, str]:
        """Decrypt. Raises Sealed where no key fits, or somebody changed it."""
        raw = base64.b64decode(sealed)
        nonce, rest = raw[_ID_BYTES : _ID_BYTES + _NONCE_BYTES], raw[_ID_BYTES + _NONCE_BYTES :]
        for ring in self.rings:
            if _id(ring) == raw[:_ID_BYTES]:
                try:
                    opened: dict[str, str] = json.loads(
                        AESGCM(ring).decrypt(nonce, rest, owner.encode())
                    )
                except InvalidTag:
                    break
                return opened
        raise Sealed(
            "What is kept here was sealed with another key. Put that key back into"
            " THINSLICE_SECRET_KEYS, or enter the secret again."
        )


def _derived(secret: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"thinslice vault").derive(secret)


def _id(ring: bytes) -> bytes:
    return hashlib.sha256(b"thinslice vault id" + ring).digest()[:_ID_BYTES]

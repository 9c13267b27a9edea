"""Keys to sign mails with, and somebody else's code that says whether a signature holds."""

from collections.abc import Callable
from functools import cache

import dkim
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from app.delivery.transports import dkim_key
from app.delivery.transports.dkim import Signer
from app.platform.config import Settings

FROM = "insights@halvern.example"
KINDS = ("rsa", "ed25519")


@cache
def pem(kind: str, bits: int = 2048, *, password: str = "") -> str:
    """A new key of a kind, the same in all tests."""
    making: dict[str, Callable[[], PrivateKeyTypes]] = {
        "rsa": lambda: rsa.generate_private_key(65_537, bits),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
    }
    made = making[kind]()
    locked = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked).decode()


def settings(kind: str = "rsa", **changes: str) -> Settings:
    return Settings(**{"mail_from": FROM, "dkim_key": pem(kind), **changes})  # type: ignore[arg-type]


def signer(kind: str) -> Signer:
    made = dkim_key.signer(settings(kind))
    assert made is not None
    return made


def stranger(kind: str) -> Signer:
    """Who signs for the same name with another key of the kind."""
    made = dkim_key.signer(settings(kind, dkim_key=pem(kind, 1024)))
    assert made is not None
    return made


def holds(raw: bytes, by: Signer) -> bool:
    """Whether dkimpy believes a mail, by the record that `thinslice dkim` prints."""
    record = dkim_key.record_text(by).encode()
    names = {f"{dkim_key.record_name(by)}.".encode(): record}
    return bool(dkim.verify(raw, dnsfunc=lambda name, **_: names.get(name)))

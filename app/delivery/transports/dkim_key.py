"""The key that mails are signed with, read from the settings, and its other half for DNS."""

from base64 import b64encode
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from app.delivery.transports.dkim import Key, Signer
from app.platform.config import BadSettings, Settings

_FEWEST_BITS, _ENOUGH_BITS = 1024, 2048  # RFC 8301, section 3.2
_MOST_BYTES = 65_536  # of a file: far beyond any key
_LIKE = (
    "THINSLICE_DKIM_KEY must be the path of a PEM file with a private key, or what stands in one;"
    " `openssl genrsa 2048` makes one."
)


def signer(settings: Settings) -> Signer | None:
    """Who signs our mails; None where no key is set. Raises BadSettings, and tells no key in it."""
    if not settings.dkim_key.strip():
        return None
    key = _key(_pem(settings.dkim_key.strip()))
    if isinstance(key, RSAPrivateKey) and key.key_size < _FEWEST_BITS:
        raise BadSettings(
            f"THINSLICE_DKIM_KEY has {key.key_size} bits, and such signatures count nowhere: make"
            f" one of {_ENOUGH_BITS} (`openssl genrsa {_ENOUGH_BITS}`)."
        )
    return Signer(_domain(settings), settings.dkim_selector, key)


def weakness(signer: Signer | None) -> str | None:
    """What is worth telling of a key that can be used."""
    key = signer.key if signer else None
    if not isinstance(key, RSAPrivateKey) or key.key_size >= _ENOUGH_BITS:
        return None
    return (
        f"The key in THINSLICE_DKIM_KEY has {key.key_size} bits: make one of {_ENOUGH_BITS} soon,"
        " under another selector (THINSLICE_DKIM_SELECTOR)."
    )


def record_name(signer: Signer) -> str:
    """Where the public key must stand in DNS."""
    return f"{signer.selector}._domainkey.{signer.domain}"


def record_text(signer: Signer) -> str:
    """What must stand there, as TXT."""
    if isinstance(signer.key, RSAPrivateKey):
        kind, form = "rsa", (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        kind, form = "ed25519", (Encoding.Raw, PublicFormat.Raw)
    public = b64encode(signer.key.public_key().public_bytes(*form)).decode()
    return f"v=DKIM1; k={kind}; p={public}"


def _pem(setting: str) -> bytes:
    if "-----BEGIN" in setting:
        return setting.replace("\\n", "\n").encode()  # where variables have no lines
    try:
        with Path(setting).open("rb") as file:
            return file.read(_MOST_BYTES)
    except (OSError, ValueError) as error:  # what was pasted may be a key: it is not repeated
        reason = getattr(error, "strerror", None) or "no path"
        raise BadSettings(f"{_LIKE} What is set could not be opened: {reason}.") from None


def _key(pem: bytes) -> Key:
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise BadSettings(
            "THINSLICE_DKIM_KEY is locked with a passphrase, and nobody is there to type it: give"
            " one without (`openssl pkey -in LOCKED -out FILE`, mode 0600)."
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadSettings(f"{_LIKE} What is set holds no private key that can be read.") from None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise BadSettings("THINSLICE_DKIM_KEY must be an RSA or Ed25519 key: DKIM knows no others.")
    return key


def _domain(settings: Settings) -> str:
    sender = settings.sender_address.rpartition("@")[2].lower()
    domain = settings.dkim_domain or sender
    if "." not in domain:
        raise BadSettings(
            f"Mails come from {settings.sender_address}, and no DKIM key can stand in DNS for"
            f" {domain}: set THINSLICE_MAIL_FROM to an address of a domain of yours."
        )
    if f".{sender}".endswith(f".{domain}") or domain.endswith(f".{sender}"):
        return domain
    raise BadSettings(
        f"THINSLICE_DKIM_DOMAIN is {domain}, and mails come from {settings.sender_address}:"
        f" such a signature says nothing for the sender. Set {sender}, or a domain above it."
    )

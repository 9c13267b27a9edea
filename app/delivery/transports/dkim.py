"""DKIM: a header that says which domain answers for a mail, over the bytes that leave.

RFC 6376 with relaxed canonicalization of both header and body, rsa-sha256 and ed25519-sha256
(RFC 8463). `From` is signed once more than it stands there, so that nobody adds another one.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

_FROM = b"from"
_SIGNED = (
    _FROM, b"to", b"subject", b"date", b"message-id", b"reply-to", b"mime-version",
    b"content-type", b"list-id", b"list-unsubscribe", b"list-unsubscribe-post", b"feedback-id",
)  # fmt: skip
_LINE = 72
_FOLD = b"\r\n\t"

Key = RSAPrivateKey | Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs mails for a domain; the key that proves it stands in DNS under the selector."""

    domain: str
    selector: str
    key: Key

    def signature(self, mail: bytes) -> bytes:
        """The header to put before a mail, its line's end included.

        `mail`: as it is meant, without the dots that SMTP adds; each line ends with CRLF.
        """
        head, _, body = mail.partition(b"\r\n\r\n")
        found = fields(head)
        names = (*(name for name in _SIGNED for _ in found.get(name, ())), _FROM)
        own = b"".join((self._begin(), _listed(names), b";\r\n\tbh=", body_hash(body), _B))
        signed = b64encode(signed_by(self.key, covered(found, names, own)))
        pieces = [signed[at : at + _LINE] for at in range(0, len(signed), _LINE)]
        return own + _FOLD.join(pieces) + b"\r\n"

    def _begin(self) -> bytes:
        algorithm = "rsa-sha256" if isinstance(self.key, RSAPrivateKey) else "ed25519-sha256"
        return (
            f"DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed;\r\n"
            f"\td={self.domain};\r\n\ts={self.selector};\r\n\th="
        ).encode("ascii")


_B = b";\r\n\tb="


def body_hash(body: bytes) -> bytes:
    """The hash of a body as `bh=` has it."""
    return b64encode(sha256(relaxed_body(body)).digest())


def relaxed_body(body: bytes) -> bytes:
    """A body without what mail servers may change of its spaces and empty lines (3.4.4)."""
    said = _squeezed(body).replace(b" \r\n", b"\r\n").rstrip(b" \r\n")
    return said + b"\r\n" if said else b""


def signed_by(key: Key, data: bytes) -> bytes:
    """The bare signature of what is covered."""
    if isinstance(key, RSAPrivateKey):
        return key.sign(data, PKCS1v15(), SHA256())
    return key.sign(sha256(data).digest())  # RFC 8463, section 3: of the hash, not of the data


def covered(found: dict[bytes, list[bytes]], names: Sequence[bytes], own: bytes) -> bytes:
    """What is signed: of each name in turn the last header that is left, and our own (3.7).

    `own`: the signature's header up to `b=`, without a line's end.
    """
    left = {name: list(lines) for name, lines in found.items()}
    lines = [left[name].pop() for name in names if left.get(name)]
    [[written]] = fields(own).values()
    return b"".join((*(line + b"\r\n" for line in lines), written))


def fields(head: bytes) -> dict[bytes, list[bytes]]:
    """Headers by their names, relaxed (3.4.2): unfolded, each space one, none at the ends."""
    found: dict[bytes, list[bytes]] = {}
    for line in _unfolded(head):
        name, colon, value = line.partition(b":")
        if colon:
            name = name.strip(b" ").lower()
            found.setdefault(name, []).append(name + b":" + value.strip(b" "))
    return found


def _unfolded(head: bytes) -> Iterator[bytes]:
    plain = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    return iter(_squeezed(plain).split(b"\r\n"))


def _squeezed(said: bytes) -> bytes:
    """Tabs as spaces, and one space where there are several."""
    if b"\t" in said:
        said = said.replace(b"\t", b" ")
    while b"  " in said:  # each turn halves the longest run
        said = said.replace(b"  ", b" ")
    return said


@lru_cache(maxsize=64)
def _listed(names: tuple[bytes, ...]) -> bytes:
    """The names of `h=`, in short lines."""
    lines = [b""]
    for name in names:
        if len(lines[-1]) + len(name) > _LINE - 4:
            lines.append(b"")
        lines[-1] += name + b":"
    return _FOLD.join(lines).removesuffix(b":")

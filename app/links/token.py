"""Sign a link, and read one back: a click of a fixed destination takes 32 characters.

Layout: key id (1 byte), destination set (4), id (8), link (1), a destination's personal values
if any (padded to a multiple of 3), MAC (10). 24 bytes and every further 3 are base64url without
padding: every character counts, so no other text reads as the same token.
"""

from base64 import urlsafe_b64encode
from binascii import Error as BadBase64
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from hmac import compare_digest
from struct import Struct
from struct import error as StructError
from typing import NamedTuple

from app.links.keyring import Keyring, Kind

NOBODY = (1 << 32) - 1  # the id for whoever may not be tracked: every send's is higher
NEVER_COUNTS = 0  # the id in test mails, previews and outbox views: it redirects, and no more
LONGEST = 2000  # characters; mail programs and proxies cut longer addresses

_HEAD = Struct(">BIQB")  # key id, destination set, id, link
_MAC_BYTES = 10  # 80 bits: a million guesses a second succeed once in 38 billion years
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/***")  # `*` is in no alphabet
_FROM_BASE64 = bytes.maketrans(b"+/", b"-_")
SHORTEST = (_HEAD.size + _MAC_BYTES) * 4 // 3  # characters, of a link without personal values


class BadToken(ValueError):
    """Nothing that we signed for this purpose."""


class TrackedLink(NamedTuple):
    """What a token says. What `id` is goes with the kind: a send, a respondent, a week."""

    set_id: int  # 32 bits
    id: int  # 64 bits
    link: int  # its position in the mail, 8 bits
    fills: bytes = b""  # from `pack_fills`


def sign(link: TrackedLink, kind: Kind, keyring: Keyring) -> str:
    """The token of a link, for one purpose.

    Raises:
        ValueError: a number does not fit, the fills are not from `pack_fills`, or it is too long.
    """
    if len(link.fills) % 3:
        raise ValueError("fills must come from pack_fills")
    try:
        head = _HEAD.pack(keyring.signing_id, link.set_id, link.id, link.link)
    except StructError as error:
        raise ValueError(f"a number of {link} does not fit its place") from error
    body = head + link.fills
    key = keyring.macs[keyring.signing_id, kind]
    token = urlsafe_b64encode(body + key.of(body)[:_MAC_BYTES]).decode()
    if len(token) > LONGEST:
        raise ValueError(f"the personal values make a link of {len(token)} characters: too long")
    return token


def sign_each(
    links: Sequence[int], *, set_id: int, number: int, kind: Kind, keyring: Keyring
) -> list[bytes]:
    """The tokens of several links without personal values, of one id: what `sign` says of each.

    Raises:
        ValueError: a number does not fit.
    """
    try:
        bodies = [_HEAD.pack(keyring.signing_id, set_id, number, link) for link in links]
    except StructError as error:
        raise ValueError(f"a number of {set_id}, {number}, {links} does not fit") from error
    of = keyring.macs[keyring.signing_id, kind].of
    return [
        b2a_base64(body + of(body)[:_MAC_BYTES], newline=False).translate(_FROM_BASE64)
        for body in bodies
    ]


def read(token: str, kind: Kind, keyring: Keyring) -> TrackedLink:
    """Read a token back. Raises BadToken; nothing that we did not sign for this gets past here."""
    if not SHORTEST <= len(token) <= LONGEST or len(token) % 4:
        raise BadToken("not one of our links")
    try:
        raw = a2b_base64(token.encode("ascii").translate(_TO_BASE64), strict_mode=True)
    except (BadBase64, UnicodeEncodeError):
        raise BadToken("not one of our links") from None
    body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    key = keyring.macs.get((raw[0], kind))
    if key is None or not compare_digest(mac, key.of(body)[:_MAC_BYTES]):
        raise BadToken("the signature does not match")
    _, set_id, number, link = _HEAD.unpack_from(raw)
    return TrackedLink(set_id, number, link, body[_HEAD.size :])


def pack_fills(values: Sequence[str]) -> bytes:
    """A destination's personal values as bytes that fill whole base64 groups.

    Raises:
        ValueError: a value of more than 65,535 bytes, or more than 255 values.
    """
    encoded = [value.encode() for value in values]
    if len(encoded) > 0xFF or any(len(value) > 0xFFFF for value in encoded):
        raise ValueError("the personal values of a link are too long")
    packed = bytes([len(encoded)]) + b"".join(len(value).to_bytes(2) + value for value in encoded)
    return packed + b"\0" * (-len(packed) % 3)


def unpack_fills(fills: bytes) -> tuple[str, ...]:
    """The values that were packed. Raises BadToken for bytes that never were."""
    if not fills:
        return ()
    values, at = [], 1
    for _ in range(fills[0]):
        length = int.from_bytes(fills[at : at + 2])
        value = fills[at + 2 : at + 2 + length]
        if len(value) < length:
            raise BadToken("the personal values do not fit")
        values.append(value.decode(errors="replace"))
        at += 2 + length
    return tuple(values)

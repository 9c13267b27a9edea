"""The signed part of an address that mail comes back to: bounces+TOKEN@…, replies+TOKEN@….

Layout: key id (1 byte), id of the send (8), MAC (10), in base32 and small letters: mail servers
may write an address in other letters, and 31 characters leave room before the @ (64 in all).
"""

from base64 import b32decode, b32encode
from binascii import Error as BadBase32
from hmac import compare_digest
from struct import Struct

from app.links.keyring import Keyring, Kind
from app.links.token import BadToken

LETTERS = 31  # of a token
_HEAD = Struct(">BQ")  # key id, send
_MAC_BYTES = 10  # 80 bits, as links have
_PADDING = "=" * (-LETTERS % 8)


def sign(send_id: int, kind: Kind, keyring: Keyring) -> str:
    """The token of a send, for one purpose. Raises ValueError for an id that is none."""
    if not 0 < send_id < 1 << 64:
        raise ValueError(f"{send_id} is no send's id")
    head = _HEAD.pack(keyring.signing_id, send_id)
    mac = keyring.macs[keyring.signing_id, kind].of(head)[:_MAC_BYTES]
    return b32encode(head + mac).decode().rstrip("=").lower()


def read(token: str, kind: Kind, keyring: Keyring) -> int:
    """Which send a token stands for. Raises BadToken: nothing that we did not sign gets past."""
    if len(token) != LETTERS or not token.isascii():
        raise BadToken("not one of our addresses")
    try:
        raw = b32decode(token.upper() + _PADDING)
    except BadBase32:
        raise BadToken("not one of our addresses") from None
    head, mac = raw[: _HEAD.size], raw[_HEAD.size :]
    key = keyring.macs.get((raw[0], kind))
    if key is None or not compare_digest(mac, key.of(head)[:_MAC_BYTES]):
        raise BadToken("the signature does not match")
    if b32encode(raw).decode().rstrip("=") != token.upper():
        raise BadToken("not one of our addresses")  # spare bits of the last letter
    return int(_HEAD.unpack(head)[1])


def with_token(address: str, token: str) -> str:
    """`bounces@example.com` with a token behind its name."""
    name, at, host = address.rpartition("@")
    return f"{name}+{token}{at}{host}"


def tokens_in(address: str) -> list[str]:
    """What may be a token in an address: what stands behind each + before its @."""
    return address.rpartition("@")[0].split("+")[1:]


def without_token(address: str) -> str:
    """The address that mail to this one is brought to, whatever stands behind its +."""
    name, at, host = address.rpartition("@")
    return f"{name.partition('+')[0]}{at}{host}"

"""A link's destination, and the address that it makes for one person."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from app.links.keyring import Keyring, Kind
from app.links.token import TrackedLink, sign, unpack_fills
from app.platform.domains import BadDomain, ascii_url
from app.platform.errors import NotFound

_SLOT = re.compile(r"\{(\d{1,3})\}")
_ADDRESS_CHARS = "!#$%&'()*+,/:;=?@[]~"  # what may stand in an address; all else is escaped


class TargetKind(StrEnum):
    """What an address is."""

    FIXED = "fixed"
    PERSONAL = "personal"  # with {0}, {1} … where the values in the token go
    ANSWER = "answer"  # our own answer page


@dataclass(frozen=True, slots=True)
class Target:
    """Where one link leads."""

    kind: TargetKind
    address: str


Targets = Mapping[int, Target]  # by the link's position in the mail


def address_of(target: Target, link: TrackedLink, *, keyring: Keyring, public_url: str) -> str:
    """Where this link leads this person, fit for a `Location` header."""
    match target.kind:
        case TargetKind.ANSWER:
            own = TrackedLink(set_id=link.set_id, id=link.id, link=0, fills=link.fills)
            return f"{public_url}/a/{sign(own, Kind.ANSWER, keyring)}"
        case TargetKind.PERSONAL:
            return escaped(_filled(target.address, unpack_fills(link.fills)))
        case TargetKind.FIXED:
            return escaped(target.address)


def escaped(address: str) -> str:
    """An address as ASCII, its host in punycode, without anything that ends a header."""
    with suppress(BadDomain):  # a host that there cannot be leads nowhere, however it is written
        address = ascii_url(address)
    return quote(address, safe=_ADDRESS_CHARS)


def _filled(address: str, values: tuple[str, ...]) -> str:
    """Put values into their slots, escaped: a value never becomes a host or a second parameter."""
    try:
        return _SLOT.sub(lambda slot: quote(values[int(slot[1])], safe=""), address)
    except IndexError as error:
        raise NotFound("This link is not complete; open it from the mail.") from error

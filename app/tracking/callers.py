"""Who asked, as far as we want to know: a class of addresses and a key of the day, no address."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from app.tracking.range_files import InForce
from app.tracking.ranges import AddressClass, class_of
from app.tracking.salts import Salts

_REMEMBERED = 10_000  # callers whose key need not be computed again
_NETWORK_CHARS, _ADDRESS_CHARS = 16, 8  # of a key
_IPV6_HOST = 64  # bits: a household, however many addresses it uses


@dataclass(frozen=True, slots=True)
class Caller:
    """What is kept of an address. Equal keys: same address (IPv6: /64), same day."""

    address_class: AddressClass
    key: str
    fields: str = field(init=False)  # as a journal's line has them: made once a caller

    def __post_init__(self) -> None:
        fields = f'"c":"{self.address_class}","a":"{self.key}"'
        object.__setattr__(self, "fields", fields)


NOBODY = Caller(AddressClass.UNKNOWN, "")


class Callers:
    """Tells callers from requests. Forwarded addresses count from trusted proxies only."""

    def __init__(self, *, trusted_proxies: Sequence[str], salts: Salts, ranges: InForce) -> None:
        self._trusted = tuple(ip_network(proxy, strict=False) for proxy in trusted_proxies)
        self.reads_forwarded = bool(self._trusted)  # there is a proxy whose word counts
        self._salts = salts
        self._ranges = ranges
        self._known: dict[tuple[str, str], Caller] = {}
        self._day = -1

    def of(self, peer: str, forwarded: str, *, day: int) -> Caller:
        """The caller behind a connection, given its `X-Forwarded-For`."""
        if day != self._day:
            self.begin(day)
        if len(self._known) > _REMEMBERED:
            self._known = {}
        caller = self._known.get((peer, forwarded))
        if caller is None:
            address = self._nearest_stranger(peer, forwarded)
            caller = self._known[peer, forwarded] = self._caller(address, day)
        return caller

    def begin(self, day: int) -> None:
        """On a new day, forget who called on the last one, and its salt. Idle edges ask, too."""
        if day != self._day:
            self._known, self._day = {}, day
            self._salts.of(day)

    def look_for_ranges(self) -> None:
        """Place callers by the lists of now, if these are others."""
        if self._ranges.look():
            self._known = {}

    def _caller(self, address: str, day: int) -> Caller:
        try:
            parsed = _parsed(address)
        except ValueError:  # a unix socket, or a proxy that forwards a name
            return NOBODY
        if not parsed.is_global:
            return NOBODY
        placed = class_of(parsed, *self._ranges.tables) or AddressClass.RESIDENTIAL
        return Caller(placed, _key(parsed, self._salts.of(day)))

    def _nearest_stranger(self, peer: str, forwarded: str) -> str:
        hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
        address = peer
        while hops and _is_in(address, self._trusted):
            address = hops.pop()
        return address


def network_in(key: str) -> str:
    """The part of a caller's key that its whole network (/24, /48) has."""
    return key[:_NETWORK_CHARS]


def _parsed(address: str) -> IPv4Address | IPv6Address:
    parsed = ip_address(address.strip("[]"))
    return getattr(parsed, "ipv4_mapped", None) or parsed


def _key(parsed: IPv4Address | IPv6Address, salt: bytes) -> str:
    """Of the network around an address (scanners change their last digits), and of itself."""
    network = _around(parsed, 24 if parsed.version == 4 else 48)
    itself = _around(parsed, 32 if parsed.version == 4 else _IPV6_HOST)
    return _hashed(network, salt)[:_NETWORK_CHARS] + _hashed(b"=" + itself, salt)[:_ADDRESS_CHARS]


def _around(parsed: IPv4Address | IPv6Address, bits: int) -> bytes:
    return ip_network((parsed, bits), strict=False).network_address.packed


def _hashed(what: bytes, salt: bytes) -> str:
    return hmac.new(salt, what, hashlib.sha256).hexdigest()


@lru_cache(maxsize=1024)
def _is_in(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    try:
        parsed = ip_address(address.strip("[]"))
    except ValueError:
        return False
    return any(parsed in network for network in networks)

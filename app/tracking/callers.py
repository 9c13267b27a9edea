"""Who asked, as far as we want to know: a class of addresses and a key of the day, no address."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from app.tracking.salts import Salts

_REMEMBERED = 10_000  # callers whose key need not be computed again
_KEY_CHARS = 16


class AddressClass(StrEnum):
    """Whose address it is, by published ranges."""

    APPLE_RELAY = "apple_relay"
    GOOGLE = "google"
    MICROSOFT = "microsoft"
    YAHOO = "yahoo"
    DATACENTER = "datacenter"
    SECURITY_VENDOR = "security_vendor"
    RESIDENTIAL = "residential"  # public, and in no range that we know
    UNKNOWN = "unknown"  # loopback and private: says nothing about who asked


@dataclass(frozen=True, slots=True)
class Caller:
    """What is kept of an address. Equal keys: same network, same day."""

    address_class: AddressClass
    key: str
    fields: str = field(init=False)  # as a journal's line has them: made once a caller

    def __post_init__(self) -> None:
        fields = f'"c":"{self.address_class}","a":"{self.key}"'
        object.__setattr__(self, "fields", fields)


NOBODY = Caller(AddressClass.UNKNOWN, "")


class Callers:
    """Tells callers from requests. Forwarded addresses count from trusted proxies only."""

    def __init__(self, *, trusted_proxies: Sequence[str], salts: Salts) -> None:
        self._trusted = tuple(ip_network(proxy, strict=False) for proxy in trusted_proxies)
        self._salts = salts
        self._known: dict[tuple[str, str], Caller] = {}
        self._day = -1

    def of(self, peer: str, forwarded: str, *, day: int) -> Caller:
        """The caller behind a connection, given its `X-Forwarded-For`."""
        self.begin(day)
        if len(self._known) > _REMEMBERED:
            self._known = {}
        caller = self._known.get((peer, forwarded))
        if caller is None:
            address = self._nearest_stranger(peer, forwarded)
            caller = self._known[peer, forwarded] = _caller(address, self._salts.of(day))
        return caller

    def begin(self, day: int) -> None:
        """On a new day, forget who called on the last one, and its salt. Idle edges ask, too."""
        if day != self._day:
            self._known, self._day = {}, day
            self._salts.of(day)

    @property
    def reads_forwarded(self) -> bool:
        """Is there any proxy whose word counts?"""
        return bool(self._trusted)

    def _nearest_stranger(self, peer: str, forwarded: str) -> str:
        hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
        address = peer
        while hops and _is_in(address, self._trusted):
            address = hops.pop()
        return address


def _caller(address: str, salt: bytes) -> Caller:
    try:
        network = _network(address)
    except ValueError:  # a unix socket, or a proxy that forwards a name
        return NOBODY
    if not network.network_address.is_global:
        return NOBODY
    digest = hmac.new(salt, network.network_address.packed, hashlib.sha256).hexdigest()
    return Caller(AddressClass.RESIDENTIAL, digest[:_KEY_CHARS])


def _network(address: str) -> IPv4Network | IPv6Network:
    """The /24 or /48 around an address: scanners change their last digits."""
    parsed = ip_address(address.strip("[]"))
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = mapped or parsed
    return ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False)


@lru_cache(maxsize=1024)
def _is_in(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    try:
        parsed = ip_address(address.strip("[]"))
    except ValueError:
        return False
    return any(parsed in network for network in networks)

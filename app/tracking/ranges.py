"""Whose network an address is in: ranges as their owners publish them, compiled for one question.

IPv6 counts by /64, the smallest network that anybody is given.
"""

import json
import sys
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from zlib import crc32

_MAGIC = b"thinslice ranges 1\n"
_V6_BITS = 64  # of 128 that count
_V6_END = (1 << _V6_BITS) - 1


class AddressClass(StrEnum):
    """Whose address it is, by published ranges."""

    APPLE_RELAY = "apple_relay"
    GOOGLE = "google"
    MICROSOFT = "microsoft"
    YAHOO = "yahoo"
    DATACENTER = "datacenter"
    SECURITY_VENDOR = "security_vendor"
    RESIDENTIAL = "residential"  # public, and in no range that we know, or said to be people's
    UNKNOWN = "unknown"  # loopback and private: says nothing about who asked


# Where lists overlap the later one here wins: a gateway rents its machines in a data centre, and
# what somebody says of people they know.
RANKED = (
    AddressClass.DATACENTER,
    AddressClass.YAHOO,
    AddressClass.MICROSOFT,
    AddressClass.GOOGLE,
    AddressClass.SECURITY_VENDOR,
    AddressClass.APPLE_RELAY,
    AddressClass.RESIDENTIAL,
)
_RANK = {one: place for place, one in enumerate(RANKED, start=1)}


class Span(NamedTuple):
    """Neighbouring addresses of one class, the last one included."""

    version: int
    first: int
    last: int
    address_class: AddressClass


class _Table(NamedTuple):
    """Where a class begins, in order, and which (its rank; 0: none)."""

    starts: "array[int]"
    ranks: bytes

    def rank_of(self, number: int) -> int:
        place = bisect_right(self.starts, number) - 1
        return self.ranks[place] if place >= 0 else 0


@dataclass(frozen=True, slots=True)
class Ranges:
    """Answers in a microsecond of which class an address is, however many ranges there are."""

    v4: _Table
    v6: _Table

    def rank_of(self, address: IPv4Address | IPv6Address) -> int:
        """Its place among `RANKED`, from 1; 0: in no range."""
        number = int(address)
        if address.version == 4:
            return self.v4.rank_of(number)
        return self.v6.rank_of(number >> _V6_BITS)


def class_of(address: IPv4Address | IPv6Address, *ranges: Ranges) -> AddressClass | None:
    """By whichever of some ranges outranks the others; None: in none."""
    rank = max(one.rank_of(address) for one in ranges)
    return RANKED[rank - 1] if rank else None


def span_of(network: IPv4Network | IPv6Network, address_class: AddressClass) -> Span:
    """A network as its first and last address."""
    first, last = int(network.network_address), int(network.broadcast_address)
    if network.version == 4:
        return Span(4, first, last, address_class)
    return Span(6, first >> _V6_BITS, last >> _V6_BITS, address_class)


def compiled(spans: Iterable[Span]) -> Ranges:
    """Sorted and cut, so that one look-up finds the class that wins."""
    by_version: dict[int, list[Span]] = {4: [], 6: []}
    for span in spans:
        by_version[span.version].append(span)
    return Ranges(_table(by_version[4]), _table(by_version[6]))


def _table(spans: Sequence[Span]) -> _Table:
    ends = [(span.first, _RANK[span.address_class], 1) for span in spans]
    ends += [(span.last + 1, _RANK[span.address_class], -1) for span in spans]
    depth = [1, *[0] * len(RANKED)]  # how many ranges of each rank we are in
    starts, ranks = array("Q"), bytearray()
    for number, there in groupby(sorted(ends), key=itemgetter(0)):
        for _, rank, step in there:
            depth[rank] += step
        wins = max(rank for rank, ranges in enumerate(depth) if ranges)
        if number <= _V6_END and wins != (ranks[-1] if ranks else 0):
            starts.append(number)
            ranks.append(wins)
    return _Table(starts, bytes(ranks))


def written(ranges: Ranges, notes: Any) -> bytes:
    """As a file: a line of JSON, then the tables as they are in memory."""
    tables = [(table.starts.tobytes(), table.ranks) for table in (ranges.v4, ranges.v6)]
    body = b"".join(part for table in tables for part in table)
    header = {
        "order": sys.byteorder,
        "lengths": [len(ranks) for _, ranks in tables],
        "checksum": crc32(body),
        "notes": notes,
    }
    return _MAGIC + json.dumps(header).encode() + b"\n" + body


def notes_in(content: bytes) -> tuple[Any, dict[str, Any], bytes]:
    """What was noted with some ranges, the header, the tables. ValueError: it is no such file."""
    if not content.startswith(_MAGIC):
        raise ValueError("not a file of compiled ranges")
    header, _, body = content[len(_MAGIC) :].partition(b"\n")
    told = json.loads(header)
    return told["notes"], told, body


def read(content: bytes) -> Ranges:
    """What `written` made. Raises ValueError for anything else."""
    _, told, body = notes_in(content)
    if told["order"] != sys.byteorder or told["checksum"] != crc32(body):
        raise ValueError("compiled ranges are of another machine, or cut off")
    tables, place = [], 0
    for length in told["lengths"]:
        starts = array("Q")
        end = place + length * starts.itemsize
        starts.frombytes(body[place:end])
        tables.append(_Table(starts, body[end : end + length]))
        place = end + length
    v4, v6 = tables
    return Ranges(v4, v6)


@dataclass(frozen=True, slots=True)
class _Owner:
    """Networks of one owner, as the registries of addresses and its own documentation name them."""

    name: str
    address_class: AddressClass
    networks: str


BUILT_IN_DATE = "2026-11-29"
BUILT_IN_SOURCE = (
    "mail gateways' own documentation of where their mail comes from (Microsoft Exchange Online"
    " Protection, Mimecast, Proofpoint, Barracuda), and large blocks that the registries of"
    " addresses give as a cloud's"
)
_BUILT_IN = (
    _Owner(
        "Microsoft Exchange Online Protection",
        AddressClass.SECURITY_VENDOR,
        "40.92.0.0/15 40.94.0.0/16 40.107.0.0/16 52.100.0.0/14 104.47.0.0/17"
        " 2a01:111:f400::/48 2a01:111:f403::/48",
    ),
    _Owner(
        "Mimecast",
        AddressClass.SECURITY_VENDOR,
        "63.128.21.0/24 91.220.42.0/24 170.10.128.0/22 170.10.132.0/23 205.139.110.0/23"
        " 207.211.30.0/24 207.211.31.0/25 216.205.24.0/24",
    ),
    _Owner(
        "Proofpoint",
        AddressClass.SECURITY_VENDOR,
        "67.231.144.0/20 148.163.128.0/19 205.220.160.0/19",
    ),
    _Owner("Barracuda", AddressClass.SECURITY_VENDOR, "64.235.144.0/20 209.222.80.0/21"),
    _Owner(
        "Amazon Web Services",
        AddressClass.DATACENTER,
        "3.128.0.0/9 18.128.0.0/9 34.192.0.0/10 44.192.0.0/10 54.144.0.0/12 2600:1f00::/24",
    ),
    _Owner("Google Cloud", AddressClass.DATACENTER, "34.64.0.0/10 35.184.0.0/13 2600:1900::/28"),
    _Owner("Azure", AddressClass.DATACENTER, "13.64.0.0/11 20.33.0.0/16 2603:1000::/24"),
    _Owner(
        "DigitalOcean",
        AddressClass.DATACENTER,
        "134.209.0.0/16 138.68.0.0/16 139.59.0.0/16 157.230.0.0/16 159.65.0.0/16 167.99.0.0/16"
        " 178.62.0.0/16 188.166.0.0/16 206.189.0.0/16",
    ),
    _Owner(
        "Hetzner",
        AddressClass.DATACENTER,
        "5.9.0.0/16 88.198.0.0/16 138.201.0.0/16 144.76.0.0/16 148.251.0.0/16 159.69.0.0/16"
        " 167.235.0.0/16",
    ),
)


def built_in_networks() -> dict[str, int]:
    """How many networks of each class are known without any list."""
    found = Counter[str]()
    for owner in _BUILT_IN:
        found[owner.address_class] += len(owner.networks.split())
    return dict(found)


@lru_cache(maxsize=1)
def built_in() -> Ranges:
    """What is known without any list: small, and as old as this release."""
    return compiled(
        span_of(ip_network(network), owner.address_class)
        for owner in _BUILT_IN
        for network in owner.networks.split()
    )

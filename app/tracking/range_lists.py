"""Lists of address ranges as they are published, read whole or refused whole.

Known by their form: Amazon's `ip-ranges.json`, Google's `cloud.json`, Azure's service tags,
Microsoft 365's endpoints, Apple's list of its relay's ways out, and one network a line.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, NamedTuple

from app.platform import figures, foreign
from app.platform.errors import Invalid
from app.tracking.ranges import AddressClass, Span, span_of

MOST_BYTES = 32_000_000  # Apple's list, by far the largest, has 15 MB
MOST_NETWORKS = 1_000_000
_WIDEST = {4: 8, 6: 16}  # a wider network is a slip: it would make machines of half the world
_SHOWN = 60  # characters of what is refused
_WORDS = {
    "datacenter": AddressClass.DATACENTER,
    "datacentre": AddressClass.DATACENTER,
    "vendor": AddressClass.SECURITY_VENDOR,
    "security_vendor": AddressClass.SECURITY_VENDOR,
    "people": AddressClass.RESIDENTIAL,
    "residential": AddressClass.RESIDENTIAL,
    "apple_relay": AddressClass.APPLE_RELAY,
    "google": AddressClass.GOOGLE,
    "microsoft": AddressClass.MICROSOFT,
    "yahoo": AddressClass.YAHOO,
}
_GAP = re.compile(r"[\s,;]")
_FILTER = "protection.outlook.com"  # of Microsoft's services, the one that filters mail


class _Named(NamedTuple):
    """A network as a list has it."""

    text: str
    address_class: AddressClass
    line: int  # 0: not known yet


@dataclass(frozen=True, slots=True)
class RangeList:
    """What a list says."""

    spans: list[Span]
    dated: date | None  # by itself
    sha256: str


def class_named(word: str) -> AddressClass:
    """A class by the word that operators use."""
    if address_class := _WORDS.get(word.lower()):
        return address_class
    raise Invalid(f"“{word[:_SHOWN]}” is no class: use datacenter, vendor or people.")


def read(content: bytes, *, assumed: AddressClass | None) -> RangeList:
    """Read a list. `assumed`: the class of all of it, whatever its form says.

    Raises Invalid with the first line that cannot be read: half a list is none.
    """
    if len(content) > MOST_BYTES:
        raise Invalid(f"This list is too long: {figures.count(MOST_BYTES // 10**6)} MB at most.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Invalid(f"Line {figures.count(line)} is not text (UTF-8).") from error
    if text.lstrip()[:1] in ("{", "["):
        dated, named = _from_json(text, assumed)
    else:
        dated, named = None, _from_lines(text, assumed)
    spans = _spans(named, text)
    if not spans:
        raise Invalid("This list holds no network: is it the right file?")
    return RangeList(spans, dated, hashlib.sha256(content).hexdigest())


def _spans(named: Iterator[_Named], text: str) -> list[Span]:
    spans: list[Span] = []
    for one in named:
        try:
            network = _network(one.text)
        except ValueError as error:
            line = one.line or _line_of(one.text, text)
            where = figures.count(line)
            raise Invalid(f"Line {where}: “{one.text[:_SHOWN]}” {error}") from error
        if len(spans) == MOST_NETWORKS:
            raise Invalid(
                f"This list is too long: {figures.count(MOST_NETWORKS)} networks at most."
            )
        spans.append(span_of(network, one.address_class))
    return spans


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError("is no network: write it as 203.0.113.0/24 or 2001:db8::/32.") from None
    widest = _WIDEST[network.version]
    if network.prefixlen < widest:
        raise ValueError(f"is too wide to be somebody's network: /{widest} at most.")
    return network


def _line_of(found: str, text: str) -> int:
    """Where a string of a JSON document stands."""
    return text.count("\n", 0, max(text.find(json.dumps(found)), 0)) + 1


def _from_lines(text: str, assumed: AddressClass | None) -> Iterator[_Named]:
    for number, line in enumerate(text.split("\n"), start=1):
        said = line.partition("#")[0].strip()
        if not said:
            continue
        gap = _GAP.search(said)
        network, rest = (said[: gap.start()], said[gap.end() :]) if gap else (said, "")
        rest = rest.strip(" \t,;")
        yield _Named(network, assumed or _class_in(rest, number), number)


def _class_in(rest: str, line: int) -> AddressClass:
    """What stands behind a network: nothing, its class, or where Apple's reader is."""
    if not rest:
        return AddressClass.DATACENTER
    country, comma, _ = rest.partition(",")
    if comma and len(country) == len("GB") and country.isupper():
        return AddressClass.APPLE_RELAY
    try:
        return class_named(rest)
    except Invalid as error:
        raise Invalid(f"Line {figures.count(line)}: {error}") from error


def _from_json(text: str, assumed: AddressClass | None) -> tuple[date | None, Iterator[_Named]]:
    told = _parsed(text)
    if isinstance(told, list):
        return None, _endpoints(told, assumed)
    cloud = assumed or AddressClass.DATACENTER
    if isinstance(told.get("values"), list):
        return None, _service_tags(told["values"], cloud)
    if isinstance(told.get("prefixes"), list):
        rows = [*told["prefixes"], *_listed(told.get("ipv6_prefixes"))]
        return _dated(told), _prefixes(rows, cloud)
    raise Invalid(
        "This JSON is no list of ranges that we know. We know Amazon's, Google's, Azure's and"
        " Microsoft 365's, and text with one network a line."
    )


def _parsed(text: str) -> Any:
    if text.count("[") + text.count("{") > MOST_NETWORKS:
        raise Invalid(f"This list is too long: {figures.count(MOST_NETWORKS)} networks at most.")
    try:
        return foreign.read_json(text)
    except foreign.NotJson as error:
        raise Invalid(f"Line {figures.count(error.line)} is not JSON: {error}.") from error


def _dated(told: dict[str, Any]) -> date | None:
    """Amazon's `2026-10-20-22-33-08`, Google's `2026-10-20T22:33:08`."""
    said = str(told.get("createDate") or told.get("creationTime") or "")[:10]
    try:
        return datetime.strptime(said, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None


def _prefixes(rows: list[Any], address_class: AddressClass) -> Iterator[_Named]:
    """Of Amazon and Google."""
    names = ("ip_prefix", "ipv6_prefix", "ipv4Prefix", "ipv6Prefix")
    for row in rows:
        found = [row[name] for name in names if name in row] if isinstance(row, dict) else []
        if not found:
            raise Invalid(f"“{str(row)[:_SHOWN]}” among the prefixes names no network.")
        yield from (_Named(str(one), address_class, 0) for one in found)


def _service_tags(rows: list[Any], address_class: AddressClass) -> Iterator[_Named]:
    """Of Azure."""
    for row in rows:
        properties = row.get("properties") if isinstance(row, dict) else None
        if not isinstance(properties, dict):
            raise Invalid(f"“{str(row)[:_SHOWN]}” among the values has no properties.")
        for one in _listed(properties.get("addressPrefixes")):
            yield _Named(str(one), address_class, 0)


def _endpoints(rows: list[Any], assumed: AddressClass | None) -> Iterator[_Named]:
    """Of Microsoft 365: what filters mail is a scanner's own, the rest are Microsoft's."""
    for row in rows:
        if not isinstance(row, dict):
            raise Invalid(f"“{str(row)[:_SHOWN]}” is no entry of a list of ranges that we know.")
        filters = any(_FILTER in str(url) for url in _listed(row.get("urls")))
        own = AddressClass.SECURITY_VENDOR if filters else AddressClass.MICROSOFT
        yield from (_Named(str(one), assumed or own, 0) for one in _listed(row.get("ips")))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

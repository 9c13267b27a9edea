"""A hit as a journal's line: what the edge writes before it answers, and the ingester reads."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, NamedTuple

from app.links.token import NOBODY, TrackedLink
from app.platform import clock
from app.tracking.callers import NOBODY as UNPLACED
from app.tracking.callers import Caller
from app.tracking.ranges import AddressClass

_USER_AGENT_CHARS = 400
_FAR = 250_000_000_000_000_000  # microseconds: the year 9892
_CLASSES = {str(one): one for one in AddressClass}
_METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"}
_PURPOSES = (b"purpose", b"x-purpose", b"x-moz")
_AHEAD = (b"prefetch", b"preview")
_RARE = frozenset((b"sec-purpose", *_PURPOSES, b"sec-gpc", b"dnt"))

_USUAL = re.compile(
    rb'\{"t":(\d{1,20}),"k":"([co])","s":(\d{1,20}),"i":(\d{1,20}),"l":(\d{1,5}),"m":"([A-Z]{1,7})",'
    rb'"u":("[^"\\]*"),"f":"([a-z]*)","c":"([a-z_]+)","a":"(\w*)"\}'
)

Headers = Mapping[bytes, bytes]


class HitKind(StrEnum):
    """Which address was asked for, whatever the verdict."""

    CLICK = "click"
    OPEN = "open"


_KINDS = {b"c": HitKind.CLICK, b"o": HitKind.OPEN}


class Sign(StrEnum):
    """What a request's headers tell beside its User-Agent. One letter each in the journal."""

    PREFETCH = "p"  # the browser says that nobody looked yet
    LANGUAGE = "l"  # Accept-Language was sent
    FETCH = "f"  # any Sec-Fetch-* was sent
    OPT_OUT = "g"  # Sec-GPC: 1 or DNT: 1


_OPT_OUT = Sign.OPT_OUT  # by way of its class it is found forty times as slowly


class Told(NamedTuple):
    """What a line keeps of a request's headers; the same for every request with the same ones."""

    fields: str  # as a journal's line has them
    opts_out: bool


def told_by(headers: Headers) -> Told:
    """What headers tell, as a line has it."""
    signs = _signs(headers)
    agent = _agent(headers.get(b"user-agent", b""))
    return Told(f'"u":{agent},"f":"{signs}"', _OPT_OUT in signs)


LinkTold = tuple[str, str]  # a line's fields of a link: whose it is, and nobody's


def link_told(kind: HitKind, link: TrackedLink) -> LinkTold:
    """What a line keeps of a link: the same for every request for it."""
    about, place = f'"k":"{kind[0]}","s":{link.set_id},"i":', f',"l":{link.link}'
    return f"{about}{link.id}{place}", f"{about}{NOBODY}{place}"


class Line(NamedTuple):
    """One answered request for a link of ours."""

    micros: int  # since 1970
    kind: HitKind
    set_id: int
    send_id: int
    link: int
    method: str
    user_agent: str
    signs: str
    address_class: str
    address_key: str

    @property
    def at(self) -> datetime:
        """When it was answered."""
        return clock.moment(self.micros)


def write(
    kind: HitKind,
    link: TrackedLink,
    *,
    method: str,
    told: Told,
    caller: Caller,
    micros: int,
) -> bytes:
    """The line of a request. Hand-made, for it is on the way of every click.

    Whoever asks not to be tracked is nobody, from nowhere.
    """
    return line_of(link_told(kind, link), method=method, told=told, caller=caller, micros=micros)


def line_of(link: LinkTold, *, method: str, told: Told, caller: Caller, micros: int) -> bytes:
    """`write`, for a link whose part is known."""
    fields, opts_out = told
    whose, nobodys = link
    if opts_out:
        whose, caller = nobodys, UNPLACED
    method = method if method in _METHODS else "OTHER"
    return f'{{"t":{micros},{whose},"m":"{method}",{fields},{caller.fields}}}'.encode()


@lru_cache(maxsize=4096)
def _agent(user_agent: bytes) -> str:
    return quoted(user_agent[:_USER_AGENT_CHARS].decode("latin-1"))


def read(payload: bytes) -> Line:
    """Read a line back. Raises ValueError for what is none."""
    usual = _USUAL.fullmatch(payload)
    try:
        return _usual(usual) if usual else _line(json.loads(payload))
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"not a hit: {error!r}") from error


def _usual(found: re.Match[bytes]) -> Line:
    """A line as `write` makes it, in a third of the time."""
    micros, kind, set_id, send_id, link, method, agent, signs, place, key = found.groups()
    return Line(
        _in_range(int(micros)),
        _KINDS[kind],
        int(set_id),
        int(send_id),
        int(link),
        _letters(method),
        _unquoted(agent),
        _letters(signs),
        _CLASSES[_letters(place)],
        key.decode(),
    )


@lru_cache(maxsize=20_000)
def _unquoted(user_agent: bytes) -> str:
    return _kept(json.loads(user_agent))


@lru_cache(maxsize=1000)
def _letters(text: bytes) -> str:
    return text.decode()


def _line(fields: Mapping[str, Any]) -> Line:
    return Line(
        _in_range(int(fields["t"])),
        HitKind.CLICK if fields["k"] == "c" else HitKind.OPEN,
        int(fields["s"]),
        int(fields["i"]),
        int(fields["l"]),
        str(fields["m"]),
        _kept(fields["u"]),
        str(fields["f"]),
        _CLASSES[fields["c"]],
        str(fields["a"]),
    )


def _in_range(micros: int) -> int:
    if not 0 <= micros < _FAR:
        raise ValueError("not a hit: its time is out of range")
    return micros


def _kept(user_agent: object) -> str:
    return str(user_agent).replace("\x00", "")  # PostgreSQL keeps no NUL


def _signs(headers: Headers) -> str:
    signs = "l" if b"accept-language" in headers else ""
    if b"sec-fetch-mode" in headers or b"sec-fetch-dest" in headers or b"sec-fetch-site" in headers:
        signs += "f"
    if _RARE.isdisjoint(headers):
        return signs
    if _is_prefetch(headers):
        signs += "p"
    if headers.get(b"sec-gpc") == b"1" or headers.get(b"dnt") == b"1":
        signs += "g"
    return signs


def _is_prefetch(headers: Headers) -> bool:
    """Chrome's header, and what older browsers send (rule 2)."""
    if headers.get(b"sec-purpose", b"").lower().startswith(b"prefetch"):
        return True
    return any(headers.get(name, b"").lower() in _AHEAD for name in _PURPOSES)

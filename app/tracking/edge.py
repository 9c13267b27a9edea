"""Record, answer, and nothing else: in front of the framework, for `/c` and `/o` only.

A hit is in the journal before its answer leaves. No session, cookie or SQL is on the way. Two doors
lead here: ASGI (`Edge` itself) and a protocol of our own (`tracking.protocol`).
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from app.links.keyring import Keyring, Kind
from app.links.token import NEVER_COUNTS, BadToken, TrackedLink, read
from app.platform import clock, meters
from app.platform.errors import NotFound, Unavailable
from app.platform.journal import Journal, JournalFull
from app.platform.meters import Meter
from app.tracking import hit_line, responses
from app.tracking.callers import Callers
from app.tracking.destinations import Destinations
from app.tracking.hit_line import HitKind, LinkTold
from app.tracking.losses import Losses
from app.tracking.range_files import RANGES, InForce
from app.tracking.request_lines import CLICK, OPEN, RequestLine, request_line
from app.tracking.responses import Answer, Header, Message, Send
from app.tracking.salts import Salts
from app.tracking.targets import TargetKind, Targets, address_of, escaped

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

Headers = Sequence[Header]  # names in lower case

_GIF = ".gif"
TRACKED = (CLICK, OPEN)
_FIXED = TargetKind.FIXED  # by way of its class it is found forty times as slowly
_HOT = 8192  # links whose signature is not checked again
_DAY_MICROS = 86_400_000_000
ANSWERED = Meter(
    "thinslice_hits_answered_total",
    "Clicks and opens that were answered and journalled, from people and machines.",
    {"kind": tuple(HitKind)},
)
REFUSED = Meter(
    "thinslice_links_refused_total",
    "Requests for tracked links that were no links of ours, or could not be looked up for now.",
    {"reason": ("invalid", "unavailable")},
)


class Head(NamedTuple):
    """The headers of a request: as they came, by name, and what a hit's line keeps of them."""

    lines: Headers
    headers: hit_line.Headers  # of those that came twice, the last
    told: hit_line.Told


def head_of(came: Headers) -> Head:
    """A head as it came."""
    headers = dict(came)
    return Head(came, headers, hit_line.told_by(headers))


# Made for each click, and therefore plain: a tuple by name takes ten times as long to make.
Asked = tuple[RequestLine, Head, str]  # a request, whichever way it came, and whose address
Reply = tuple[Answer, bytes | None]  # what is answered, and the line to be in the journal before

_AWAY: Reply = responses.AWAY, None
_NOT_FOUND: Reply = responses.NOT_FOUND, None


class Edge:
    """Answers tracked addresses; everything else goes to the app behind it."""

    def __init__(
        self,
        app: App,
        *,
        keyring: Keyring,
        destinations: Destinations,
        journal: Journal,
        public_url: str,
        trusted_proxies: Sequence[str],
        folder: Path,
        is_known: Callable[[], bool],
    ) -> None:
        self._app = app
        self._keyring = keyring
        self._destinations = destinations
        self._journal = journal
        self.recorded_soon = journal.soon  # a hit, with this turn of the loop
        self._public_url = public_url
        self._callers = Callers(
            trusted_proxies=trusted_proxies,
            salts=Salts(folder / "salts"),
            ranges=InForce(folder / RANGES),
        )
        self._losses = Losses(folder)
        self._read = lru_cache(maxsize=_HOT)(self._link)  # one link is asked for again and again
        self._is_known = is_known  # whether whoever counts knows of this folder's hits
        self._clicks = self._opens = self._invalid = self._unavailable = 0  # since they were told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's door."""
        if scope["type"] != "http" or not scope["path"].startswith(TRACKED):
            await self._app(scope, receive, send)
            return
        peer = scope["client"][0] if scope["client"] else ""
        line = request_line(scope["method"], scope["path"])
        asked = line, head_of(scope["headers"]), peer
        answer, kept = self.at_once(asked) or await self.looked_up(asked)
        if kept is not None:
            await self.record(kept)
        await responses.give(send, answer)

    def begin_day(self, micros: int) -> None:
        """Let go of yesterday's callers, if nobody has called today."""
        self._callers.begin(micros // _DAY_MICROS)

    def look_for_ranges(self) -> None:
        """Notice lists of address ranges that were loaded since."""
        self._callers.look_for_ranges()

    def add_up(self) -> None:
        """Tell what was answered since the last time: cheaper than to tell it at each click."""
        clicks, opens, self._clicks, self._opens = self._clicks, self._opens, 0, 0
        invalid, away, self._invalid, self._unavailable = self._invalid, self._unavailable, 0, 0
        for number, meter, label in (
            (clicks, ANSWERED, HitKind.CLICK),
            (opens, ANSWERED, HitKind.OPEN),
            (invalid, REFUSED, "invalid"),
            (away, REFUSED, "unavailable"),
        ):
            if number:
                meters.count(meter, label, by=number)

    def at_once(self, asked: Asked) -> Reply | None:
        """What is answered; None where it must be looked up."""
        if not self._is_known():
            self._unavailable += 1
            return _AWAY
        try:
            (_, path, is_click), _, _ = asked
            link, told = self._read(path)
            targets = self._destinations.of(link.set_id) if is_click else {}
            return None if targets is None else self._reply(asked, link, told, targets)
        except (BadToken, NotFound):
            self._invalid += 1
            return _NOT_FOUND

    async def looked_up(self, asked: Asked) -> Reply:
        """What is answered, once the database was asked where the link leads."""
        try:
            (_, path, _), _, _ = asked
            link, told = self._read(path)
            return self._reply(asked, link, told, await self._destinations.find(link.set_id))
        except (BadToken, NotFound):
            self._invalid += 1
            return _NOT_FOUND
        except Unavailable:
            self._unavailable += 1
            return _AWAY

    async def record(self, line: bytes) -> None:
        """Journal a hit. A spool that is full costs the hit, which is counted, not the answer."""
        try:
            await self._journal.kept(line)
        except (JournalFull, OSError) as error:
            self._losses.count(error)

    def lost(self, error: Exception) -> None:
        """Count a hit that `recorded_soon` took and the journal could not."""
        self._losses.count(error)

    def _link(self, path: str) -> tuple[TrackedLink, LinkTold]:
        token = path[len(CLICK) :]
        if path.startswith(CLICK):
            link, kind = read(token, Kind.CLICK, self._keyring), HitKind.CLICK
        else:
            link, kind = read(token.removesuffix(_GIF), Kind.OPEN, self._keyring), HitKind.OPEN
        return link, hit_line.link_told(kind, link)

    def _reply(self, asked: Asked, link: TrackedLink, told: LinkTold, targets: Targets) -> Reply:
        (method, _, is_click), _, _ = asked
        answer = self._redirect(targets, link) if is_click else responses.PIXEL
        if method not in responses.READING:
            answer = responses.NOT_ALLOWED
        return answer, None if link.id == NEVER_COUNTS else self._line(asked, told)

    def _redirect(self, targets: Targets, link: TrackedLink) -> Answer:
        target = targets.get(link.link)
        if target is None:
            raise NotFound("This link leads nowhere: it is not one of ours any more.")
        if target.kind is _FIXED:
            return _fixed(target.address)
        address = address_of(target, link, keyring=self._keyring, public_url=self._public_url)
        return responses.redirect(address)

    def _line(self, asked: Asked, link: LinkTold) -> bytes:
        (method, _, is_click), (lines, _, told), peer = asked
        if is_click:
            self._clicks += 1
        else:
            self._opens += 1
        micros, callers = clock.micros(), self._callers
        forwarded = _forwarded(lines) if callers.reads_forwarded else ""
        return hit_line.line_of(
            link,
            method=method,
            told=told,
            caller=callers.of(peer, forwarded, day=micros // _DAY_MICROS),
            micros=micros,
        )


@lru_cache(maxsize=4096)
def _fixed(address: str) -> Answer:
    return responses.redirect(escaped(address))


def _forwarded(headers: Headers) -> str:
    """Every `X-Forwarded-For` line, in the order in which proxies added them."""
    found = (value for name, value in headers if name == b"x-forwarded-for")
    return b",".join(found).decode("latin-1")

"""Record, answer, and nothing else: plain ASGI in front of the framework, for `/c` and `/o` only.

A hit is in the journal before its answer leaves. No session, cookie or SQL is on the way.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.links.keyring import Keyring, Kind
from app.links.token import NEVER_COUNTS, BadToken, TrackedLink, read
from app.platform import clock
from app.platform.errors import NotFound, Unavailable
from app.platform.journal import Journal, JournalFull
from app.tracking import lines, responses
from app.tracking.callers import Callers
from app.tracking.destinations import Destinations
from app.tracking.lines import HitKind
from app.tracking.losses import Losses
from app.tracking.responses import Message, Send
from app.tracking.salts import Salts
from app.tracking.targets import TargetKind, Targets, address_of, escaped

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_CLICK, _OPEN, _GIF = "/c/", "/o/", ".gif"
_TRACKED = (_CLICK, _OPEN)
_DAY_MICROS = 86_400_000_000
_PIXELS = {"GET": responses.PIXEL, "HEAD": responses.PIXEL_HEAD}


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
        self._public_url = public_url
        self._callers = Callers(trusted_proxies=trusted_proxies, salts=Salts(folder / "salts"))
        self._losses = Losses(folder)
        self._is_known = is_known  # whether whoever counts knows of this folder's hits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's door."""
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith(_TRACKED) and not self._is_known():
                await responses.give(send, responses.AWAY)
                return
            if path.startswith(_CLICK):
                await self._answer_click(scope, send, path[len(_CLICK) :])
                return
            if path.startswith(_OPEN):
                await self._answer_open(scope, send, path[len(_OPEN) :])
                return
        await self._app(scope, receive, send)

    def begin_day(self, micros: int) -> None:
        """Let go of yesterday's callers, if nobody has called today."""
        self._callers.begin(micros // _DAY_MICROS)

    async def _answer_click(self, scope: Scope, send: Send, token: str) -> None:
        try:
            link = read(token, Kind.CLICK, self._keyring)
            targets = self._destinations.of(link.set_id)
            if targets is None:
                targets = await self._destinations.find(link.set_id)
            start = self._redirect(targets, link)
        except (BadToken, NotFound):
            await responses.give(send, responses.NOT_FOUND)
            return
        except Unavailable:
            await responses.give(send, responses.AWAY)
            return
        if link.id != NEVER_COUNTS:
            await self._record(scope, HitKind.CLICK, link)
        if scope["method"] not in responses.READING:
            await responses.give(send, responses.NOT_ALLOWED)
            return
        await send(start)
        await send(responses.NO_BODY)

    async def _answer_open(self, scope: Scope, send: Send, name: str) -> None:
        try:
            link = read(name.removesuffix(_GIF), Kind.OPEN, self._keyring)
        except BadToken:
            await responses.give(send, responses.NOT_FOUND)
            return
        if link.id != NEVER_COUNTS:
            await self._record(scope, HitKind.OPEN, link)
        await responses.give(send, _PIXELS.get(scope["method"], responses.NOT_ALLOWED))

    def _redirect(self, targets: Targets, link: TrackedLink) -> Message:
        target = targets.get(link.link)
        if target is None:
            raise NotFound("This link leads nowhere: it is not one of ours any more.")
        if target.kind is TargetKind.FIXED:
            return _fixed(target.address)
        address = address_of(target, link, keyring=self._keyring, public_url=self._public_url)
        return responses.redirect(address)

    async def _record(self, scope: Scope, kind: HitKind, link: TrackedLink) -> None:
        """Journal a hit. A spool that is full costs the hit, which is counted, not the answer."""
        try:
            await self._journal.kept(self._line(scope, kind, link))
        except (JournalFull, OSError) as error:
            self._losses.count(error)

    def _line(self, scope: Scope, kind: HitKind, link: TrackedLink) -> bytes:
        headers = dict(scope["headers"])
        micros = clock.micros()
        peer = scope["client"][0] if scope["client"] else ""
        forwarded = _forwarded(scope) if self._callers.reads_forwarded else ""
        return lines.write(
            kind,
            link,
            method=scope["method"],
            headers=headers,
            caller=self._callers.of(peer, forwarded, day=micros // _DAY_MICROS),
            micros=micros,
        )


@lru_cache(maxsize=4096)
def _fixed(address: str) -> Message:
    return responses.redirect(escaped(address))


def _forwarded(scope: Scope) -> str:
    """Every `X-Forwarded-For` line, in the order in which proxies added them."""
    found = (value for name, value in scope["headers"] if name == b"x-forwarded-for")
    return b",".join(found).decode("latin-1")

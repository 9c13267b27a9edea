"""Halvern's customers, and the machines before them: they read the outbox and ask over HTTP.

Nothing here touches a hit, a verdict or a counter; a click of theirs is a request like any other.
"""

import heapq
import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Event

import httpx

from app.delivery import mail_store
from app.delivery.models import OutboxMail
from app.platform.db import Database

_LINK = re.compile(rb"https?://[^\s\"'<>)]+/c/[A-Za-z0-9_-]+")
_PIXEL = re.compile(rb"https?://[^\s\"'<>)]+/o/[A-Za-z0-9_-]+\.gif")
_FIRST_CLICK_SECONDS = 8.0  # so that whoever launches the draft sees life before they look away
_READS_FOR_SECONDS = 240.0  # the mean time until somebody reads their mail, in a demo's haste
_CLICKS_SHARE = 0.11  # of the people who get a mail
_OPENS_SHARE = 0.4

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/141.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
APPLE_PRIVACY = "Mozilla/5.0"  # what Apple's proxy sends, and nothing more
GMAIL_PROXY = (
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
)
LIBRARY = "python-requests/2.32.5"  # a gateway that follows links with a plain HTTP library


@dataclass(order=True, frozen=True, slots=True)
class Visit:
    """One request that will be made."""

    at: float  # seconds of the monotonic clock
    address: str
    agent: str


@dataclass
class Customers:
    """Everybody who gets Halvern's mail."""

    database: Database
    rng: random.Random
    seen: str  # the id of the last mail that was looked at
    waiting: list[Visit] = field(default_factory=list)
    greeted: set[str] = field(default_factory=set)

    def live(self, stopping: Event) -> None:
        """Read mail and click until told to stop."""
        with httpx.Client(timeout=5, follow_redirects=False) as client:
            while not stopping.is_set():
                self.read_mail()
                self.click_what_is_due(client)
                stopping.wait(0.3)

    def read_mail(self) -> None:
        """Plan what follows from each new mail."""
        with self.database.read() as session:
            mails = mail_store.outbox_after(session, self.seen, limit=500)
        for mail in mails:
            self.seen = mail.id
            for visit in self.plan(mail, now=time.monotonic()):
                heapq.heappush(self.waiting, visit)

    def click_what_is_due(self, client: httpx.Client) -> None:
        """Make each request whose time has come."""
        while self.waiting and self.waiting[0].at <= time.monotonic():
            visit = heapq.heappop(self.waiting)
            try:
                client.get(visit.address, headers=_headers(visit.agent))
            except httpx.TransportError:
                heapq.heappush(self.waiting, Visit(visit.at + 5, visit.address, visit.agent))
                return  # the service is not up at the moment; a customer tries again

    def plan(self, mail: OutboxMail, *, now: float) -> Iterator[Visit]:
        """Who looks at this mail, when, with what: the machines first, then perhaps a person."""
        if mail.send_id is None:
            return  # a test mail is nobody's
        raw = _decoded(mail.raw)
        links = [link.decode() for link in dict.fromkeys(_LINK.findall(raw))]
        pixels = [pixel.decode() for pixel in _PIXEL.findall(raw)]
        yield from self._machines(mail, links, pixels, now)
        yield from self._person(mail, links, pixels, now)

    def _machines(
        self, mail: OutboxMail, links: list[str], pixels: list[str], now: float
    ) -> Iterator[Visit]:
        host = mail.recipient.rpartition("@")[2]
        if host == "scanned.example":
            for number, link in enumerate(links):
                yield Visit(now + 1 + number * 0.2, link, LIBRARY)
        agents = {"icloud.example": APPLE_PRIVACY, "gmail.example": GMAIL_PROXY}
        if host in agents and pixels:
            yield Visit(now + self.rng.uniform(1, 30), pixels[0], agents[host])

    def _person(
        self, mail: OutboxMail, links: list[str], pixels: list[str], now: float
    ) -> Iterator[Visit]:
        first = mail.experiment_id not in self.greeted and not mail.recipient.endswith(
            "scanned.example"
        )
        after = _FIRST_CLICK_SECONDS if first else 4 + self.rng.expovariate(1 / _READS_FOR_SECONDS)
        agent = self.rng.choice((CHROME, CHROME, IPHONE))
        if first:
            self.greeted.add(mail.experiment_id or "")
        if pixels and self.rng.random() < _OPENS_SHARE:
            yield Visit(now + after - 2, pixels[0], agent)
        if links and (first or self.rng.random() < _CLICKS_SHARE):
            yield Visit(now + after, links[0], agent)


def _headers(agent: str) -> dict[str, str]:
    if agent == LIBRARY:
        return {"User-Agent": agent, "Accept": "*/*"}
    return {
        "User-Agent": agent,
        "Accept": "text/html,application/xhtml+xml,image/avif,*/*;q=0.8",
        "Accept-Language": "nb-NO,nb;q=0.9,en;q=0.8",
        "Sec-Fetch-Mode": "navigate",
    }


def _decoded(raw: bytes) -> bytes:
    """The HTML part as a mail program reads it."""
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    part = mail.get_body(("html", "plain"))
    return part.get_content().encode() if part is not None else b""

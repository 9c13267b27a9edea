"""Customers of a fleet, in threads of their own, and the ledger that they alone keep."""

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.serve import BROWSER, Mailbox, links_in, wait_until

EVENT = "order"
_PIXEL = re.compile(r"http://\S+/o/[^\"]+\.gif")
_HEADERS = {"User-Agent": BROWSER, "Accept": "text/html,*/*", "Accept-Language": "en"}
_READ_SECONDS = 3.0  # within two of its arrival nobody reads a mail (rule 11)
_PAUSE_SECONDS = 0.06  # between two acts of somebody, at most
_FOUND, _OK = httpx.codes.FOUND, httpx.codes.OK


@dataclass(frozen=True)
class Letter:
    """A mail as its reader has it: paths of its first link, its picture and the way out."""

    to: str
    link: str
    pixel: str
    way_out: str
    since: float


@dataclass(frozen=True)
class Count:
    """Requests by address: those that were answered; those that broke off, and may count."""

    sure: Counter[str] = field(default_factory=Counter)
    maybe: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Ledger:
    """What was answered."""

    clicks: Count = field(default_factory=Count)
    opens: Count = field(default_factory=Count)
    looks: Count = field(default_factory=Count)  # at the way out, without taking it
    ordered: dict[str, str] = field(default_factory=dict)  # whose, by id
    left: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)  # answers that nobody may get
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def broke_off(self) -> int:
        return sum(one.maybe.total() for one in (self.clicks, self.opens, self.looks))

    def note(self, counted: Counter[str], address: str) -> None:
        with self.lock:
            counted[address] += 1

    def __str__(self) -> str:
        return (
            f"{self.clicks.sure.total()} clicks, {self.opens.sure.total()} opens,"
            f" {self.looks.sure.total()} looks at the way out, {len(self.ordered)} orders and"
            f" {len(self.left)} who left answered, {self.broke_off} broke off"
        )


@dataclass
class Customers:
    """People who click, see pictures, order and leave, at whichever machine answers them."""

    mailbox: Mailbox
    addresses: Sequence[str]  # of machines
    token: str
    ledger: Ledger = field(default_factory=Ledger)
    letters: list[Letter] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    read: int = 0  # mails of the mailbox

    @contextmanager
    def at_work(self, number: int, *, seed: int) -> Iterator[None]:
        """So many, while the block runs; whatever one of them stumbled over is raised after it."""
        self.over.clear()
        with ThreadPoolExecutor(number + 1) as pool:
            lives = [
                pool.submit(self._live, random.Random(f"{seed} {one}")) for one in range(number)
            ]
            lives.append(pool.submit(self._open_letters))
            try:
                yield
            finally:
                self.over.set()
        for one in lives:
            one.result()

    def _open_letters(self) -> None:
        """Mails as they arrive; one thread reads for all."""
        while not self.over.wait(0.05):
            for to, mail in self.mailbox.mails(self.read):
                self.read += 1
                part = mail.get_body(("html",))
                pixel = _PIXEL.search(part.get_content()) if part else None
                assert pixel, f"a mail to {to} without a picture"
                letter = Letter(
                    to,
                    link=_path(links_in(mail)[0]),
                    pixel=_path(pixel[0]),
                    way_out=_path(mail["List-Unsubscribe"].strip("<>")),
                    since=time.monotonic(),
                )
                self.letters.append(letter)

    def _live(self, rng: random.Random) -> None:
        acts: list[Callable[[Visitor, Letter], None]] = [*_ACTS]
        with httpx.Client(headers=_HEADERS, timeout=30) as client:
            visitor = Visitor(self, client, rng)
            while not self.over.wait(rng.uniform(0, _PAUSE_SECONDS)):
                letters = self.letters[:]
                letter = rng.choice(letters) if letters else None
                if letter and time.monotonic() > letter.since + _READ_SECONDS:
                    rng.choices(acts, list(_ACTS.values()))[0](visitor, letter)


@dataclass(frozen=True)
class Visitor:
    """One of them, with a connection and a mind of their own."""

    among: Customers
    client: httpx.Client
    rng: random.Random

    def click(self, letter: Letter) -> None:
        self._ask(letter.link, _FOUND, letter.to, self.among.ledger.clicks)

    def open(self, letter: Letter) -> None:
        self._ask(letter.pixel, _OK, letter.to, self.among.ledger.opens)

    def look(self, letter: Letter) -> None:
        self._ask(letter.way_out, _OK, letter.to, self.among.ledger.looks)

    def leave(self, letter: Letter) -> None:
        """By one click in their mail program, which tries again."""
        self._until_taken(letter.way_out, (_OK,), data={"List-Unsubscribe": "One-Click"})
        self.among.ledger.left.add(letter.to)

    def order(self, letter: Letter) -> None:
        """Their shop tells it, under the same id until somebody has taken it."""
        ledger = self.among.ledger
        with ledger.lock:
            key = f"order-{len(ledger.ordered)}"
            ledger.ordered[key] = letter.to
        body = {"id": key, "event": EVENT, "email": letter.to, "value": 3}
        token = {"Authorization": f"Bearer {self.among.token}"}
        taken = (_OK, httpx.codes.CREATED)
        self._until_taken("/api/v1/conversions", taken, json=body, headers=token)

    def _ask(self, path: str, expected: int, to: str, count: Count) -> None:
        """Whoever is not answered by one asks another, as a balancer of load does."""
        for machine in self._machines():
            try:
                answer = self.client.get(machine + path)
            except httpx.TransportError:
                self.among.ledger.note(count.maybe, to)
                continue
            if answer.status_code == expected:
                self.among.ledger.note(count.sure, to)
                return
            self._refused(path, answer)
        self.among.ledger.refused.append(f"nobody answered {path[:3]}")

    def _until_taken(self, path: str, taken: tuple[int, ...], **sent: Any) -> None:
        def asked() -> bool:
            try:
                answer = self.client.post(self._machines()[0] + path, **sent)
            except httpx.TransportError:
                return False
            if answer.status_code not in taken:
                self._refused(path, answer)
            return answer.status_code in taken

        wait_until(asked, seconds=60, what=f"an answer to {path[:24]}")

    def _refused(self, path: str, answer: httpx.Response) -> None:
        said = f"{answer.url.port}{path[:3]}: {answer.status_code} {answer.text[:200]}"
        self.among.ledger.refused.append(said)

    def _machines(self) -> list[str]:
        return self.rng.sample(self.among.addresses, len(self.among.addresses))


_ACTS = {  # how often each is done beside the others
    Visitor.click: 48, Visitor.open: 20, Visitor.look: 4, Visitor.order: 4, Visitor.leave: 1,
}  # fmt: skip


def _path(link: str) -> str:
    return httpx.URL(link).raw_path.decode()

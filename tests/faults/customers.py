"""Customers of a fleet, in threads of their own, and the ledger that they alone keep."""

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.serve import BROWSER, Mailbox, links_in

EVENT = "order"
_PIXEL = re.compile(r"http://\S+/o/[^\"]+\.gif")
_HEADERS = {"User-Agent": BROWSER, "Accept": "text/html,*/*", "Accept-Language": "en"}
_READ_SECONDS = 3.0  # within two of its arrival nobody reads a mail (rule 11)
_PAUSE_SECONDS = 0.06  # between two acts of somebody, at most
_ACTS, _WEIGHTS = ("click", "open", "order"), (12, 5, 1)


@dataclass(frozen=True)
class Letter:
    """A mail as its reader has it: paths of its first link and of its picture."""

    to: str
    link: str
    pixel: str
    since: float


@dataclass
class Ledger:
    """What was answered, by address; and what broke off, and may count or not."""

    clicked: Counter[str] = field(default_factory=Counter)
    maybe_clicked: Counter[str] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    maybe_opened: Counter[str] = field(default_factory=Counter)
    ordered: dict[str, str] = field(default_factory=dict)  # whose, by id
    refused: list[str] = field(default_factory=list)  # answers that nobody may get
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, what: Counter[str], address: str) -> None:
        with self.lock:
            what[address] += 1


@dataclass
class Customers:
    """People who click, see pictures and order, at whichever machine answers them."""

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
        while not self.over.is_set():
            for to, mail in self.mailbox.mails(self.read):
                self.read += 1
                part = mail.get_body(("html",))
                pixel = _PIXEL.search(part.get_content()) if part else None
                assert pixel, f"a mail to {to} without a picture"
                paths = _path(links_in(mail)[0]), _path(pixel[0])
                self.letters.append(Letter(to, *paths, time.monotonic()))
            self.over.wait(0.05)

    def _live(self, rng: random.Random) -> None:
        with httpx.Client(headers=_HEADERS, timeout=30) as client:
            while not self.over.wait(rng.uniform(0, _PAUSE_SECONDS)):
                letters = self.letters[:]
                letter = rng.choice(letters) if letters else None
                if letter is None or time.monotonic() < letter.since + _READ_SECONDS:
                    continue
                act = rng.choices(_ACTS, _WEIGHTS)[0]
                if act == "order":
                    self._order(client, letter, rng)
                else:
                    self._ask(client, letter, rng.choice(self.addresses), act)

    def _ask(self, client: httpx.Client, letter: Letter, machine: str, act: str) -> None:
        ledger = self.ledger
        path, expected, answered, maybe = (
            (letter.link, httpx.codes.FOUND, ledger.clicked, ledger.maybe_clicked)
            if act == "click"
            else (letter.pixel, httpx.codes.OK, ledger.opened, ledger.maybe_opened)
        )
        try:
            answer = client.get(machine + path)
        except httpx.TransportError:
            ledger.note(maybe, letter.to)  # killed: nobody was answered
            return
        if answer.status_code == expected:
            ledger.note(answered, letter.to)
        else:
            ledger.note(maybe, letter.to)
            ledger.refused.append(f"{machine}{path[:4]}: {answer.status_code} {answer.text[:200]}")

    def _order(self, client: httpx.Client, letter: Letter, rng: random.Random) -> None:
        """Their shop tells it: again, under the same id, until somebody has taken it."""
        with self.ledger.lock:
            key = f"order-{len(self.ledger.ordered)}"
            self.ledger.ordered[key] = letter.to
        body = {"id": key, "event": EVENT, "email": letter.to, "value": 3}
        headers = {"Authorization": f"Bearer {self.token}"}
        for _ in range(600):
            url = f"{rng.choice(self.addresses)}/api/v1/conversions"
            try:
                answer = client.post(url, json=body, headers=headers)
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            if answer.status_code in {200, 201}:
                return
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                self.ledger.refused.append(f"{url}: {answer.status_code} {answer.text[:200]}")
                return
            time.sleep(0.1)
        raise AssertionError(f"nobody took {key} in a minute")


def _path(link: str) -> str:
    return httpx.URL(link).raw_path.decode()

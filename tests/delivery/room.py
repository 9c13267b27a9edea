"""The delivery room under random operations: machines, a mail server with moods, and a ledger.

The ledger is the server's own: what it took, however our rows came to think of it.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from app.delivery import queue_store
from app.delivery.mail.mime import Mail
from app.delivery.recovery import Predecessors
from app.delivery.replies import Reply, Stage
from app.delivery.rests import Rests
from app.delivery.sending import Sender
from app.delivery.silence import Silence
from app.delivery.transports.ports import Attempting
from app.delivery.transports.terms import ANY
from app.experiments import lifecycle
from app.experiments import store as experiments
from app.platform.config import Durability
from app.platform.db import Database
from app.platform.journal import Journal
from app.platform.queueing import Rank
from tests.delivery.scenes import KEYS, NOW, SETTINGS, Ticks
from tests.duties import give_up, pass_over, recover, shorten

Meanwhile = Callable[[], Awaitable[None]]


class KilledError(BaseException):
    """As sudden as a signal that nobody can catch."""


class AwayError(Exception):
    """The database does not answer."""


class Flaky(Database):
    """Loses a connection before a commit, or its answer after one, where its mood says so."""

    mood: Callable[[], str] = staticmethod(lambda: "")

    @contextmanager
    def write(self, rank: Rank | None = None) -> Iterator[Session]:
        mood = self.mood()
        if mood == "away":
            raise AwayError
        with super().write(rank) as session:
            yield session
        if mood == "answer lost":
            raise AwayError


@dataclass
class Server:
    """A mail server. `taken` is what it has, `put_off` how often it said later, by recipient."""

    rng: random.Random
    taken: Counter[str] = field(default_factory=Counter)
    put_off: Counter[str] = field(default_factory=Counter)
    moods: tuple[str, ...] = ("good",)

    async def hear(self, mail: Mail, attempting: Attempting, meanwhile: Meanwhile) -> Reply:
        mood = self.rng.choice(self.moods)
        if mood in _AT_RECIPIENT:
            return self._said(mail, *_AT_RECIPIENT[mood], Stage.RECIPIENT)
        if mood == "killed before":
            raise KilledError
        if mood == "slow before":
            await meanwhile()
        await attempting()
        if mood == "slow after":
            await meanwhile()
        if mood in _AT_MESSAGE:
            return self._said(mail, *_AT_MESSAGE[mood], Stage.MESSAGE)
        if self.rng.random() < 0.5 or mood not in _BROKEN:
            self.taken[mail.recipient] += 1
        if mood in _BROKEN:
            return _BROKEN[mood]()
        return Reply(250, "2.0.0 taken", Stage.MESSAGE)

    def _said(self, mail: Mail, code: int, text: str, stage: Stage) -> Reply:
        self.put_off[mail.recipient] += 421 < code < 500
        return Reply(code, text, Stage.SENDER if code == 421 else stage)


def _killed() -> Reply:
    raise KilledError


def _defect() -> Reply:
    raise ValueError("a transport with a defect")


_AT_RECIPIENT = {
    "greylisted": (450, "4.7.1 later"),
    "full": (452, "4.2.2 over quota"),
    "nobody": (550, "5.1.1 no such user"),
    "going down": (421, "4.3.2 shutting down"),
    "not us": (550, "5.7.1 relay not permitted"),
}
_AT_MESSAGE = {"later": (451, "4.3.0 later"), "content": (554, "5.6.0 looks like spam")}
_BROKEN: dict[str, Callable[[], Reply]] = {
    "lost": lambda: Reply(0, "no reply", Stage.LOST),
    "killed after": _killed,
    "defect": _defect,
}
MOODS = (
    *("good",) * 12,
    *("slow before", "slow after") * 2,
    *("killed before", "killed after"),
    *_AT_RECIPIENT,
    *_AT_MESSAGE,
    *("lost", "defect"),
)


class Machine:
    """One data folder with, mostly, a sender that lives; its clock may be set."""

    name = "mx.example"
    terms = ANY

    def __init__(self, url: str, folder: Path, server: Server, ticks: Ticks) -> None:
        self.database = Flaky(url)
        self.meanwhile: Meanwhile = _nothing
        self.offset = timedelta()
        self.lanes = 2
        self.troubles = 0
        self._folder = folder
        self._server = server
        self._ticks = ticks
        self._sender: Sender | None = None
        self._journal: Journal | None = None
        self._busy = False
        self._watchers()

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self._ticks()) + self.offset

    async def close(self) -> None:
        """Part of being a transport."""

    async def send(self, mail: Mail, attempting: Attempting) -> Reply:
        await asyncio.sleep(0)
        return await self._server.hear(mail, attempting, self.meanwhile)

    async def step(self) -> None:
        """One batch of a living sender; a dead one is started again first."""
        if self._busy:
            return  # in the middle of one
        self._busy = True
        try:
            if self._sender is None:
                self._watch()
                self._start()
            assert self._sender is not None
            await self._sender.step(self.now())
        except* KilledError:
            self.kill()
        except* (AwayError, ValueError):
            self.troubles += 1  # the worker tries again
        finally:
            self._busy = False

    def kill(self) -> None:
        """The process ends: its locks are free, its lines stay."""
        if self._journal is not None:
            self._journal.close()
        self._sender = self._journal = None
        self._watchers()

    def look_around(self) -> None:
        """What the other threads of a worker do: settle, bring back, pass over."""
        if self._sender is None:
            return
        try:
            self._watch()
        except AwayError:
            return

    def _watch(self) -> None:
        now, ticks = self.now(), self._ticks()
        recover(self._dead, now, ticks=ticks)
        give_up(self.database, self._silence, now, ticks=ticks)
        shorten(self.database, self._rests, now, ticks=ticks)
        pass_over(self.database, now)

    def _watchers(self) -> None:
        """They know nothing after a start."""
        self._dead = Predecessors(self.database, self._folder)
        self._silence = Silence(self.database, self._folder)
        self._rests = Rests(self.database)

    def _start(self) -> None:
        self._journal = Journal.open(self._folder, durability=Durability.PROCESS, limit=10**8)
        self._sender = Sender(self.database, SETTINGS, KEYS, self._journal, self, ticks=self._ticks)


def move(database: Database, experiment_id: str, name: str, *, now: datetime) -> None:
    """What a person may do with it just now; nothing where it may not be done."""
    with database.write() as session:
        experiment = experiments.locked(session, experiment_id)
        sources, _ = lifecycle.MOVES[name]
        if experiment.status in sources:
            _MOVES[name](session, experiment, now=now)


def open_wave(database: Database, experiment_id: str) -> None:
    with database.write() as session:
        experiments.locked(session, experiment_id).open_wave = 1


def finish(database: Database, experiment_id: str, *, now: datetime) -> None:
    """As the scheduler does once nobody waits for a release."""
    with database.read() as session:
        done = experiment_id in queue_store.all_released(session)
    if done:
        with database.write() as session:
            lifecycle.begin_measuring(session, experiment_id, now=now)


_MOVES: dict[str, Callable[..., None]] = {
    "paused": lifecycle.pause,
    "resumed": lifecycle.resume,
    "cancelled": lifecycle.cancel,
}


async def _nothing() -> None:
    """Nothing happens meanwhile."""

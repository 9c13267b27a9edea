"""A town under random operations: what is true of it, as far as whoever did it can know.

Its operations stand in `people`, `authors`, `keepers` and `troubles`; each notes here what it did
and what came back. At the end the reckoning compares all of it with the rows.
"""

import random
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
from aiosmtpd.smtp import Envelope
from sqlmodel import col, select

from app.audience.models import Person
from app.delivery.models import Send, State
from app.experiments.models import ENDED, Status
from app.identity import passwords, users
from app.platform import clock, config
from app.platform.db import Database
from app.tally.models import Outcome
from tests.cast import made
from tests.faults.hooks import Receiver
from tests.faults.scenes import PASSWORD, logged_in
from tests.journeys.test_by_api import given_a_key_result
from tests.serve import BREAKS_OFF, Installation, Mailbox, wait_until

EVENT = "order"
APPROVE_ABOVE = 14  # people: half of the town may be mailed by one person alone
GUEST = "guest"  # who is invited to work here
_FOR_NOW = ("450 4.2.1 try later", "452 4.2.2 full")
_AT_LAST = (None, None, None, None, None, "550 5.1.1 nobody", "554 5.7.1 no", BREAKS_OFF)
_OF_HITS = ("clicked_at", "clicks", "did_at", "converted", "value", "capped", "opened_at")


def address_of(number: int) -> str:
    return f"p{number:04}@bakery.example"


def signs_of(address: str) -> tuple[str, str]:
    """What would lead to somebody: their address, and the name in their line of a file."""
    number = address[1:5]
    return f"p{number}@bakery", f"Baker {number}"


@dataclass
class Run:
    """An experiment, as its authors know it. Its name is the subject of its mails."""

    id: str
    name: str
    is_cooling: bool = False
    was_approved: bool = False  # by a second person, as far as anybody was told
    status: str = Status.DRAFT
    was_launched: bool = False


@dataclass(frozen=True)
class Silence:
    """From that moment on nobody is sent this any more."""

    why: str
    to: str | None
    subject: str | None
    mails: int = 0

    def holds(self, to: str, subject: str) -> bool:
        return self.to in {None, to} and self.subject in {None, subject}


@dataclass
class Gone:
    """Somebody who was erased: the id that stays in rows, and the numbers that stay."""

    person_id: str
    numbers: dict[int, tuple[Any, ...]]


@dataclass
class Town:
    """Whom there is, what was asked of a running installation, and what it answered."""

    service: Installation
    mailbox: Mailbox
    seed: int
    people: int
    receiver: Receiver  # of webhooks
    rng: random.Random = field(default_factory=random.Random)  # of the step under way
    runs: dict[str, Run] = field(default_factory=dict)  # by id, removed ones left out
    removed: set[str] = field(default_factory=set)  # drafts and users
    audience: str = ""
    key_result: str = ""
    feature: str = ""
    slices: list[str] = field(default_factory=list)  # titles, in their order
    invited: dict[str, str] = field(default_factory=dict)  # roles by address
    hook: str = ""  # enabled, disabled, or none
    owed: set[tuple[str, str]] = field(default_factory=set)  # kinds and subjects it is to be told
    cells: dict[str, dict[str, str]] = field(default_factory=dict)  # of the file, by address
    refused_at: dict[str, datetime] = field(default_factory=dict)  # who does not want to be tracked
    ever_refused: set[str] = field(default_factory=set)  # a mail of then asks them nothing
    gone: dict[str, Gone] = field(default_factory=dict)  # by address
    back: list[tuple[str, Gone]] = field(default_factory=list)  # who was gone, and came again
    whose: dict[str, str] = field(default_factory=dict)  # who did what before they were erased
    said: dict[tuple[str, str], tuple[bool | None, str]] = field(default_factory=dict)  # on the
    # answer page, by name of the experiment and address; of whoever is there
    shared: dict[str, Any] = field(default_factory=dict)  # links to readouts, by their id
    silences: list[Silence] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)  # requests by link that got an answer
    unsure: Counter[str] = field(default_factory=Counter)  # those that broke off
    told: dict[str, dict[str, Any]] = field(default_factory=dict)  # conversions that were taken
    values: dict[str, float] = field(default_factory=dict)  # of the key result, by day
    unkept: set[str] = field(default_factory=set)  # … of whoever was erased before
    tries: Counter[str] = field(default_factory=Counter)  # of mails, at the server
    ahead: timedelta = timedelta()
    set_back: bool = False
    did: list[str] = field(default_factory=list)  # the operations, in their order

    def __post_init__(self) -> None:
        url = config.load(data_dir=self.service.data, database_url=self.service.database_url)
        self.database = Database(url.database)
        self.cells = {address_of(number): _cells(number) for number in range(self.people)}
        self.mailbox.rule = self._reply
        self._stack = ExitStack()
        self.page: httpx.Client  # of somebody who is logged in, once it has begun

    @property
    def now(self) -> datetime:
        """The moment that its processes live in."""
        return clock.now() + self.ahead

    def ask(self, api: httpx.Client, method: str, path: str, **sent: Any) -> httpx.Response | None:
        """The answer; None where whoever would have given it was killed, or is overwhelmed."""
        try:
            answer = api.request(method, path, **sent)
        except httpx.TransportError:
            wait_until(self.service.is_ready, what="a service that is back")
            return None
        assert answer.status_code != httpx.codes.INTERNAL_SERVER_ERROR, (path, answer.text)
        return None if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE else answer

    def read(self, api: httpx.Client, path: str, **query: Any) -> dict[str, Any]:
        """What is there, however often one has to ask."""
        answer = wait_until(lambda: self.ask(api, "GET", path, params=query), what=path)
        assert answer.is_success, (path, answer.text)
        return dict(answer.json())

    def every(self, api: httpx.Client, path: str) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        found, cursor = [], None
        while True:
            query = {"limit": 1000} | ({"cursor": cursor} if cursor else {})
            page = self.read(api, path, **query)
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                return found

    def look(self, api: httpx.Client, run: Run) -> str:
        """Where it stands; one that has ended stays so."""
        status = str(self.read(api, f"/experiments/{run.id}")["status"])
        if run.status in ENDED:
            assert status == run.status, run
        run.status = status
        return status

    def launched(self) -> list[Run]:
        return [run for run in self.runs.values() if run.was_launched]

    def any_run(self) -> Run:
        return self.rng.choice(sorted(self.launched(), key=lambda run: run.name))

    def any_address(self) -> str:
        return self.rng.choice(sorted(self.cells))

    def subjects(self) -> dict[str, str]:
        """Names by id, of whatever was launched."""
        return {run.id: run.name for run in self.launched()}

    def nobody_further(self, why: str, *, to: str | None = None, run: Run | None = None) -> None:
        """Once no such mail is under way any more, those that there are stay all there are."""
        wait_until(lambda: not self._under_way(to, run), what=f"no mail under way ({why})")
        silence = Silence(why, to, run.name if run else None)
        self.silences.append(replace(silence, mails=self.mails_in(silence)))

    def ever_gone(self) -> list[tuple[str, Gone]]:
        """Whoever was erased, also those who came again as somebody new."""
        return [*self.back, *self.gone.items()]

    def mails_in(self, silence: Silence) -> int:
        mails = self.mailbox.mails()
        return sum(silence.holds(to, str(mail["Subject"])) for to, mail in mails)

    def person_id(self, address: str) -> str | None:
        with self.database.read() as session:
            return session.scalar(select(Person.id).where(Person.email == address))

    def numbers_of(self, person_id: str) -> dict[int, tuple[Any, ...]]:
        """What results have of somebody, by send."""
        with self.database.read() as session:
            mine = select(Outcome).join(Send, col(Send.id) == col(Outcome.send_id))
            rows = session.scalars(mine.where(Send.person_id == person_id))
            return {one.send_id: tuple(getattr(one, name) for name in _OF_HITS) for one in rows}

    def _under_way(self, to: str | None, run: Run | None) -> bool:
        question = select(Send.id).where(Send.state == State.SENDING)
        if run is not None:
            question = question.where(Send.experiment_id == run.id)
        if to is not None:
            person_id = self.gone[to].person_id if to in self.gone else self.person_id(to)
            question = question.where(Send.person_id == person_id)
        with self.database.read() as session:
            return session.scalars(question).first() is not None

    def _reply(self, address: str, envelope: Envelope) -> str | None:
        """For now, for good, without an answer, or at once: each mail has its own fate."""
        assert isinstance(envelope.content, bytes)
        if address.startswith(GUEST):
            return "550 5.1.1 nobody"  # what is not of an experiment stays out of its ledger
        subject = envelope.content.partition(b"Subject: ")[2].partition(b"\r\n")[0]
        key = f"{self.seed} {address} {subject!r}"
        mine = random.Random(key)
        self.tries[key] += 1
        if self.tries[key] <= mine.choice([0, 0, 0, 1, 2]):
            return mine.choice(_FOR_NOW)
        return mine.choice(_AT_LAST)

    def restart(self, **later: float) -> None:
        """Stop it in order, and start it when the clock is elsewhere."""
        self.service.stop()
        self.ahead += timedelta(**later)
        self.start()

    def start(self) -> None:
        self.service.at = self.now
        self.service.start()

    def begin(self, api: httpx.Client) -> None:
        """An audience, a key result, and two who log in: one reads pages, one may be removed."""
        self.page = self._stack.enter_context(logged_in(self.service))
        with self.database.write() as session:
            cem = {"email": "cem@halvern.example", "name": "Cem", "role": "viewer"}
            users.add(session, **cem, password=passwords.hashed(PASSWORD), now=self.now)
        self.key_result = given_a_key_result(api)
        feature = {"title": "A list of bread", "key_result_id": self.key_result}
        self.feature = str(made(api.post("/features", json=feature))["id"])
        self.audience = str(made(api.post("/audiences", json={"name": "Bakers"}))["id"])

    def close(self) -> None:
        self._stack.close()
        self.database.close()


def _cells(number: int) -> dict[str, str]:
    return {"name": f"Baker {number:04}", "euros": str(40 + number % 30), "consent_click": ""}

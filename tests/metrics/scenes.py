"""One experiment from its draft to its frozen readout, with hits and conversions that are real.

People are planned, mailed (without a mail server), click and open through a journal that the
ingester reads, and convert through the API. What each of them did is counted here, too.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from app.analysis import look_worker
from app.delivery import planning, releasing
from app.delivery.facts import DeliveryFacts
from app.delivery.inbox import came_back
from app.delivery.inbox.reading import CameBack, What
from app.delivery.inbox.replying import Answer
from app.delivery.inbox.written import Written
from app.delivery.models import Send, State
from app.delivery.settling import Reserved
from app.experiments.models import Experiment, Status
from app.links.token import TrackedLink
from app.platform.config import Durability, Privacy
from app.platform.db import Database
from app.platform.journal import Journal
from app.tally import store as tally
from app.tracking import hit_line
from app.tracking.callers import Caller
from app.tracking.hit_line import HitKind
from app.tracking.ingest import ingest_once
from app.tracking.ranges import AddressClass
from tests.duties import write_due
from tests.experiments.scenes import settle

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BROWSER = b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BODY = (
    'Hello. [Show me](https://shop.example/list "show") [How](https://shop.example/how "policies")'
)


@dataclass(frozen=True)
class Person:
    """Somebody enrolled, and what they will do: one in so many of each arm."""

    send_id: int
    email: str
    arm: str
    place: int  # within the arm

    @property
    def mailed(self) -> bool:
        return self.arm != "holdout"

    @property
    def clicks_first(self) -> bool:
        return self.mailed and self.place % 4 == (0 if self.arm == "insight" else 1)

    @property
    def clicks_named(self) -> bool:
        return self.mailed and self.place % 7 == 3

    @property
    def opens(self) -> bool:
        return self.mailed and self.place % (3 if self.arm == "insight" else 2) == 1

    @property
    def writes(self) -> bool:
        return self.mailed and self.place % (5 if self.arm == "insight" else 3) == 2

    @property
    def converts(self) -> bool:
        return self.place % (2 if self.mailed else 3) == 0

    @property
    def value(self) -> float:
        """Every fifth who converts brings nothing."""
        return 0.0 if self.place % 5 == 4 else 10.0 + self.place % 7

    def did(self, metric: Mapping[str, Any]) -> bool:
        """What the metric names."""
        kind = metric["kind"]
        if kind == "click_rate":
            return self.clicks_named if metric.get("link") else self.clicks_first
        if kind == "open_rate":
            return self.opens
        if kind == "reply_rate":
            return self.writes
        return self.converts and (kind == "conversion_rate" or self.value != 0)


@dataclass
class Told:
    """What the test counted itself."""

    people: Counter[str] = field(default_factory=Counter)
    did: Counter[str] = field(default_factory=Counter)
    value: Counter[str] = field(default_factory=Counter)


def counted(people: list[Person], metric: Mapping[str, Any]) -> Told:
    told = Told()
    for one in people:
        told.people[one.arm] += 1
        told.did[one.arm] += one.did(metric)
        told.value[one.arm] += one.value if one.converts else 0  # type: ignore[assignment]  # a sum
    return told


class Run:
    """A launched experiment on its way."""

    def __init__(self, database: Database, experiment_id: str, folder: Path) -> None:
        self.database, self.id = database, experiment_id
        self.folder = folder / "hits"
        self.journal = Journal.open(self.folder, durability=Durability.PROCESS, limit=10**8)
        self.experiment = settle(database, experiment_id)
        planning.plan(database, experiment_id, now=START)
        self.people = self._people()

    def mail(self, wave: int) -> None:
        """Everybody of a wave gets their mail, or is held back."""
        at = self.moment(wave)
        with self.database.write() as session:
            experiment = session.get_one(Experiment, self.id)
            question = select(Send).where(Send.experiment_id == self.id, Send.wave == wave)
            sends = session.exec(question.order_by(col(Send.id))).all()
            people = [
                Reserved(
                    send_id=one.id,
                    attempt=1,
                    experiment_id=self.id,
                    arm=one.arm,
                    person_id=one.person_id,
                    deferrals=0,
                    released_at=at,
                )
                for one in sends
            ]
            releasing.release(session, experiment, people)
            for one in sends:
                one.state = State.HELD if one.arm == "holdout" else State.SENT
                one.released_at = one.settled_at = at
                one.accepted_at = at if one.state == State.SENT else None
                session.add(one)
            sent = [one.id for one in sends if one.state == State.SENT]
            tally.change(session, {number: {"sent": True} for number in sent})

    def act(self, wave: int) -> None:
        """An hour later, they click and open."""
        micros = int((self.moment(wave) + HOUR).timestamp() * 1_000_000)
        for one in self._of_wave(wave):
            wanted = (
                (one.opens, HitKind.OPEN, 0),
                (one.clicks_first, HitKind.CLICK, 1),
                (one.clicks_named, HitKind.CLICK, 2),
            )
            for place, (does, kind, link) in enumerate(wanted):
                if does:
                    self._hit(one, kind, link, micros=micros + place * 60_000_000)
        facts = DeliveryFacts(Privacy.STANDARD)
        ingest_once(self.database, self.folder, facts, now=self.moment(wave) + 2 * HOUR)

    def write(self, wave: int) -> None:
        """Two hours later, they write back: all who do where that is counted, else a few."""
        at = self.moment(wave) + 2 * HOUR
        writers = [one for one in self._of_wave(wave) if one.writes]
        is_counted = self.experiment.design["metric"]["kind"] == "reply_rate"
        with self.database.write() as session:
            for one in writers if is_counted else writers[:2]:
                answer = Answer("", one.email, "", Written("Thank you."), at)
                said = CameBack(What.REPLY, "A reply.")
                came_back.hear(session, one.send_id, said, now=at, answer=answer)

    def conversions(self, wave: int, event: str) -> list[dict[str, Any]]:
        """What another system reports of them."""
        at = (self.moment(wave) + 3 * HOUR).isoformat()
        return [
            {
                "id": f"{self.id}-{one.send_id}",
                "event": event,
                "email": one.email,
                "value": one.value,
                "occurred_at": at,
            }
            for one in self._of_wave(wave)
            if one.converts
        ]

    def look(self) -> None:
        """Hold whatever look is due once a wave's windows have closed."""
        for wave in range(self.waves):
            now = self.moment(wave) + self.window + 2 * HOUR
            with self.database.write() as session:
                look_worker.hold(session, session.get_one(Experiment, self.id), now=now)

    def end(self) -> datetime:
        """Everything has closed: the readout is frozen, key results are written."""
        with self.database.write() as session:
            session.get_one(Experiment, self.id).status = Status.MEASURING
        self.look()
        now = self.moment(self.waves - 1) + self.window + 3 * HOUR
        with self.database.write() as session:
            write_due(session, UTC, now)
        return now

    @property
    def waves(self) -> int:
        return max(1, len(self.experiment.design["waves"]))

    @property
    def window(self) -> timedelta:
        return timedelta(hours=self.experiment.design["metric"]["window_hours"])

    def moment(self, wave: int) -> datetime:
        waves = self.experiment.design["waves"]
        return START + timedelta(hours=waves[wave]["after_hours"] if waves else 0)

    def _people(self) -> list[Person]:
        from app.audience.models import Person as Row

        places: Counter[str] = Counter()
        found = []
        with self.database.read() as session:
            question = (
                select(Send.id, Row.email, Send.arm)
                .join(Row, col(Row.id) == col(Send.person_id))
                .where(Send.experiment_id == self.id)
                .order_by(col(Send.id))
            )
            for number, email, arm in session.exec(question):
                found.append(Person(number, email, arm, places[arm]))
                places[arm] += 1
        return found

    def _of_wave(self, wave: int) -> list[Person]:
        with self.database.read() as session:
            question = select(Send.id).where(Send.experiment_id == self.id, Send.wave == wave)
            numbers = set(session.exec(question))
        return [one for one in self.people if one.send_id in numbers]

    def _hit(self, one: Person, kind: HitKind, link: int, *, micros: int) -> None:
        self.journal.keep(
            hit_line.write(
                kind,
                TrackedLink(1, one.send_id, link),
                method="GET",
                told=hit_line.told_by({b"user-agent": BROWSER, b"accept-language": b"en"}),
                caller=Caller(AddressClass.RESIDENTIAL, ""),
                micros=micros,
            )
        )

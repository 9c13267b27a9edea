"""A town in which some people leave a trace everywhere, through the doors of the real processes."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import String, cast, select, update
from sqlmodel import Session, SQLModel, col

from app.analysis import readout as readouts
from app.audience import declined_store, imports, store, suppression_store
from app.audience.addresses import key_of
from app.audience.models import Erasure, Import, Person
from app.audience.people_lookup import KnownPeople
from app.delivery import transports, trials
from app.delivery.facts import DeliveryEnrolments
from app.delivery.inbox import came_back
from app.delivery.inbox.reading import CameBack, What
from app.delivery.inbox.replying import Answer
from app.delivery.inbox.written import Written
from app.delivery.models import OutboxMail, Send
from app.delivery.sending import Sender
from app.delivery.trials import Trial
from app.experiments.models import Experiment, Unwritable
from app.identity import audit
from app.main import Tracking
from app.ops.installation import House
from app.platform import events
from app.platform.journal import Journal
from app.privacy import erasing
from app.privacy.erasing import Asked, Finisher
from app.review.models import WeekItem
from app.tally.models import Counter, DayCounter, DidCounter, LinkCounter, Outcome
from app.tracking import answers, conversions
from app.tracking.schemas import ConversionDraft
from app.worker import ingester_duties, scheduler_duties
from tests.cast import playing_server
from tests.duties import finish, run
from tests.experiments import scenes
from tests.moments import NOW, state
from tests.serve import links_in

HOUR = timedelta(hours=1)
SIGNS = ("canary", "leave.example")  # in whatever is somebody's who leaves


def line(number: int) -> dict[str, Any]:
    """Somebody who will leave: a row of a file, with a cell that cannot be kept."""
    return {
        "email": f"Gone{number}@leave.example",
        "name": f"Name{number}canary",
        "external_id": f"ext{number}canary",
        "timezone": f"zone{number}canary",
        "euros": 61,
        "loaf": f"loaf{number}canary",
    }


@dataclass
class Town:
    """People who stay, and people who leave."""

    house: House
    patch: pytest.MonkeyPatch
    leaving: int = 4
    staying: int = 6
    audience_id: str = ""
    experiment_id: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tracking = Tracking(self.house)
        self.edge = self.tracking.edge(behind=_nothing)

    def settle(self) -> None:
        """Everything that leaves a trace of a person."""
        with self.house.database.write() as session:
            self.audience_id = scenes.given_audience(session, self.staying)
        self.take(map(line, range(self.leaving)))
        with self.house.database.write() as session:
            arm = {**scenes.ARM, "body": scenes.ARM["body"] + "\n\n{{ loaf | default: 'rye' }}"}
            draft = scenes.given_draft(
                session,
                audience_id=self.audience_id,
                guardrails=[],
                arms=[arm],
                **self.extra,
            )
            scenes.launch(session, draft)
            self.experiment_id = draft.id
        self.schedule()

    def begin(self, lines: Iterable[dict[str, Any]]) -> Import:
        """A file of people, uploaded."""
        return imports.begin(
            self.house.database,
            audience_id=self.audience_id,
            format="ndjson",
            folder_id=self.house.folder_id,
            stream=[json.dumps(one).encode() + b"\n" for one in lines],
            imports_dir=self.house.imports,
            filename="people.ndjson",
            by="Ann",
            now=NOW,
        )

    def take(self, lines: Iterable[dict[str, Any]]) -> Import:
        """A file of people, read to its end."""
        begun = self.begin(lines)
        self.ingest(NOW)
        with self.house.database.read() as session:
            return store.import_of(session, begun.id)

    def schedule(self) -> None:
        for duty in scheduler_duties(self.house):
            run(self.house.database, duty, NOW)

    def ingest(self, now: datetime) -> None:
        for _ in range(3):
            for duty in ingester_duties(self.house):
                run(self.house.database, duty, now)

    def live(self) -> None:
        """Mails are sent, opened, clicked, answered; people convert, and are talked about."""
        asyncio.run(self.send())
        state(self.patch, NOW + HOUR)
        asyncio.run(self.follow(self.mails()))
        self.ingest(NOW + HOUR)
        self.talk()

    async def send(self) -> None:
        settings = self.house.settings
        journal = Journal.open(self.house.sends, durability=settings.durability, limit=10**8)
        [transport] = transports.open_transports(settings, self.house.database)
        playing = playing_server(self.house)
        sender = Sender(playing.database, playing.settings, playing.keyring, journal, transport)
        while await sender.step(NOW):
            pass
        journal.close()

    async def follow(self, mails: Sequence[OutboxMail]) -> None:
        """The first link of each mail, each by a browser of its own."""
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.edge)) as client:
            for number, mail in enumerate(mails):
                leaves = mail.recipient.endswith("leave.example")
                agent = f"Mozilla/5.0 (X11; {'canary' if leaves else 'n'}{number}) Firefox/145.0"
                headers = {"User-Agent": agent, "Accept-Language": "en"}
                address = links_in(message_from_bytes(mail.raw, policy=policy.default))[0]
                assert (await client.get(address, headers=headers)).status_code == 302

    def talk(self) -> None:
        """What is written about people, by themselves and by others."""
        with self.house.database.write() as session:
            for person_id, email in self.people_leaving():
                send_id = sends_of(session, person_id)[0]
                answers.save(session, send_id, True, f"{email}: canary comment", NOW)
                away = CameBack(What.AUTO_REPLY, "canary is away")
                came_back.hear(session, send_id, away, now=NOW)
                said_so = Written(f"canarybird, {email}")
                answer = Answer("", "canary@else.example", "", said_so, NOW)
                reply = CameBack(What.REPLY, "A reply.")
                came_back.hear(session, send_id, reply, now=NOW, answer=answer)
                said: dict[str, Any] = {"kind": "blocker", "created_by": "Ann", "created_at": NOW}
                text = f"Call {email.upper()} back."
                session.add(WeekItem(week="2026-W48", text=text, **said))
                session.add(
                    Unwritable(
                        experiment_id=self.experiment_id,
                        run="x",
                        person_id=person_id,
                        reason="misfit",
                        detail=f"canary {email}",
                        about=f"“{email}” is not a number: canary",
                    )
                )
                audit.note(session, actor=email, action="log-in refused", now=NOW)
                events.record(session, "x", subject="x", now=NOW, facts={"why": [f"<{email}>"]})
                trial = self.trial(session, person_id)
                trial.queue(session, "bo@halvern.example", keyring=self.house.keyring, now=NOW)
            self.convert(session)
            first = self.people_leaving()[0][1]
            suppression_store.suppress(session, first, "canary asked", by="Ann", now=NOW)
            declined_store.decline(session, key_of(first), ["offers"], by="recipient", now=NOW)
        asyncio.run(self.send())
        self.take([{"email": f"not an address <{one}>"} for _, one in self.people_leaving()])

    def trial(self, session: Session, person_id: str) -> Trial:
        """A test mail to a colleague, with this person's columns."""
        experiment = session.get_one(Experiment, self.experiment_id)
        settings, keyring = self.house.settings, self.house.keyring
        return trials.write(
            session, experiment, [person_id], settings=settings, keyring=keyring, now=NOW
        )

    def convert(self, session: Session, *, again: str = "") -> None:
        drafts = [
            ConversionDraft(id=f"order-{number}{again}", event="bought", **whose)
            for number in range(self.leaving)
            for one in [line(number)]
            for whose in [{name: one[name]} for name in [("email", "external_id")[number % 2]]]
        ]
        conversions.record(
            session,
            drafts,
            people=KnownPeople(self.house.keyring.marks),
            enrolments=DeliveryEnrolments(),
            now=NOW,
        )

    def people_leaving(self) -> list[tuple[str, str]]:
        with self.house.database.read() as session:
            found = select(col(Person.id), col(Person.email)).where(
                col(Person.email).contains("leave.example")
            )
            return [(row[0], row[1]) for row in session.execute(found.order_by(col(Person.email)))]

    def erase(self, now: datetime = NOW + HOUR) -> list[Asked]:
        marker = self.house.keyring.marks
        asked = []
        for person_id, _ in self.people_leaving():
            with self.house.database.write() as session:
                asked.append(erasing.erase(session, person_id, marker=marker, now=now))
        return asked

    def finish(self, now: datetime) -> None:
        """As the ingester does, round after round."""
        finisher = Finisher(self.house.database)
        while finish(self.house.database, finisher, now):
            pass

    def erasures(self) -> list[str]:
        """Whose erasure is not ended."""
        with self.house.database.read() as session:
            return list(session.scalars(select(col(Erasure.person_id))))

    def set_state(self, person_id: str, state: str) -> None:
        """As if a sender had taken their mail, or had told what became of it."""
        with self.house.database.write() as session:
            session.execute(
                update(Send).where(col(Send.person_id) == person_id).values(state=state)
            )

    def turn_journals(self) -> None:
        """As a web process does once in ten minutes; what was read goes then."""
        journal = self.tracking._journal
        journal._since -= 601
        journal.turn_over()
        self.ingest(NOW + 3 * HOUR)

    def mails(self) -> list[OutboxMail]:
        with self.house.database.read() as session:
            return list(session.scalars(select(OutboxMail).order_by(col(OutboxMail.id))))

    def numbers(self) -> dict[str, Any]:
        """Whatever results are made of, and what is read from it."""
        with self.house.database.read() as session:
            experiment = session.get_one(Experiment, self.experiment_id)
            said = readouts.readout_of(session, experiment, now=NOW + 9 * HOUR)
            tables = (Outcome, Counter, DayCounter, DidCounter, LinkCounter)
            return {"readout": said} | {
                str(table.__tablename__): [
                    tuple(row) for row in session.execute(_rows(table)).all()
                ]
                for table in tables
            }

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Every cell of the database that holds text: table, column and cell."""
        with self.house.database.read() as session:
            for table in SQLModel.metadata.sorted_tables:
                for column in table.columns:
                    cells = session.execute(
                        select(column if _is_raw(column) else cast(column, String))
                    )
                    for (cell,) in cells:
                        text = cell.decode() if isinstance(cell, bytes) else str(cell)
                        yield table.name, column.name, text


def _rows(table: type[SQLModel]) -> Any:
    columns = SQLModel.metadata.tables[str(table.__tablename__)]
    return select(columns).order_by(*columns.primary_key)


def _is_raw(column: Any) -> bool:
    return bool(column.name == "raw" and column.table.name == "outbox_mail")


def sends_of(session: Session, person_id: str) -> list[int]:
    return list(session.scalars(select(col(Send.id)).where(col(Send.person_id) == person_id)))


def signs_in(folder: Path) -> list[str]:
    """Files that hold a sign of somebody who left, and where."""
    found = []
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes().lower() if path.is_file() else b""
        found += [f"{path.name}: {sign}" for sign in SIGNS if sign.encode() in content]
    return found


async def _nothing(_scope: object, _receive: object, _send: object) -> None:
    raise AssertionError("only tracked addresses are asked for")

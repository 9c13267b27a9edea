"""A small world for tests of sending: an experiment, its people, a sender."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, SQLModel, col, select

from app.audience.models import Audience, Membership, Person
from app.delivery import planning
from app.delivery.models import Send
from app.delivery.sending import Sender
from app.delivery.transports.ports import Transport
from app.experiments.models import Enrolment, Experiment, Status
from app.links.keyring import Keyring
from app.platform import install
from app.platform.config import Durability, Settings
from app.platform.db import Database
from app.platform.journal import Journal
from app.tally.models import Outcome

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
KEYS = Keyring.of([b"a secret of thirty-two characters"])
SETTINGS = Settings(
    public_url="https://insights.example.com",
    mail_from="ann@example.com",
    postal_address="Halvern, Main Street 1, Oslo",
    demo=True,  # an outbox plays the server here, and nothing is a rehearsal
)
BODY = 'Hello {{ name }},\n\nyou lose {{ euros }} €. [Show me](https://shop.example/list "show")'
_AT_ONCE = 2_000  # people put into a database in one go
ARM = {"key": "insight", "subject": "{{ name }}, {{ euros }} €", "preheader": "x", "body": BODY}


def design(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Waste in euros",
        "channel": "email",
        "sender": {"from_name": "Halvern", "reply_to": None},
        "honeypot": False,
        "arms": [ARM],
        "metric": {"kind": "click_rate", "link": None, "window_hours": 72},
        "rule": {"kind": "threshold", "threshold": 0.08},
        "stop_at": None,
    } | changes


def launched(database: Database, *, people: int, **changes: Any) -> str:
    """A running experiment with everybody enrolled and planned; its id."""
    with database.write() as session:
        experiment = enrolled(session, people=people, **changes)
    planning.plan(database, experiment.id, now=NOW)
    return experiment.id


def enrolled(
    session: Session,
    *,
    people: int,
    rate: int | None = None,
    domain: str = "bakery.example",
    **changes: Any,
) -> Experiment:
    install.ensure(session, now=NOW)
    audience = Audience(name=f"Bakers {NOW} {domain}", people=people, created_at=NOW)
    experiment = Experiment(
        name="Waste in euros",
        audience_id=audience.id,
        design=design(**changes),
        status=Status.RUNNING,
        created_at=NOW,
        updated_at=NOW,
        started_at=NOW,
        enrolled=people,
        rate_per_minute=rate,
    )
    session.add(audience)
    session.add(experiment)
    session.flush()
    ids = enumerate(install.take_send_ids(session, people))
    while some := [_enrolment(experiment, domain, *numbers) for numbers in islice(ids, _AT_ONCE)]:
        for table in (Person, Membership, Enrolment):
            session.execute(insert(table), [rows[table] for rows in some])
    return experiment


def _enrolment(
    experiment: Experiment, domain: str, number: int, send_id: int
) -> dict[type[SQLModel], dict[str, Any]]:
    """Somebody's rows: as who they are, as one of the audience, as one of the experiment."""
    columns, email = {"name": f"Baker {number}", "euros": 40 + number}, f"p{number}@{domain}"
    person = Person(
        email=email, email_key=email, name=f"Baker {number}", created_at=NOW, updated_at=NOW
    )
    assert experiment.audience_id
    rows = (
        person,
        Membership(audience_id=experiment.audience_id, person_id=person.id, data=columns),
        Enrolment(
            id=send_id,
            experiment_id=experiment.id,
            arm="insight",
            person_id=person.id,
            frozen=columns,
        ),
    )
    return {type(row): row.model_dump() for row in rows}


class Ticks:
    """Seconds that nobody sets, as a test lets them pass."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def sender(
    database: Database,
    folder: Path,
    transport: Transport,
    *,
    ticks: Ticks | None = None,
    settings: Settings = SETTINGS,
) -> Sender:
    journal = Journal.open(folder, durability=Durability.PROCESS, limit=10**8)
    return Sender(database, settings, KEYS, journal, transport, ticks=ticks or Ticks())


def carried_by(sender: Sender, transport: Transport) -> None:
    """Its one relay is another one from here on, at the same address."""
    [carrier] = sender._carriers.values()
    transport.name = carrier.name
    carrier.transport = transport


async def run(sender: Sender, *, at: datetime = NOW, steps: int = 50) -> None:
    """Step until nothing is due; as much time has passed as the clock says."""
    assert isinstance(sender._ticks, Ticks)
    sender._ticks.seconds = max(sender._ticks.seconds, (at - NOW).total_seconds())
    for _ in range(steps):
        if not await sender.step(at):
            return


def sends(database: Database) -> list[Send]:
    return _all(database, select(Send).order_by(col(Send.id)))


def states(database: Database) -> list[str]:
    return [send.state for send in sends(database)]


def outcomes(database: Database) -> list[Outcome]:
    return _all(database, select(Outcome).order_by(col(Outcome.send_id)))


def _all(database: Database, question: Any) -> list[Any]:
    with database.read() as session:
        rows = list(session.exec(question).all())
        session.expunge_all()
    return rows


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)

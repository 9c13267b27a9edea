"""A small world for tests of experiments: an audience, a draft, and a start."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from app.audience.models import Audience, Membership, Person
from app.delivery.linting import MailLint
from app.delivery.outflow import Outflow
from app.delivery.renderable import LiquidRenderable
from app.experiments import checklist, drafts, enrolment, lifecycle
from app.experiments.checklist import Checklist
from app.experiments.design_schemas import Draft, LaunchDraft
from app.experiments.items import Item
from app.experiments.models import Enrolment, Experiment, Ineligible, Status
from app.links.keyring import Keyring
from app.okr.models import Cycle, KeyResult, Objective
from app.platform import install, put_off
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.errors import Conflict
from app.platform.put_off import Work

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SETTINGS = Settings(
    public_url="https://insights.example.com",
    mail_from="ann@example.com",
    postal_address="Halvern, Main Street 1, Oslo",
)
KEYS = Keyring.of([b"a secret of thirty-two characters"])
RENDERABLE = LiquidRenderable(SETTINGS, KEYS)
CARD = {
    "believe": "Bakers act on waste when it is told in euros.",
    "verify": "Mail each baker last week's waste in euros.",
    "measure": "People who follow the link within 72 hours.",
    "right_if": "We can say that more than 8 % do.",
}
ARM: dict[str, Any] = {
    "key": "insight",
    "subject": "{{ name }}, {{ euros }} € a week",
    "body": "Hello {{ name }}. [Show my list](https://halvern.example/list)",
}


def document(**changes: Any) -> dict[str, Any]:
    """An experiment as the API takes it; nothing is missing for a launch but an audience."""
    return {
        "name": "Waste in euros",
        "audience_id": None,
        "hypothesis": CARD,
        "arms": [ARM],
        "metric": {"kind": "click_rate"},
        "rule": {"kind": "threshold", "threshold": 0.08},
        "guardrails": [{"metric": "unsubscribe_rate", "max": 0.01}],
    } | changes


def draft(**changes: Any) -> Draft:
    return Draft.model_validate(document(**changes))


def given_audience(session: Session, people: int, *, name: str = "Bakers", **fields: Any) -> str:
    """People 000…; each has a name and euros."""
    install.ensure(session, now=NOW)
    audience = Audience(name=name, people=people, created_at=NOW)
    session.add(audience)
    session.flush()
    emails = [f"p{number:03}@{name.lower()}.example" for number in range(people)]
    given_people(session, audience.id, emails, **fields)
    session.flush()
    return audience.id


def given_person(session: Session, audience_id: str, email: str, **fields: Any) -> str:
    return given_people(session, audience_id, [email], **fields)[0]


def given_people(
    session: Session, audience_id: str, emails: list[str], *, data: Any = None, **fields: Any
) -> list[str]:
    columns = {"euros": 61} if data is None else data
    same: dict[str, Any] = {"name": "Ada", "created_at": NOW, "updated_at": NOW} | fields
    people = [Person(email=email, email_key=email, **same) for email in emails]
    session.add_all(people)
    session.flush()
    session.add_all(
        Membership(audience_id=audience_id, person_id=person.id, data=dict(columns))
        for person in people
    )
    return [person.id for person in people]


def given_draft(session: Session, *, people: int = 100, **changes: Any) -> Experiment:
    audience_id = changes.pop("audience_id", None) or given_audience(session, people)
    return drafts.add(session, draft(audience_id=audience_id, **changes), by="Ann", now=NOW)


def given_key_result(session: Session, title: str) -> str:
    day = NOW.date()
    cycle = Cycle(name="Q4", starts=day, ends=day + timedelta(days=30))
    session.add(cycle)
    session.flush()
    objective = Objective(title="Bakers plan with us", cycle_id=cycle.id, created_at=NOW)
    session.add(objective)
    session.flush()
    row = KeyResult(
        objective_id=objective.id,
        title=title,
        kind="increase",
        unit="number",
        start=0,
        target=9,
        created_at=NOW,
    )
    session.add(row)
    session.flush()
    return row.id


def launch(session: Session, experiment: Experiment, **fields: Any) -> None:
    lifecycle.launch(session, experiment, LaunchDraft.model_validate(fields), by="Ann", now=NOW)


def scheduled(database: Database, *, people: int = 100, **changes: Any) -> str:
    """An experiment that waits for its start; its id."""
    with database.write() as session:
        experiment = given_draft(session, people=people, **changes)
        launch(session, experiment)
    return experiment.id


def settle(database: Database, experiment_id: str, **settings: Any) -> Experiment:
    enrolment.settle(
        database,
        experiment_id,
        renderable=RENDERABLE,
        paces=Outflow(SETTINGS.model_copy(update=settings)),
        settings=SETTINGS.model_copy(update=settings),
        now=NOW,
    )
    with database.read() as session:
        return session.get_one(Experiment, experiment_id)


def enrolled(database: Database, experiment_id: str) -> list[Enrolment]:
    with database.read() as session:
        query = select(Enrolment).where(Enrolment.experiment_id == experiment_id)
        return list(session.exec(query.order_by(col(Enrolment.person_id))).all())


def left_out(database: Database, experiment_id: str) -> dict[str, str]:
    """Who is not enrolled: address → reason and detail."""
    with database.read() as session:
        query = (
            select(Person.email, Ineligible.reason, Ineligible.detail)
            .join(Ineligible, col(Ineligible.person_id) == col(Person.id))
            .where(Ineligible.experiment_id == experiment_id)
        )
        return {
            email: f"{reason} {detail}".strip() for email, reason, detail in session.exec(query)
        }


def check(session: Session, experiment: Experiment, **settings: Any) -> Checklist:
    fitting = SETTINGS.model_copy(update=settings)
    return checklist.check(
        session,
        experiment,
        lint=MailLint(fitting),
        renderable=RENDERABLE,
        settings=fitting,
        names_people=True,
        now=NOW,
    )


def item(found: Checklist, item_id: str) -> Item:
    return next(one for one in found.items if one.id == item_id)


def wait_for_a_second(database: Database, experiment_id: str) -> None:
    """Its people are more than one person alone may send to: its start was put off."""
    with pytest.raises(Conflict, match="Somebody else approves it first") as refused:
        settle(database, experiment_id, approve_above=10)
    with database.write() as session:
        put_off.note(session, put_off.Work.START, experiment_id, str(refused.value), now=NOW)


def one_that_cannot_start(database: Database, *, now: datetime, tries: int) -> str:
    """A launched experiment whose start failed, so many times, for its cell “euros”; its id."""
    with database.write() as session:
        row = Experiment(
            name="Waste", design=document(), status=Status.SCHEDULED, created_at=now,
            updated_at=now, launched_at=now, scheduled_at=now,
        )  # fmt: skip
        session.add(row)
        session.flush()
        reason = "“euros” is no number."
        for seen in range(tries):
            put_off.note(session, Work.START, row.id, reason, seen=seen, now=now)
        return row.id

"""The SQL that reads: whose send this is, what a verdict asks, what became of their mails."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Row,
    Select,
    func,
    select,
)
from sqlmodel import Session, col

from app.audience.models import Membership, Person
from app.audience.own import OWN, TOLD
from app.delivery.models import (
    DestinationSet,
    Send,
)
from app.experiments.models import Enrolment, Experiment
from app.platform.bulk import Bulk
from app.platform.paging import Order, Part, part_within
from app.tally.models import Outcome

_SENDS = Order("sends", (int,))


def people_of(session: Session, send_ids: Sequence[int]) -> dict[int, Row[Any]]:
    """One row per send: its person as they are now, and their columns as they were frozen."""
    question = (
        select(
            col(Send.id),
            col(Person.id).label("person_id"),
            *(col(getattr(Person, name)) for name in OWN),
            col(Enrolment.frozen),
        )
        .join(Person, col(Person.id) == col(Send.person_id))
        .join(Enrolment, col(Enrolment.id) == col(Send.id))
        .where(col(Send.id).in_(send_ids))
    )
    return {row.id: row for row in session.execute(question)}


def frozen_of(session: Session, send_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The columns of each send's person as they were frozen at the start."""
    question = select(col(Enrolment.id), col(Enrolment.frozen)).where(
        col(Enrolment.id).in_(send_ids)
    )
    return {row.id: row.frozen for row in session.execute(question)}


def emails_of(session: Session, person_ids: Sequence[str]) -> list[str]:
    """The addresses of people, as far as they were not erased."""
    question = select(col(Person.email)).where(col(Person.id).in_(person_ids))
    return list(session.scalars(question.order_by(col(Person.id))).all())


def members(session: Session, audience_id: str, person_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """People of an audience with their columns there, by id; who is not in it is left out."""
    question = _members(audience_id).where(col(Person.id).in_(person_ids))
    return {row.person_id: row for row in session.execute(question)}


def _members(audience_id: str) -> Select[Any]:
    return (
        select(
            col(Person.id).label("person_id"),
            *(col(getattr(Person, name)) for name in TOLD),
            col(Membership.data),
        )
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .where(col(Membership.audience_id) == audience_id)
    )


def last_replies(session: Session, person_id: str, *, limit: int) -> list[tuple[str, str]]:
    """How a person's latest sends ended: state and reply, newest first."""
    question = (
        select(col(Send.state), func.coalesce(col(Send.last_reply), ""))
        .where(col(Send.person_id) == person_id, col(Send.settled_at).is_not(None))
        .order_by(col(Send.settled_at).desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(question)]


def sends_page(
    session: Session,
    experiment_id: str,
    *,
    cursor: str | None = None,
    limit: int,
    state: str | None = None,
) -> Part[tuple[Send, str]]:
    """Sends of an experiment with their addresses (none: erased), in the order of their ids."""
    # A join of a thousand is, to PostgreSQL, worth reading everybody, for each page.
    email = select(col(Person.email)).where(col(Person.id) == col(Send.person_id)).scalar_subquery()
    question = select(Send, func.coalesce(email, ""))
    if state:
        question = question.where(col(Send.state) == state)
    mine = (col(Send.experiment_id), experiment_id)
    return part_within(
        session, question, _SENDS, col(Send.id), within=mine, cursor=cursor, limit=limit
    )


_FACTS = """
    SELECT s.id, s.experiment_id, s.arm, s.state, s.accepted_at, p.consent_click, p.consent_open
      FROM send s
      LEFT JOIN person p
        ON p.id = s.person_id
     WHERE s.id IN ({ids})
"""


class SendFact(NamedTuple):
    """What a verdict needs to know of one send and its person."""

    id: int
    experiment_id: str
    arm: str
    state: str
    accepted_at: datetime | None
    consent_click: str | None  # None: this person was erased
    consent_open: str | None


def facts_of(session: Session, send_ids: Sequence[int]) -> list[SendFact]:
    """One row per send that exists: what differs between the sends of an arm."""
    bulk = Bulk(session)
    at = bulk.read_moment
    return [
        SendFact(number, experiment, arm, state, accepted and at(accepted), clicks, opens)
        for number, experiment, arm, state, accepted, clicks, opens in bulk.by_ids(_FACTS, send_ids)
    ]


def mails_of(session: Session, experiment_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """One row per arm that is mailed: what is the same for all its sends."""
    question = (
        select(
            col(DestinationSet.experiment_id),
            col(DestinationSet.arm),
            col(DestinationSet.id).label("set_id"),
            col(DestinationSet.links),
            col(Experiment.design),
        )
        .join(Experiment, col(Experiment.id) == col(DestinationSet.experiment_id))
        .where(
            col(DestinationSet.experiment_id).in_(experiment_ids),
            col(DestinationSet.purpose) == "send",
        )
    )
    return session.execute(question).all()


def metrics_by_event(session: Session, events: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The metrics of started experiments that count one of these events, by experiment."""
    event = col(Experiment.design)["metric"]["event"].as_string()
    question = select(col(Experiment.id), col(Experiment.design)).where(
        col(Experiment.started_at).is_not(None), event.in_(events)
    )
    return {row.id: row.design["metric"] for row in session.execute(question)}


def released_people(
    session: Session, experiment_ids: Sequence[str], person_ids: Sequence[str]
) -> list[Row[Any]]:
    """One row per released enrolment of these people in these experiments."""
    question = (
        select(
            col(Send.id),
            col(Send.experiment_id),
            col(Send.person_id),
            col(Outcome.released_at),
            col(Outcome.closes_at),
        )
        .join(Outcome, col(Outcome.send_id) == col(Send.id))
        .where(col(Send.experiment_id).in_(experiment_ids), col(Send.person_id).in_(person_ids))
        .order_by(col(Send.id))
    )
    return list(session.execute(question).all())

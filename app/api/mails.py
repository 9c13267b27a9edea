"""A test mail: to somebody with a log-in, as one real person of the audience would read it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from app.audience import members
from app.delivery import trials
from app.delivery.trials import Trial
from app.experiments import store
from app.identity import store as identity
from app.platform.errors import Invalid
from app.platform.texts import Document


class MailTo(Document):
    """Who gets the test mail."""

    model_config = ConfigDict(json_schema_extra={"example": {"to": "ann@shop.com"}})

    to: Annotated[str, Field(min_length=3, max_length=320)]


class Queued(BaseModel):
    """The mails that were queued, one per arm."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"to": "ann@shop.com", "mails": ["1f0c3m8k2tq5w7x9z0ab"]}}
    )

    to: str
    mails: list[str]


def write_test(state: Any, experiment_id: str, to: str, *, now: datetime) -> tuple[str, Trial]:
    """The test mail and whom it goes to, written before anything is changed.

    `state` is the application's: database, settings and keyring.
    """
    with state.database.read() as session:
        experiment = store.experiment_of(session, experiment_id)
        user = identity.user_by_email(session, to)
        if user is None:
            raise Invalid.at(
                "to", "Test mails go to people with a log-in only. Choose one of them."
            )
        if experiment.audience_id is None:
            raise Invalid.at("audience_id", "The audience is empty, or not chosen yet.")
        people = members.examples(session, experiment.audience_id)
        ids = [person.person_id for person in people]
        trial = trials.write(
            session, experiment, ids, settings=state.settings, keyring=state.keyring, now=now
        )
    return user.email, trial


def queue_test(state: Any, session: Session, to: str, trial: Trial, *, now: datetime) -> Queued:
    """Queue it."""
    queued = trial.queue(session, to, keyring=state.keyring, now=now)
    return Queued(to=to, mails=[notice.id for notice in queued])

"""A test mail: to somebody with a log-in, as one real person of the audience would read it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from app.audience import members
from app.delivery import notices, preview
from app.experiments.models import Experiment
from app.identity import store as identity
from app.platform.errors import AppError, Invalid, NotFound

_LOOKED_AT = 20  # people among whom it looks for one that the mail can be written for


class MailTo(BaseModel):
    """Who gets the test mail."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"to": "ann@shop.com"}})

    to: Annotated[str, Field(min_length=3, max_length=320)]


class Queued(BaseModel):
    """The mails that were queued, one per arm."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"to": "ann@shop.com", "mails": ["1f0c3m8k2tq5w7x9z0ab"]}}
    )

    to: str
    mails: list[str]


def queue_test(
    state: Any, session: Session, experiment: Experiment, to: str, *, now: datetime
) -> Queued:
    """Queue it; `state` is the application's: settings and keyring."""
    user = identity.user_by_email(session, to)
    if user is None:
        raise Invalid.at("to", "Test mails go to people with a log-in only. Choose one of them.")
    person_id = _readable_for(state, session, experiment)
    queued = notices.queue_test_mail(
        session,
        experiment,
        user.email,
        person_id,
        settings=state.settings,
        keyring=state.keyring,
        now=now,
    )
    return Queued(to=user.email, mails=[notice.id for notice in queued])


def _readable_for(state: Any, session: Session, experiment: Experiment) -> str:
    """Somebody whom every version can be written for; otherwise what is wrong with the first."""
    refused: AppError = Invalid.at("audience_id", "The audience is empty, or not chosen yet.")
    if experiment.audience_id is None:
        raise refused
    for person in members.sample_people(session, experiment.audience_id, _LOOKED_AT):
        try:
            _preview(state, session, experiment, person.person_id)
        except (Invalid, NotFound) as error:
            refused = error
        else:
            return person.person_id
    raise refused


def _preview(state: Any, session: Session, experiment: Experiment, person_id: str) -> None:
    for arm in experiment.design["arms"]:
        preview.of(
            session,
            experiment,
            arm["key"],
            person_id,
            settings=state.settings,
            keyring=state.keyring,
        )

"""Mails as some real people of an audience will read them: for the launch page and test mails."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlmodel import Session

from app.audience import members
from app.audience.members import Member
from app.delivery import preview
from app.experiments.models import Experiment
from app.platform.errors import AppError
from app.web.previews import arm_keys

_SHOWN = 3  # mails on the launch page, or one of each version
_LOOKED_AT = 20  # people among whom it looks for them


@dataclass(frozen=True, slots=True)
class RealMail:
    """Whose mail, in which version, stands in a frame of the launch page."""

    person_id: str
    email: str
    version: str
    subject: str


def some(state: Any, session: Session, experiment: Experiment) -> list[RealMail]:
    """A few people's mails; of several versions one each. `state` is the application's."""
    people = max(1, _SHOWN // len(arm_keys(experiment)))
    readable = islice(_readable(state, session, experiment), people)
    return [mail for mails in readable for mail in mails]


def reader_of(state: Any, session: Session, experiment: Experiment) -> str | None:
    """Somebody whom every version can be written for."""
    found = next(_readable(state, session, experiment), None)
    return found[0].person_id if found else None


def _readable(state: Any, session: Session, experiment: Experiment) -> Iterator[list[RealMail]]:
    if experiment.audience_id is None:
        return
    for person in members.chunk(session, experiment.audience_id, after=None, limit=_LOOKED_AT):
        if mails := _of(state, session, experiment, person):
            yield mails


def _of(state: Any, session: Session, experiment: Experiment, person: Member) -> list[RealMail]:
    """A person's mail in every version; none where one of them cannot be written."""
    try:
        return [
            RealMail(
                person.person_id,
                person.email,
                key,
                _subject(state, session, experiment, key, person),
            )
            for key in arm_keys(experiment)
        ]
    except AppError:
        return []


def _subject(state: Any, session: Session, experiment: Experiment, key: str, person: Member) -> str:
    said = preview.of(
        session,
        experiment,
        key,
        person.person_id,
        settings=state.settings,
        keyring=state.keyring,
    )
    return said.subject

"""Mails as some real people of an audience will read them: for the launch page and test mails."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import Session

from app.audience import members
from app.delivery import preview
from app.delivery.mail.compose import HIDDEN
from app.delivery.mail.composed import ComposedArm
from app.delivery.mail.links import Kind, Link
from app.experiments.models import Experiment
from app.platform.errors import AppError, tried
from app.web.experiments.previews import arm_keys

_SHOWN = 3  # mails on the launch page, or one of each version


@dataclass(frozen=True, slots=True)
class RealMail:
    """Whose mail, in which version, stands in a frame of the launch page."""

    person_id: str
    email: str
    version: str
    subject: str
    comes_and_goes: str  # from whom it is, where answers go, where its links lead


def some(
    state: Any,
    session: Session,
    experiment: Experiment,
    mailed: Sequence[str],
    *,
    names_people: bool,
    now: datetime,
) -> list[RealMail]:
    """A few mails of those who get one, by id; of several versions one each.

    `state` is the application's.
    """
    people = max(1, _SHOWN // len(arm_keys(experiment)))
    readable = _readable(state, session, experiment, mailed, names_people=names_people, now=now)
    return [mail for mails in islice(readable, people) for mail in mails]


def readers(session: Session, experiment: Experiment) -> list[str]:
    """Some people of its audience, to find one whom every version can be written to."""
    if experiment.audience_id is None:
        return []
    people = members.examples(session, experiment.audience_id)
    return [person.person_id for person in people]


def _readable(
    state: Any,
    session: Session,
    experiment: Experiment,
    mailed: Sequence[str],
    *,
    names_people: bool,
    now: datetime,
) -> Iterator[list[RealMail]]:
    """People's mails in every version; nobody's where one of them cannot be written."""
    if experiment.audience_id is None:
        return
    arms = tried(preview.arms_of, session, experiment, settings=state.settings)
    if isinstance(arms, AppError):
        return
    people = preview.addressees_left(session, experiment.audience_id, mailed)
    read = people if names_people else [preview.veiled(addressee) for addressee in people]
    said = [arm.render_all(read, keyring=state.keyring, now=now) for arm in arms]
    for person, *mails in zip(people, *said, strict=True):
        real_mails = [
            RealMail(person.person_id, person.email, arm.arm, mail.subject, comes_and_goes(arm))
            for arm, mail in zip(arms, mails, strict=True)
            if not isinstance(mail, AppError)
        ]
        if len(real_mails) == len(arms):
            yield real_mails


def comes_and_goes(arm: ComposedArm) -> str:
    """What a mail does not show by how it looks: a draft may be an agent's, or a stranger's words.

    Hosts alone: whom a link leads to decides whether it may be there.
    """
    head = arm.head
    by = f"{head.from_name} <{head.from_address}>" if head.from_name else head.from_address
    ours = "whoever launches it" if head.replies_to else head.from_address
    hosts = dict.fromkeys(_led_to(link) for link in arm.links if link.label != HIDDEN)
    leads = f"links lead to {', '.join(hosts)}" if hosts else "no link is counted"
    return f"From {by}; answers go to {head.reply_to or ours}; {leads}."


def _led_to(link: Link) -> str:
    if link.kind is Kind.ANSWER:
        return "a page here"
    return urlsplit(link.address).hostname or "nowhere"

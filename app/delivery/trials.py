"""Test mails: every version as one real person would read it, sent to somebody with a log-in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from app.delivery import planning, preview
from app.delivery.mail.addressing import Addressee
from app.delivery.mail.composed import ComposedArm, Texts
from app.delivery.mail.links import Link
from app.delivery.models import Notice
from app.experiments.models import Experiment
from app.links.keyring import Keyring
from app.platform.config import Settings
from app.platform.errors import AppError, Invalid, NotFound, or_raise
from app.platform.ids import new_id


@dataclass(frozen=True, slots=True)
class _Version:
    arm: ComposedArm
    links: tuple[Link, ...]
    texts: Texts


@dataclass(frozen=True, slots=True)
class Trial:
    """A test mail that is written already: queueing it waits for no template."""

    experiment_id: str
    addressee: Addressee
    versions: tuple[_Version, ...]

    def queue(self, session: Session, to: str, *, keyring: Keyring, now: datetime) -> list[Notice]:
        """Queue every version. Its links redirect and never count."""
        notices = [
            self._notice(session, version, to, keyring, now=now) for version in self.versions
        ]
        session.add_all(notices)
        session.flush()
        return notices

    def _notice(
        self, session: Session, version: _Version, to: str, keyring: Keyring, *, now: datetime
    ) -> Notice:
        links = planning.add_set(
            session, self.experiment_id, version.arm.arm, version.links, purpose="test", now=now
        )
        arm, notice_id = replace(version.arm, set_id=links.id), new_id()
        said = arm.placed(self.addressee, version.texts, keyring=keyring)
        headers = arm.test_headers(
            self.addressee,
            to=to,
            mail_id=f"test.{notice_id}",
            subject=said.subject,
            keyring=keyring,
        )
        return Notice(
            id=notice_id,
            kind="test",
            person_id=self.addressee.person_id,
            recipient=to,
            subject=said.subject,
            text=said.text,
            html=said.html,
            headers=headers,
            due_at=now,
            created_at=now,
        )


def write(
    session: Session,
    experiment: Experiment,
    person_ids: Sequence[str],
    *,
    settings: Settings,
    keyring: Keyring,
    now: datetime,
) -> Trial:
    """For the first of these people whom every version can be written to.

    Raises what a preview raises: what keeps the last of them from being written to.
    """
    arms = preview.arms_of(session, experiment, settings=settings)
    people = [preview.addressee(session, experiment, person_id) for person_id in person_ids]
    addressee, texts = _first_readable(arms, people, keyring, now=now)
    versions = map(_Version, arms, (arm.links for arm in arms), texts)
    return Trial(experiment.id, addressee, tuple(versions))


def _first_readable(
    arms: Sequence[ComposedArm], people: Sequence[Addressee], keyring: Keyring, *, now: datetime
) -> tuple[Addressee, list[Texts]]:
    refused: AppError = Invalid.at("audience_id", "The audience is empty, or not chosen yet.")
    written = zip(*(arm.write_all(people, now=now) for arm in arms), strict=True)
    for person, texts in zip(people, written, strict=True):
        try:
            for arm, one in zip(arms, texts, strict=True):
                arm.placed(person, one, keyring=keyring)
        except (Invalid, NotFound) as error:
            refused = error
        else:
            return person, [or_raise(text) for text in texts]
    raise refused

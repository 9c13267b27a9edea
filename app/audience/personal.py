"""What this room holds about a person, and what becomes of it when they are erased."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import Session, col

from app.audience import erased, profile, store
from app.audience.models import Declined, Membership, Note, Person, Suppression
from app.audience.own import OWN
from app.platform.held import Part, Subject, words_of


def _person(subject: Subject) -> ColumnElement[bool]:
    return col(Person.id) == subject.person_id


def _member(subject: Subject) -> ColumnElement[bool]:
    return col(Membership.person_id) == subject.person_id


def _suppressed(subject: Subject) -> ColumnElement[bool]:
    return col(Suppression.email_key) == subject.email_key


def _declined(subject: Subject) -> ColumnElement[bool]:
    return col(Declined.email_key) == subject.email_key


def _noted(subject: Subject) -> ColumnElement[bool]:
    """Notes of earlier versions name no person: by the line that named the person last."""
    on_their_line = exists().where(
        col(Membership.person_id) == subject.person_id,
        col(Membership.import_id) == col(Note.import_id),
        col(Membership.line) == col(Note.line),
    )
    return or_(col(Note.person_id) == subject.person_id, on_their_line)


PARTS: Sequence[Part] = (
    Part("notes", Note, _noted, ("value", "note"), None),
    Part("suppressions", Suppression, _suppressed, ("email_key", "reason"), None),
    Part("declined", Declined, _declined, ("email_key",), None),
    Part("audiences", Membership, _member, ("data",), None),
    Part("person", Person, _person, ("email_key", *OWN), None),
)


def subject_of(person: Person) -> Subject:
    """A person, as rows may know them. Their sends are for other rooms to add."""
    words = words_of(person.email.strip(), person.email_key)
    return Subject(person.id, person.email_key, person.external_id, words)


def leave_audiences(session: Session, subject: Subject) -> None:
    """Take a person out of what audiences say of their columns: counts and examples."""
    for audience, membership in store.memberships_of(session, subject.person_id):
        locked = store.locked_audience(session, audience.id)
        locked.people = max(0, locked.people - 1)
        locked.columns = profile.without(locked.columns, membership.data)
        locked.revision += 1  # what was found by composing their mails is no longer known
        session.add(locked)
    session.flush()


def labels_of(subject: Subject) -> list[str]:
    """What a file or another system may call this person."""
    found = [erased.by_email(subject.email_key)]
    return found + ([erased.by_external_id(subject.external_id)] if subject.external_id else [])

"""What comes back from people about the mail itself: the way out, and the way back from it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.audience import declined_store, suppression_store
from app.audience.models import Person
from app.audience.suppression_store import RECIPIENT, UNSUBSCRIBED
from app.delivery.models import Send
from app.experiments.models import Experiment
from app.experiments.vocabulary import MailKind
from app.platform import events
from app.tally import store as tally
from app.tally.models import Outcome

_COUNTED = "counted"


@dataclass(frozen=True, slots=True)
class Change:
    """What one press changed, by ids that no later press has: enough to take just that back."""

    suppression_id: str = ""
    declined_ids: tuple[str, ...] = ()
    is_counted: bool = False  # the press was the first of this mail

    def __bool__(self) -> bool:
        return bool(self.suppression_id or self.declined_ids)

    def packed(self) -> tuple[str, ...]:
        """As the values of a signed address."""
        return (self.suppression_id, _COUNTED if self.is_counted else "", *self.declined_ids)

    @classmethod
    def unpacked(cls, values: Sequence[str]) -> "Change":
        """What `packed` says."""
        suppression_id, counted, *declined_ids = values
        return cls(suppression_id, tuple(declined_ids), counted == _COUNTED)


def is_rehearsal(session: Session, send: Send | None) -> bool:
    """Whether a mail reached nobody: whoever holds a link of it only plays its reader."""
    experiment = session.get(Experiment, send.experiment_id) if send else None
    return experiment is not None and experiment.rehearsal


def person_of(session: Session, send_id: int) -> Person | None:
    """Who had a mail; None once they were erased, and of a mail that never counts."""
    send = session.get(Send, send_id)
    return session.get(Person, send.person_id) if send else None


def unsubscribe(session: Session, send_id: int, *, now: datetime) -> Change:
    """No more mail to this person, from now on; what this changed.

    What is queued for them is passed over when it is due. Again changes nothing; an id that never
    counts changes nothing. Of a rehearsal's mail it is counted, and nobody is suppressed: whoever
    pressed it is one of the team.
    """
    send, person = session.get(Send, send_id), person_of(session, send_id)
    if send is None or person is None:
        return Change()
    suppression_id = ""
    if not is_rehearsal(session, send):
        row, is_new = suppression_store.suppress_now(
            session, person.email, UNSUBSCRIBED, by=RECIPIENT, now=now
        )
        suppression_id = row.id if is_new else ""
    outcome = session.get(Outcome, send_id)
    is_first = outcome is not None and outcome.unsubscribed_at is None
    if is_first:
        tally.change(session, {send_id: {"unsubscribed_at": now}})
        events.record(session, "send.unsubscribed", subject=send.experiment_id, now=now)
    return Change(suppression_id, (), is_first)


def wanted_kinds(session: Session, send_id: int) -> dict[MailKind, bool]:
    """Every kind of mail, and whether the person of a mail gets it."""
    person = person_of(session, send_id)
    declined = declined_store.kinds_of(session, person.email_key) if person else {}
    return {kind: kind not in declined for kind in MailKind}


def is_suppressed(session: Session, send_id: int) -> bool:
    """Whether the person of a mail gets none at all."""
    person = person_of(session, send_id)
    return bool(person and suppression_store.suppressed(session, [person.email_key]))


def turn_off(session: Session, send_id: int, kinds: Iterable[MailKind], *, now: datetime) -> Change:
    """No more mail of these kinds to this person, from now on; what this changed.

    As with unsubscribing, a mail of a rehearsal, or one that never counts, changes nothing.
    """
    send, person = session.get(Send, send_id), person_of(session, send_id)
    if person is None or is_rehearsal(session, send):
        return Change()
    ids = declined_store.decline(session, person.email_key, kinds, by=RECIPIENT, now=now)
    return Change(declined_ids=tuple(ids))


def take_back(session: Session, send_id: int, change: Change, *, now: datetime) -> bool:
    """Undo one press, and nothing else that was ever asked for; whether anything was left of it."""
    send, person = session.get(Send, send_id), person_of(session, send_id)
    if send is None or person is None:
        return False
    key = person.email_key
    is_back = bool(change.suppression_id) and suppression_store.take_back(
        session, change.suppression_id, email_key=key
    )
    if is_back and change.is_counted:
        tally.change(session, {send_id: {"unsubscribed_at": None}})
        events.record(session, "send.subscribed_again", subject=send.experiment_id, now=now)
    kinds = declined_store.take_back(session, change.declined_ids, email_key=key)
    return is_back or kinds > 0

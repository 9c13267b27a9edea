"""What comes back from people about the mail itself: the way out."""

from datetime import datetime

from sqlmodel import Session

from app.audience import suppression_store
from app.audience.models import Person
from app.delivery.models import Send
from app.experiments.models import Experiment
from app.platform import events
from app.tally import store as tally
from app.tally.models import Outcome

REASON = "unsubscribed"


def is_rehearsal(session: Session, send: Send | None) -> bool:
    """Whether a mail reached nobody: whoever holds a link of it only plays its reader."""
    experiment = session.get(Experiment, send.experiment_id) if send else None
    return experiment is not None and experiment.rehearsal


def unsubscribe(session: Session, send_id: int, *, now: datetime) -> None:
    """No more mail to this person, from now on.

    What is queued for them is passed over when it is due. Again changes nothing; an id that never
    counts changes nothing. Of a rehearsal's mail it is counted, and nobody is suppressed: whoever
    pressed it is one of the team.
    """
    send = session.get(Send, send_id)
    person = session.get(Person, send.person_id) if send else None
    if send is None or person is None:
        return
    if not is_rehearsal(session, send):
        suppression_store.suppress(session, person.email, REASON, by="recipient", now=now)
    outcome = session.get(Outcome, send_id)
    if outcome is not None and outcome.unsubscribed_at is None:
        tally.change(session, {send_id: {"unsubscribed_at": now}})
        events.record(session, "send.unsubscribed", subject=send.experiment_id, now=now)

"""What becomes of a send when something comes back: one state machine, whatever the way it came.

A hard bounce outweighs whatever else was said of delivery, and a complaint stands beside it: so the
order in which they come, and how often, changes nothing.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from sqlmodel import Session

from app.audience import suppression_store
from app.audience.models import Person
from app.delivery import feedback, pausing, settling
from app.delivery.inbox import replying, stopping, store
from app.delivery.inbox.reading import CameBack, What
from app.delivery.inbox.replying import Answer
from app.delivery.models import CameBackRow, Send, State
from app.links import return_address
from app.links.keyring import Keyring, Kind
from app.links.token import BadToken
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.put_off import Work
from app.tally import store as tally
from app.tally.models import Outcome

_AT_ONCE = 200  # sends in a round
_OPEN = {State.QUEUED, State.SENDING}  # what became of the mail is not written down yet
_UNKNOWN = {*_OPEN, State.UNCERTAIN}  # whether it left is known to nobody, or not yet
_NEVER_MAILED = {State.HELD, State.SKIPPED}
_MAY_HAVE_LEFT = {State.SENT, State.UNCERTAIN}
_RETURNED = {What.GONE, What.FULL, What.REFUSED}
# Nothing else does: whoever resumed knows what came back before, and goes on all the same.
_PAUSES = {
    What.COMPLAINT: pausing.pause_for_complaints,
    What.GONE: pausing.pause_for_bounces,
}
_BY = "mail server"


def send_of(addresses: Iterable[str], keyring: Keyring) -> int | None:
    """Whose mail it is, by the first address that we signed; None: nobody's of ours."""
    for address in addresses:
        for token in return_address.tokens_in(address):
            for kind in (
                Kind.RETURN,
                Kind.REPLY,
            ):  # some answer to the one, some return to the other
                with suppress(BadToken):
                    return return_address.read(token, kind, keyring)
    return None


def hear(
    session: Session,
    send_id: int,
    said: CameBack,
    *,
    now: datetime,
    answer: Answer | None = None,
) -> bool:
    """Write down what was said of a send, and what follows; whether anything is new."""
    send = store.locked(session, send_id)
    if send is None or send.state in _NEVER_MAILED or said.what is What.NOTHING:
        return False
    if said.what is What.DELIVERED and send.state not in _UNKNOWN:
        return False
    if answer is None or not stopping.is_asked(answer.written):
        return _hear(session, send, said, now=now, answer=answer)
    with tally.together(session):
        feedback.unsubscribe(session, send_id, now=now)  # at once, settled or not
        return _hear(session, send, said, now=now, answer=answer)


def _hear(
    session: Session, send: Send, said: CameBack, *, now: datetime, answer: Answer | None
) -> bool:
    is_kept = answer is not None and replying.keep(session, send, answer, now=now)
    row = store.note(session, send.id, said, now=now)
    if row is None:
        if is_kept and send.state not in _OPEN:
            replying.count(session, send)
        return is_kept
    if said.what in {What.GONE, What.COMPLAINT}:
        _suppress(session, send, said.what, now=now)
    _follow(session, send, [row], now=now)
    return True


def duty(database: Database) -> Duty:
    """Do what follows from reports that were here before their sends were settled."""

    def follow(send_id: str, now: datetime) -> int:
        with database.write() as session:
            send = store.locked(session, int(send_id))
            rows = store.waiting(session, int(send_id))
            if send is not None:
                _follow(session, send, rows, now=now)
            return len(rows)

    return Duty(
        work=Work.RETURN,
        items=lambda session, _now: map(str, store.settled(session, limit=_AT_ONCE)),
        do=follow,
        waits=store.are_waiting,
    )


def _follow(session: Session, send: Send, rows: Sequence[CameBackRow], *, now: datetime) -> None:
    if send.state in _OPEN:
        return
    for row in rows:
        row.done_at = now
        with tally.together(session):
            _apply(session, send, row, now=now)
        if pause := _PAUSES.get(What(row.what)):
            pause(session, send.experiment_id, now=now)


def _apply(session: Session, send: Send, row: CameBackRow, *, now: datetime) -> None:
    what = What(row.what)
    if what in _RETURNED:
        _return(session, send, what, row.words, now=now)
        return
    if send.state == State.UNCERTAIN:  # it arrived, or somebody read it
        send.accepted_at = now
        words = row.words if what is What.DELIVERED else "An answer came."
        _settle(session, send, State.SENT, words, now=now)
        tally.change(session, {send.id: settling.TALLIED[State.SENT]})
    if what is What.REPLY:
        replying.count(session, send)
    if what is What.COMPLAINT:
        outcome = session.get(Outcome, send.id)
        if outcome is not None and outcome.complained_at is None:
            tally.change(session, {send.id: {"complained_at": row.at}})


def _return(session: Session, send: Send, what: What, words: str, *, now: datetime) -> None:
    """It came back. Whatever a server said before, a hard bounce is what counts in the end."""
    state = State.BOUNCED if what is What.GONE else State.FAILED
    was_taken = send.state in _MAY_HAVE_LEFT
    if send.state == State.BOUNCED or not (was_taken or state is State.BOUNCED):
        return
    taken = {"sent": True, "uncertain": False} if was_taken else {}
    tally.change(session, {send.id: {"failed": False, **settling.TALLIED[state], **taken}})
    if was_taken:
        send.accepted_at = send.accepted_at or now
    _settle(session, send, state, words, now=now)
    if what is What.FULL and settling.is_full_for_good(session, send.person_id):
        _suppress(session, send, What.GONE, now=now)


def _settle(session: Session, send: Send, state: State, words: str, *, now: datetime) -> None:
    send.state, send.last_reply = state, words
    send.settled_at = send.settled_at or now
    session.add(send)
    session.flush()


def _suppress(session: Session, send: Send, what: What, *, now: datetime) -> None:
    """No more mail to them: at once, even where their send is not settled yet."""
    person = session.get(Person, send.person_id)
    if person is not None:
        reason = "complained" if what is What.COMPLAINT else "bounced"
        by = "recipient" if what is What.COMPLAINT else _BY
        suppression_store.suppress(session, person.email, reason, by=by, now=now)

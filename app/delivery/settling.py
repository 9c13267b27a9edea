"""What became of sends, written: rows, tally, suppressions, and a pause where the fault is ours.

The sender calls it after a batch, and a start calls it for a predecessor that died.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from app.audience import suppression_store
from app.delivery import pausing, person_store, store
from app.delivery.models import State
from app.delivery.replies import Meaning, Reply, again_at, is_full, meaning_of, shortened
from app.tally import store as tally


@dataclass(frozen=True, slots=True)
class Reserved:
    """A send that this process may attempt: one reservation of it, by its number."""

    send_id: int
    attempt: int
    experiment_id: str
    arm: str
    person_id: str
    deferrals: int
    released_at: datetime
    relay: str = ""  # that put it off, where it is to be asked again

    @property
    def number(self) -> tuple[int, int]:
        """What tells this reservation from earlier ones of the same send."""
        return (self.send_id, self.attempt)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one reservation. `retry_at` where everybody waits for the server.

    `relay`: which one said so; empty where none was asked.
    """

    reserved: Reserved
    meaning: Meaning
    words: str
    at: datetime
    retry_at: datetime | None = None
    relay: str = ""

    @classmethod
    def of(cls, reserved: Reserved, reply: Reply, *, at: datetime, relay: str = "") -> "Result":
        """Read a reply."""
        return cls(reserved, meaning_of(reply), shortened(str(reply)), at, relay=relay)

    def later(self, at: datetime | None) -> "Result":
        """The same, to be tried again at a moment."""
        return replace(self, retry_at=at)


_FULL_IN_A_ROW = 3
_MENDING = timedelta(minutes=1)  # nobody mends settings faster, and no server likes to be hammered
_FINAL = {
    Meaning.POLICY: State.FAILED,
    Meaning.ACCEPTED: State.SENT,
    Meaning.NO_SUCH_ADDRESS: State.BOUNCED,
    Meaning.REFUSED: State.FAILED,
    Meaning.CONTENT: State.FAILED,
    Meaning.UNCERTAIN: State.UNCERTAIN,
}
TALLIED: Mapping[State, Mapping[str, object]] = {
    State.SENT: {"sent": True, "uncertain": False},
    State.BOUNCED: {"bounced": True, "uncertain": False},
    State.FAILED: {"failed": True, "uncertain": False},
    State.UNCERTAIN: {"uncertain": True},
    State.QUEUED: {"uncertain": False},
}


def settle(session: Session, results: Sequence[Result], *, holder: str, now: datetime) -> int:
    """Write results of one holder's reservations, in one transaction of the caller; how many held.

    A reservation that is settled, or was taken over, is passed over with all that would follow.
    """
    ours = store.hold_reserved(session, [one.reserved.number for one in results], holder=holder)
    held = [result for result in results if result.reserved.number in ours]
    if not held:
        return 0
    edits = [(result.reserved.send_id, _row(result)) for result in held]
    store.settle(session, edits)
    _suppress(session, held, now=now)
    with tally.together(session):
        tally.change(session, {one.reserved.send_id: _outcome(one) for one in held})
        refused = pausing.pause_where_needed(session, _faults(held), now=now)
        put_back(session, refused, now=now)
    return len(held)


def put_back(session: Session, send_ids: Sequence[int], *, now: datetime) -> None:
    """They were refused through our fault, not theirs: they wait until it is mended."""
    again = {"state": State.QUEUED, "settled_at": None, "due_at": now + _MENDING}
    store.settle(session, [(send_id, again) for send_id in send_ids])
    tally.change(session, {send_id: {"failed": False} for send_id in send_ids})


def _outcome(result: Result) -> Mapping[str, object]:
    """The new fields of an outcome. A mail that may have arrived counts as one that did."""
    state = State(str(_row(result)["state"]))
    at = result.at if state in {State.SENT, State.UNCERTAIN} else None
    return {**TALLIED[state], "mailed_at": at}


def _row(result: Result) -> dict[str, object]:
    """The new fields of a send."""
    fields = _standing(result)
    return fields | {"relay": result.relay} if result.relay else fields


def _standing(result: Result) -> dict[str, object]:
    """Where it stands now, and since when."""
    state = _FINAL.get(result.meaning)
    if state is None:
        return _waiting(result)
    fields: dict[str, object] = {
        "state": state,
        "lease_until": None,
        "settled_at": result.at,
        "last_reply": result.words,
    }
    return fields | {"accepted_at": result.at} if state is State.SENT else fields


def _waiting(result: Result) -> dict[str, object]:
    """Back into the queue, or failed once patience is used up."""
    reserved = result.reserved
    queued: dict[str, object] = {"state": State.QUEUED, "lease_until": None}
    if result.meaning is Meaning.NOT_ATTEMPTED and result.retry_at is None:
        return queued
    queued["last_reply"] = result.words
    if result.meaning in {Meaning.LATER, Meaning.FULL}:
        at = again_at(deferrals=reserved.deferrals, now=result.at)
        if at is None:
            return {**queued, "state": State.FAILED, "settled_at": result.at}
        return {**queued, "due_at": at, "deferrals": reserved.deferrals + 1}
    if result.meaning is Meaning.OUR_FAULT:  # its experiment is paused, or measuring already
        return {**queued, "due_at": result.at + _MENDING}
    return {**queued, "due_at": result.retry_at or result.at}


def _suppress(session: Session, results: Iterable[Result], *, now: datetime) -> None:
    """Addresses that do not exist, or are full for good, get no more mail."""
    gone = [
        result.reserved.person_id
        for result in results
        if result.meaning is Meaning.NO_SUCH_ADDRESS
        or (result.meaning is Meaning.FULL and is_full_for_good(session, result.reserved.person_id))
    ]
    for email in person_store.emails_of(session, gone):
        suppression_store.suppress(session, email, "bounced", by="mail server", now=now)


def is_full_for_good(session: Session, person_id: str) -> bool:
    """Three experiments in a row gave up on this mailbox because it was full."""
    ends = person_store.last_replies(session, person_id, limit=_FULL_IN_A_ROW)
    return len(ends) == _FULL_IN_A_ROW and all(
        state == State.FAILED and is_full(reply) for state, reply in ends
    )


def _faults(results: Iterable[Result]) -> dict[str, list[tuple[Meaning, str]]]:
    """By experiment: what may be a reason to pause it."""
    faults: dict[str, list[tuple[Meaning, str]]] = {}
    for result in results:
        if result.meaning in pausing.REASONS:
            found = faults.setdefault(result.reserved.experiment_id, [])
            found.append((result.meaning, result.words))
    return faults

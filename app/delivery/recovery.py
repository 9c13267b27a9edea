"""After a crash: what a dead predecessor reserved is settled by what its journal says."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from app.delivery import attempts, settling, store
from app.delivery.attempts import Trace
from app.delivery.models import Send, State
from app.delivery.replies import Meaning
from app.delivery.settling import Reserved, Result
from app.platform.db import Database

_GRACE = timedelta(seconds=15)  # after a lease: a machine that was only slow comes back meanwhile
_CHUNK = 500
_SILENCE = "The sender ended before the server's reply was written down."
_LATE_COMMIT_SECONDS = 60  # twice the longest statement that the database allows
_UNHEARD = "The machine that was sending it was not heard of again."


def settle_previous(database: Database, folder: Path, *, now: datetime) -> int:
    """Settle what dead processes of this data folder had reserved; how many sends.

    Never attempted: queued again. Attempted without a reply: uncertain, and never sent again by
    itself. With a reply: as replied. Call it before a sender of this folder starts, and again now
    and then: PostgreSQL may commit a reservation some seconds after the process that asked for it
    was killed, so a dead segment is kept until no such transaction can be left.
    """
    segments = attempts.dead(folder)
    settled = 0
    for holder, trace in attempts.traces(segments).items():
        with database.read() as session:
            if not store.held_by(session, [holder]):
                continue
        with database.write() as session:
            results = _results(store.held_by(session, [holder]), trace, now=now)
            settling.settle(session, results, holder=holder, now=now)
            settled += len(results)
    for segment in segments:
        if now.timestamp() - segment.path.stat().st_mtime > _LATE_COMMIT_SECONDS:
            segment.path.unlink()
    return settled


def settle_lapsed(database: Database, *, now: datetime) -> int:
    """Mark sends whose machine went silent as uncertain; how many. Its journal may tell later."""
    with database.read() as session:
        if not store.lapsed(session, now - _GRACE, limit=1):
            return 0
    with database.write() as session:
        by_holder: dict[str, list[Result]] = defaultdict(list)
        for send in store.lapsed(session, now - _GRACE, limit=_CHUNK):
            result = Result(reserved_by(send), Meaning.UNCERTAIN, _UNHEARD, now)
            by_holder[send.holder or ""].append(result)
        for holder, results in sorted(by_holder.items()):
            settling.settle(session, results, holder=holder, now=now)
        return sum(map(len, by_holder.values()))


def put_back(session: Session, holder: str, *, now: datetime) -> None:
    """Queue again what a living process reserved without knowing it: the answer was lost."""
    unknown = [send for send in store.held_by(session, [holder]) if send.state == State.SENDING]
    results = [Result(reserved_by(send), Meaning.NOT_ATTEMPTED, "", now) for send in unknown]
    settling.settle(session, results, holder=holder, now=now)


def reserved_by(send: Send) -> Reserved:
    """A send's row as a reservation."""
    return Reserved(
        send_id=send.id,
        experiment_id=send.experiment_id,
        arm=send.arm,
        person_id=send.person_id,
        deferrals=send.deferrals,
        released_at=send.released_at or send.due_at,
    )


def _results(sends: Sequence[Send], trace: Trace, *, now: datetime) -> list[Result]:
    found = (_result(send, trace, now=now) for send in sends)
    return [result for result in found if result]


def _result(send: Send, trace: Trace, *, now: datetime) -> Result | None:
    reserved = reserved_by(send)
    if send.id in trace.replied:
        reply, at = trace.replied[send.id]
        return Result.of(reserved, reply, at=at)
    if send.state == State.UNCERTAIN:  # another machine said so; nothing here says better
        return None
    if send.id in trace.attempted:
        return Result(reserved, Meaning.UNCERTAIN, _SILENCE, now)
    return Result(reserved, Meaning.NOT_ATTEMPTED, "", now)

"""After a crash: what a dead predecessor reserved is settled by what its journal says.

Dead is a process whose own lock is free. Its segments tell nothing of its life: they turn under it.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from app.delivery import attempts, settling, store
from app.delivery.attempts import Trace
from app.delivery.models import Send, State
from app.delivery.replies import Meaning
from app.delivery.settling import Reserved, Result
from app.platform import journal, writers
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.journal import Segment
from app.platform.put_off import Work
from app.platform.writers import Life

_SILENCE = "The sender ended before the server's reply was written down."
_CUT_OFF = "The machine ended before it was written down whether this mail had left."
_LATE_COMMIT_SECONDS = 60  # twice the longest statement that the database allows


@dataclass(frozen=True, slots=True)
class _Dead:
    """A process of this folder that is gone."""

    holder: str
    life: Life
    segments: Sequence[Segment]


class Predecessors:
    """The dead processes of one data folder: their sends are settled, then their segments go."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._seen: dict[str, float] = {}  # since when we know that a process is dead

    def duty(self) -> Duty:
        """Settle what each of them had reserved.

        Do it before a sender of this folder starts, and again now and then: PostgreSQL may commit
        a reservation some seconds after the process that asked for it was killed, so a dead
        process's segments are kept until no such transaction can be left.
        """
        return Duty(
            work=Work.RECOVER,
            items=lambda _session, _now: self.dead(),
            do=lambda holder, now: self.settle(holder, now, ticks=time.monotonic()),
            is_shared=False,
        )

    def dead(self) -> list[str]:
        """Who wrote here and is gone."""
        for segment in journal.segments(self._folder):
            if not segment.writer and not segment.is_open:
                journal.delete(segment)  # of an earlier version: its sends will be uncertain
        return [dead.holder for dead in _dead_in(self._folder)]

    def settle(self, holder: str, now: datetime, *, ticks: float) -> int:
        """Settle one's sends; how many. `ticks`: seconds that nobody sets back."""
        settled = 0
        for dead in _dead_in(self._folder):
            if dead.holder == holder:
                settled = settle_dead(self._database, dead, now=now)
                if ticks - self._seen.setdefault(holder, ticks) > _LATE_COMMIT_SECONDS:
                    for segment in dead.segments:
                        journal.delete(segment)
        return settled


def settle_dead(database: Database, dead: _Dead, *, now: datetime) -> int:
    """Settle one dead process's sends; how many.

    With a reply: as replied. Attempted without a reply: uncertain, and never sent again by itself.
    Never attempted: queued again, where nothing of its journal can be missing.
    """
    with database.read() as session:
        if not store.held_by(session, dead.holder):
            return 0
    trace = attempts.trace_of(dead.segments)
    with database.write() as session:
        sends = store.held_by(session, dead.holder)
        results = _results(sends, trace, life=dead.life, now=now)
        return settling.settle(session, results, holder=dead.holder, now=now)


def put_back(session: Session, holder: str, *, known: Collection[int] = (), now: datetime) -> None:
    """Queue again what a living process reserved without knowing it: the answer was lost.

    `known`: sends that it knows of, and has under way.
    """
    held = store.held_by(session, holder)
    unknown = [one for one in held if one.state == State.SENDING and one.id not in known]
    results = [Result(reserved_by(send), Meaning.NOT_ATTEMPTED, "", now) for send in unknown]
    settling.settle(session, results, holder=holder, now=now)


def reserved_by(send: Send) -> Reserved:
    """A send's row as a reservation."""
    return Reserved(
        send_id=send.id,
        attempt=send.attempts,
        experiment_id=send.experiment_id,
        arm=send.arm,
        person_id=send.person_id,
        deferrals=send.deferrals,
        released_at=send.released_at or send.due_at,
    )


def _dead_in(folder: Path) -> list[_Dead]:
    """Whoever wrote here and is gone; of the others nothing is known, or they live."""
    by_writer: Mapping[str, list[Segment]] = defaultdict(list)
    for segment in journal.segments(folder):
        by_writer[segment.writer].append(segment)
    lives = {writer: writers.life_of(folder, writer) for writer in by_writer}
    return [
        _Dead(writer, lives[writer], segments)
        for writer, segments in by_writer.items()
        if lives[writer] in {Life.ENDED, Life.CUT_OFF}
    ]


def _results(sends: Sequence[Send], trace: Trace, *, life: Life, now: datetime) -> list[Result]:
    found = (_result(send, trace, life=life, now=now) for send in sends)
    return [result for result in found if result]


def _result(send: Send, trace: Trace, *, life: Life, now: datetime) -> Result | None:
    reserved = reserved_by(send)
    if reserved.number in trace.replied:
        reply, at, relay = trace.replied[reserved.number]
        return Result.of(reserved, reply, at=at, relay=relay)
    if send.state == State.UNCERTAIN:  # another machine said so; nothing here says better
        return None
    if reserved.number in trace.attempted:
        relay = trace.attempted[reserved.number]
        return Result(reserved, Meaning.UNCERTAIN, _SILENCE, now, relay=relay)
    if life is Life.CUT_OFF:
        return Result(reserved, Meaning.UNCERTAIN, _CUT_OFF, now)
    return Result(reserved, Meaning.NOT_ATTEMPTED, "", now)

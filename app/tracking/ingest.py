"""From the journal to hits, outcomes and counters: every line once, whatever happens between.

The offsets of segments move in the transaction of their hits, so that a restart goes on exactly
behind the last ones. Segments are read side by side, in the order in which their hits were
answered: what judging remembers of a send is enough for hits that come in order.
"""

import heapq
import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from sqlmodel import Session

from app.links.token import NOBODY
from app.platform import clock, journal, meters
from app.platform.db import Database
from app.platform.journal import Segment
from app.platform.meters import Meter
from app.platform.pace import Pace
from app.tracking import hit_line, nameless, reactions, store
from app.tracking.hit_line import Line
from app.tracking.ports import SendFacts
from app.tracking.reacting import react
from app.tracking.reactions import Fresh

_FIRST, _MOST = 500, 10_000  # hits a transaction, before any was measured and at most
_LEAST = 150  # also on a machine that is busy: what each transaction costs by itself is shared
_ROUND = 20_000  # hits before an ingester that lags behind says that it lives
_AGAIN = 200  # sends that are judged again in one transaction
_OPEN = 32  # segments that are read side by side: the oldest of a long backlog
_AHEAD = timedelta(minutes=1)  # how far a clock may run before ours
INGESTED = Meter(
    "thinslice_hits_ingested_total", "Clicks and opens that were read from journals into rows."
)
_GRACE = timedelta(minutes=1)  # a complete segment stays for that, for who looks at the folder
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """What one look at the journals of a folder came to."""

    hits: int
    complete: bool  # whatever stood in them when it began is in the database
    until: datetime | None = None  # else: every line written before is


class _Read(NamedTuple):
    """A line of a segment: a hit, or nothing that can be read."""

    micros: int
    segment: Segment
    offset: int  # behind it
    line: Line | None


class _OvertakenError(Exception):
    """Somebody else ingested these lines meanwhile."""


def usual_pace() -> Pace:
    """How many hits to take in a transaction, before any was measured."""
    return Pace(least=_LEAST, first=_FIRST, most=_MOST)


def ingest_once(database: Database, folder: Path, facts: SendFacts, *, now: datetime) -> int:
    """Take in whatever the journals of a folder hold by now; return how many hits."""
    hits, pace = 0, usual_pace()
    while (round_ := ingest_round(database, folder, facts, pace=pace, now=now)).hits:
        hits += round_.hits
    return hits


def ingest_round(
    database: Database, folder: Path, facts: SendFacts, *, pace: Pace, now: datetime
) -> Round:
    """Take in what the journals of a folder hold by now, or as much of it as a round takes."""
    segments = [(one, one.path.stat().st_size) for one in journal.segments(folder)]
    with database.read() as session:
        offsets = store.offsets_of(session, (one for one, _ in segments))
    unread = [(one, end) for one, end in segments if end > max(offsets[one.id], one.start)]
    found = _in_order(unread[:_OPEN], offsets)
    hits, last = 0, 0
    while batch := list(islice(found, pace.size)):
        try:
            hits += _take(database, batch, offsets, facts, pace, now=now)
        except _OvertakenError:
            return Round(hits, complete=False)
        last = batch[-1].micros
        if hits >= _ROUND:
            return Round(hits, complete=False, until=_until(last, unread))
    for segment, _ in segments:
        _delete_if_done(segment, now=now)
    return Round(hits, complete=len(unread) <= _OPEN, until=_until(last, unread))


def _until(last: int, unread: Sequence[tuple[Segment, int]]) -> datetime | None:
    """The moment before which nothing is left, for segments are read in the order of their hits."""
    if not last:
        return None
    left = [segment.path for segment, _ in unread[_OPEN:]]
    return min([clock.moment(last), *map(journal.begun, left)])


def rejudge_due(database: Database, facts: SendFacts, *, now: datetime) -> int:
    """Judge hits again whose send was not settled when they came; return how many sends."""
    with database.read() as session:
        due = store.due_reactions(session, now=now, limit=_AGAIN)
    if due:
        with database.write() as session:
            react(session, dict.fromkeys(due, ()), facts, now=now)
    return len(due)


def _in_order(segments: Sequence[tuple[Segment, int]], offsets: dict[str, int]) -> Iterator[_Read]:
    """The lines of all segments, oldest first."""
    each = [_lines(segment, offsets[segment.id], end) for segment, end in segments]
    return each[0] if len(each) == 1 else heapq.merge(*each, key=lambda read: read.micros)


def _lines(segment: Segment, offset: int, end: int) -> Iterator[_Read]:
    """What is written later than `end` waits for the next round."""
    latest = 0
    for behind, payload in journal.lines(segment, offset):
        if behind > end:
            return
        try:
            line = hit_line.read(payload)
            latest = line.micros
        except ValueError as error:
            log.warning("a journal line was passed over: %s", error)
            line = None
        yield _Read(latest, segment, behind, line)


def _take(
    database: Database,
    batch: Sequence[_Read],
    offsets: dict[str, int],
    facts: SendFacts,
    pace: Pace,
    *,
    now: datetime,
) -> int:
    """Enter some lines in one transaction."""
    behind = {read.segment.id: read for read in batch}  # the last of each
    fresh, by_set, hits = _by_send(batch, latest=now + _AHEAD)
    with database.write() as session, pace.measured(len(batch)):
        for name in sorted(behind):
            last = behind[name]
            if not store.advance(
                session, last.segment, old=offsets[name], new=last.offset, now=now
            ):
                raise _OvertakenError
        _enter(session, fresh, by_set, facts, now=now)
    meters.count(INGESTED, by=hits)
    offsets.update((name, read.offset) for name, read in behind.items())
    return hits


_Hits = dict[int, list[Fresh]]


def _by_send(batch: Sequence[_Read], *, latest: datetime) -> tuple[_Hits, _Hits, int]:
    """New hits by send, those of nobody by their set of links, and how many."""
    fresh: _Hits = defaultdict(list)
    by_set: _Hits = defaultdict(list)
    number = 0
    for _, segment, offset, line in batch:
        if line is not None:
            number += 1
            hits = by_set[line.set_id] if line.send_id == NOBODY else fresh[line.send_id]
            hits.append(Fresh(reactions.request_of(line, latest=latest), segment.id, offset))
    return fresh, by_set, number


def _enter(
    session: Session, fresh: _Hits, by_set: _Hits, facts: SendFacts, *, now: datetime
) -> None:
    if by_set:
        arms = facts.arms_of(session, sorted(by_set))
        nameless.keep(session, nameless.of_sets(by_set, arms))
    if fresh:
        react(session, fresh, facts, now=now)


def _delete_if_done(segment: Segment, *, now: datetime) -> None:
    """A segment that never grows again, read to its end, is needed no more."""
    if segment.is_open:
        return
    if now - clock.written(segment.path) > _GRACE:
        journal.delete(segment)

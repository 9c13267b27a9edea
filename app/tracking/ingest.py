"""From the journal to hits, outcomes and counters: every line once, whatever happens between.

The offset of a segment moves in the transaction of its hits, so that a restart goes on exactly
behind the last one. Hits of a send are judged together, under the lock of its `reaction` row.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from app.links.token import NOBODY
from app.platform import clock, journal
from app.platform.db import Database
from app.platform.journal import Segment
from app.platform.pace import Pace
from app.tally import store as tally
from app.tally.shares import LinkKey
from app.tracking import lines, nameless, reactions, store
from app.tracking.ports import Facts, SendFacts
from app.tracking.reactions import Kept, Links, Place, Window
from app.tracking.verdicts import VERSION

_BATCH = 500  # hits a transaction at first, and at most sends that are judged again in one
_TURN = 5_000  # hits of one segment, before another process's have their turn
_ROUND = 50_000  # hits before an ingester that lags behind says that it lives
_GRACE = timedelta(minutes=1)  # a complete segment stays for that, for who looks at the folder
_SOONEST, _LATEST = timedelta(seconds=2), timedelta(hours=1)
_PATIENCE = timedelta(days=7)  # then a send that never settles is left as it is
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Send:
    """One send, as it was found."""

    id: int
    hits: Sequence[Kept]
    facts: Facts | None
    window: Window | None
    links: Links

    @property
    def experiment(self) -> tuple[str, str]:
        """The experiment and the arm, where they are known."""
        return (self.facts.experiment_id, self.facts.arm) if self.facts else ("", "")


@dataclass(frozen=True, slots=True)
class _Change:
    """What judging one send again comes to."""

    send: _Send
    hits: Sequence[Kept]
    outcome: Mapping[str, object]
    links: Links
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Round:
    """What one look at the journals of a folder came to."""

    hits: int
    complete: bool  # whatever stood in them when it began is in the database


def usual_pace() -> Pace:
    """How many hits to take in a transaction, before any was measured."""
    return Pace(least=20, first=_BATCH, most=_TURN)


def ingest_once(database: Database, folder: Path, facts: SendFacts, *, now: datetime) -> int:
    """Take in whatever the journals of a folder hold by now; return how many hits."""
    hits, pace = 0, usual_pace()
    while (round_ := ingest_round(database, folder, facts, pace=pace, now=now)).hits:
        hits += round_.hits
    return hits


def ingest_round(
    database: Database, folder: Path, facts: SendFacts, *, pace: Pace, now: datetime
) -> Round:
    """Take in what the journals of a folder hold by now; of each segment no more than its turn."""
    hits, complete = 0, True
    for segment, end in _ends(folder):
        taken = _ingest_segment(database, segment, facts, pace, end=end, now=now)
        hits, complete = hits + taken.hits, complete and taken.complete
        if hits >= _ROUND:
            return Round(hits, complete=False)
    return Round(hits, complete)


def _ends(folder: Path) -> list[tuple[Segment, int]]:
    """Every segment, and where it ends now: what is written later waits for the next round."""
    return [(one, one.path.stat().st_size) for one in journal.segments(folder)]


def rejudge_due(database: Database, facts: SendFacts, *, now: datetime) -> int:
    """Judge hits again whose send was not settled when they came; return how many sends."""
    with database.read() as session:
        due = store.due_reactions(session, now=now, limit=_BATCH)
    if due:
        with database.write() as session:
            react(session, dict.fromkeys(due, ()), facts, now=now)
    return len(due)


def react(
    session: Session, fresh: Mapping[int, Sequence[Kept]], facts: SendFacts, *, now: datetime
) -> None:
    """Keep new hits of some sends, judge all hits of these sends, and move what follows.

    Of people who refuse it now, nothing is kept that names them, not even that they reacted.
    """
    known = facts.facts_of(session, sorted(fresh))
    mine, refused = nameless.sorted_out(fresh, known)
    nameless.keep(session, refused)
    if mine:
        sends = _found(session, sorted(mine), known)
        _write(session, [_judge(send, mine[send.id], now=now) for send in sends])


def _found(session: Session, ids: Sequence[int], known: Mapping[int, Facts]) -> list[_Send]:
    locked = store.locked_reactions(session, ids)
    rows = store.hits_of(session, ids)
    released = tally.outcomes_of(session, ids)
    return [
        _Send(
            id=send_id,
            hits=[reactions.kept_of(row) for row in rows.get(send_id, ())],
            facts=known.get(send_id),
            window=_window(released.get(send_id)),
            links=dict(locked[send_id].links),
        )
        for send_id in ids
    ]


def _window(outcome: Row[Any] | None) -> Window | None:
    return Window(outcome.released_at, outcome.closes_at) if outcome else None


def _ingest_segment(
    database: Database,
    segment: Segment,
    facts: SendFacts,
    pace: Pace,
    *,
    end: int,
    now: datetime,
) -> Round:
    with database.read() as session:
        offset = store.offset_of(session, segment)
    taken = 0
    found = takewhile(lambda line: line[0] <= end, journal.lines(segment, offset))
    while batch := list(islice(found, pace.size)):
        if taken >= _TURN:
            return Round(taken, complete=False)
        new = batch[-1][0]
        with database.write() as session, pace.measured(len(batch)):
            if not store.advance(session, segment, old=offset, new=new, now=now):
                return Round(taken, complete=False)  # somebody else reads this segment
            taken += _take(session, segment, batch, facts, now=now)
        offset = new
    _delete_if_done(segment, now=now)
    return Round(taken, complete=True)


def _take(
    session: Session,
    segment: Segment,
    batch: Sequence[tuple[int, bytes]],
    facts: SendFacts,
    *,
    now: datetime,
) -> int:
    fresh: dict[int, list[Kept]] = defaultdict(list)
    by_set: dict[int, list[Kept]] = defaultdict(list)
    for line, offset in _readable(batch):
        kept = Kept(None, Place(segment.id, offset), reactions.request_of(line, now=now))
        hits = by_set[line.set_id] if line.send_id == NOBODY else fresh[line.send_id]
        hits.append(kept)
    if by_set:
        arms = facts.arms_of(session, sorted(by_set))
        nameless.keep(session, nameless.of_sets(by_set, arms))
    if fresh:
        react(session, fresh, facts, now=now)
    return sum(len(hits) for hits in (*fresh.values(), *by_set.values()))


def _readable(batch: Sequence[tuple[int, bytes]]) -> Iterator[tuple[lines.Line, int]]:
    for offset, payload in batch:
        try:
            yield lines.read(payload), offset
        except ValueError as error:
            log.warning("a journal line was passed over: %s", error)


def _judge(send: _Send, new: Sequence[Kept], *, now: datetime) -> _Change:
    hits = reactions.judged(reactions.folded(send.hits, new), send.facts)
    if send.facts is None or send.window is None:  # not released as far as we know: again later
        return _Change(send, hits, {}, send.links, _due_at(hits, now=now))
    return _Change(
        send=send,
        hits=hits,
        outcome=reactions.outcome_of(hits, send.window, send.facts),
        links=reactions.links_of(hits, send.window, send.facts),
        due_at=None if send.facts.settled else _due_at(hits, now=now),
    )


def _due_at(hits: Sequence[Kept], *, now: datetime) -> datetime | None:
    """Soon while the last hit is young, rarely when it is old, in the end never."""
    age = now - max((kept.request.at for kept in hits), default=now)
    return None if age > _PATIENCE else now + min(max(age, _SOONEST), _LATEST)


def _write(session: Session, changes: Sequence[_Change]) -> None:
    new: list[Mapping[str, object]] = []
    counts: list[Mapping[str, object]] = []
    verdicts: list[Mapping[str, object]] = []
    for change in changes:
        before = {kept.id: kept for kept in change.send.hits}
        for kept in change.hits:
            if kept.id is None:
                new.append(_hit_row(change.send, kept))
                continue
            if kept.count != before[kept.id].count:
                counts.append({"row_id": kept.id, "count": kept.count})
            if _is_new(before[kept.id], kept, change.send):
                verdicts.append({"row_id": kept.id, **_verdict_row(change.send, kept)})
    store.add_hits(session, new)
    store.set_counts(session, counts)
    store.set_verdicts(session, verdicts)
    store.set_reactions(session, [_reaction_row(change) for change in changes])
    tally.change(session, {change.send.id: change.outcome for change in changes if change.outcome})
    tally.count_links(session, _link_moves(changes))


def _is_new(before: Kept, after: Kept, send: _Send) -> bool:
    return before.judgement != after.judgement or before.experiment != send.experiment


def _link_moves(changes: Sequence[_Change]) -> dict[LinkKey, tuple[int, int]]:
    moved: dict[LinkKey, tuple[int, int]] = {}
    for change in changes:
        for link, (hits, people) in reactions.difference(change.send.links, change.links).items():
            key = (*change.send.experiment, link)
            was = moved.get(key, (0, 0))
            moved[key] = (was[0] + hits, was[1] + people)
    return moved


def _reaction_row(change: _Change) -> dict[str, object]:
    return {
        "row_id": change.send.id,
        "judged_version": VERSION,
        "due_at": change.due_at,
        "links": change.links,
    }


def _hit_row(send: _Send, kept: Kept) -> dict[str, object]:
    request = kept.request
    return {
        "segment_id": kept.place.segment_id,
        "segment_offset": kept.place.offset,
        "send_id": send.id,
        "kind": request.kind,
        "link": request.link,
        "at": request.at,
        "method": request.method,
        "user_agent": request.user_agent,
        "flags": {"signs": request.signs},
        "address_class": request.address_class,
        "address_key": request.address_key,
        "count": kept.count,
        **_verdict_row(send, kept),
    }


def _verdict_row(send: _Send, kept: Kept) -> dict[str, object]:
    said = kept.judgement
    assert said is not None  # everything in a change was judged
    experiment_id, arm = send.experiment
    return {
        "experiment_id": experiment_id,
        "arm": arm,
        "verdict": said.verdict,
        "rule": said.rule,
        "rule_version": VERSION,
        "reason": said.reason,
        "via_proxy": said.via_proxy,
    }


def _delete_if_done(segment: Segment, *, now: datetime) -> None:
    """A segment that never grows again, read to its end, is needed no more."""
    if segment.is_open:
        return
    if now - clock.written(segment.path) > _GRACE:
        journal.delete(segment)

"""Derive verdicts again from the hits that are kept: first to see what would change, then to do it.

A verdict changes when the rules did, or a list of User-Agents. Finished experiments keep their
frozen readouts whatever happens here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from app.platform.db import Database
from app.tally import store as tally
from app.tracking import ingest, reactions, store
from app.tracking.ports import SendFacts

_SENDS = 200  # a transaction


@dataclass(frozen=True, slots=True)
class Reclassified:
    """One hit that is thought of differently."""

    hit_id: int
    send_id: int
    before: str  # `human (R15)`
    after: str


def preview(
    database: Database, facts: SendFacts, experiment_id: str | None
) -> Iterator[Reclassified]:
    """What today's rules would change, for one experiment or for all."""
    for ids in _chunks(database, experiment_id):
        with database.read() as session:
            known = facts.facts_of(session, ids)
            for send_id, rows in store.hits_of(session, ids).items():
                before = [reactions.kept_of(row) for row in rows]
                after = reactions.judged(before, known.get(send_id))
                yield from _changes(send_id, before, after)


def reclassify(
    database: Database, facts: SendFacts, experiment_id: str | None, *, now: datetime
) -> list[Reclassified]:
    """Do it: verdicts, outcomes and counters. Returns what changed."""
    changed = list(preview(database, facts, experiment_id))
    for ids in _chunks(database, experiment_id):
        with database.write() as session:
            ingest.react(session, dict.fromkeys(ids, ()), facts, now=now)
    return changed


def rebuild(database: Database, facts: SendFacts, experiment_id: str, *, now: datetime) -> None:
    """Count an experiment again from its hits: outcomes, then counters, then links."""
    with database.write() as session:
        tally.forget_links(session, experiment_id)
        store.forget_links(session, experiment_id)
    reclassify(database, facts, experiment_id, now=now)
    with database.write() as session:
        tally.rebuild(session, experiment_id)


def _chunks(database: Database, experiment_id: str | None) -> Iterator[list[int]]:
    after = 0
    while True:
        with database.read() as session:
            ids = store.sends_with_hits(
                session, experiment_id=experiment_id, after=after, limit=_SENDS
            )
        if not ids:
            return
        yield ids
        after = ids[-1]


def _changes(
    send_id: int, before: list[reactions.Kept], after: list[reactions.Kept]
) -> Iterator[Reclassified]:
    for old, new in zip(before, after, strict=True):
        if old.judgement != new.judgement and old.id is not None:
            yield Reclassified(old.id, send_id, _said(old), _said(new))


def _said(kept: reactions.Kept) -> str:
    said = kept.judgement
    return f"{said.verdict} ({said.rule})" if said else "not judged"

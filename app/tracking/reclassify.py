"""Derive verdicts again from the hits that are kept: first to see what would change, then to do it.

A verdict changes when the rules did, or a list of User-Agents. Finished experiments keep their
frozen readouts whatever happens here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.platform.db import Database
from app.tally import store as tally
from app.tracking import hit_rows, judging, reactions, store
from app.tracking.ports import SendFacts
from app.tracking.reacting import react
from app.tracking.reactions import Kept
from app.tracking.verdicts import Judgement

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
            hits = hit_rows.hits_of(session, ids)
        for send_id, before in hits.items():
            message = reactions.message_of(known.get(send_id))
            after = judging.judge([hit.request for hit in before], message)
            yield from _changes(send_id, before, after)


def reclassify(
    database: Database, facts: SendFacts, experiment_id: str | None, *, now: datetime
) -> list[Reclassified]:
    """Do it: verdicts, outcomes and counters. Returns what changed."""
    changed = list(preview(database, facts, experiment_id))
    for ids in _chunks(database, experiment_id):
        with database.write() as session:
            react(session, dict.fromkeys(ids, ()), facts, now=now)
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
    send_id: int, before: Sequence[Kept], after: Sequence[Judgement]
) -> Iterator[Reclassified]:
    for hit, said in zip(before, after, strict=True):
        if hit.intact and hit.judgement != said:
            yield Reclassified(hit.id, send_id, _said(hit.judgement), _said(said))


def _said(judgement: Judgement) -> str:
    return f"{judgement.verdict} ({judgement.rule})"

"""Derive verdicts again from the hits that are kept: first to see what would change, then to do it.

A verdict changes when the rules did, or a list of User-Agents. An experiment keeps the rules of
its launch, for all its arms, until somebody adopts newer ones here. Finished experiments keep
their frozen readouts whatever happens.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.platform.db import Database
from app.tracking import hit_rows, judging, reactions, store
from app.tracking.ports import SendFacts
from app.tracking.reacting import react
from app.tracking.reactions import Kept
from app.tracking.verdicts import NEWEST, VERSION, Judgement

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
    """What the newest rules would change, for one experiment or for all."""
    for ids in _chunks(database, experiment_id):
        with database.read() as session:
            known = facts.facts_of(session, ids)
            hits = hit_rows.hits_of(session, ids)
        for send_id, before in hits.items():
            message = reactions.message_of(known.get(send_id))._replace(edition=NEWEST)
            after = judging.judge([hit.request for hit in before], message)
            yield from _changes(send_id, before, after)


def adopt(
    database: Database, facts: SendFacts, experiment_id: str | None, *, now: datetime
) -> None:
    """Judge by the newest rules from now on, and again what came: verdicts, outcomes, counters."""
    with database.write() as session:
        facts.adopt(session, experiment_id, VERSION)
    _judge(database, facts, experiment_id, now=now)


def _judge(
    database: Database, facts: SendFacts, experiment_id: str | None, *, now: datetime
) -> None:
    for ids in _chunks(database, experiment_id):
        with database.write() as session:
            react(session, dict.fromkeys(ids, ()), facts, now=now)


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

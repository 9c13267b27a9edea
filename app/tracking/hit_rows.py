"""The SQL of ingest, in bulk: hits, what is only counted of them, and what judging remembers."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.platform.bulk import Bulk, Written
from app.tracking import memory
from app.tracking.hit_line import HitKind
from app.tracking.memory import Memory
from app.tracking.reactions import Bucket, Fresh, Kept, Links, Whose
from app.tracking.verdicts import Edition, Judgement, Request, Verdict

_EDITIONS = {edition: str(edition.value) for edition in Edition}
_VERDICT = {
    "experiment_id": "text",
    "arm": "text",
    "verdict": "text",
    "rule": "text",
    "rule_version": "text",
    "reason": "text",
    "via_proxy": "boolean",
}
_HIT = Written(
    "hit",
    keys={"segment_id": "text", "segment_offset": "bigint"},
    values={
        "send_id": "bigint",
        "kind": "text",
        "link": "integer",
        "at": "timestamptz",
        "method": "text",
        "user_agent": "text",
        "flags": "jsonb",
        "address_class": "text",
        "address_key": "text",
        "count": "integer",
        **_VERDICT,
    },
)
_JUDGED = Written("hit", keys={"id": "bigint"}, values=_VERDICT)
_COUNTED = Written(
    "hit_count",
    keys={
        "send_id": "bigint",
        "since": "timestamptz",
        "kind": "text",
        "link": "integer",
        "method": "text",
    },
    values={"experiment_id": "text", "arm": "text", "count": "bigint"},
)
_REMEMBERED = Written(
    "reaction", keys={"send_id": "bigint"}, values={"links": "jsonb", "memory": "text"}
)
_REACTION = Written(
    "reaction",
    keys={"send_id": "bigint"},
    values={"judged_version": "text", "due_at": "timestamptz", "links": "jsonb", "memory": "text"},
)
_HELD = """
    SELECT send_id, due_at, CAST(links AS TEXT), memory, gone
      FROM reaction
     WHERE send_id IN ({ids})
     ORDER BY send_id {lock}
"""
_HITS = """
    SELECT send_id, id, segment_id, segment_offset, at, kind, link, method, user_agent,
           CAST(flags AS TEXT), address_class, address_key, verdict, rule, reason, via_proxy,
           count, experiment_id, arm, intact
      FROM hit
     WHERE send_id IN ({ids})
     ORDER BY send_id, id
"""
_COUNTS = """
    SELECT send_id, since, kind, link, method, count
      FROM hit_count
     WHERE send_id IN ({ids})
     ORDER BY send_id, since, kind, link, method
"""
_DROP = "DELETE FROM hit WHERE id IN ({ids})"
_ADOPT = Written(
    "hit_count", keys={"send_id": "bigint"}, values={"experiment_id": "text", "arm": "text"}
)


@dataclass(slots=True)
class Remembered:
    """The reaction of one send, held until the transaction ends."""

    is_new: bool  # no hit of this send was ever kept
    waits: bool  # it is to be judged again
    links: Links
    memory: Memory | None  # None: its hits have to be read again
    gone: bool = False  # some were let go for their age: what was counted stays


def held(session: Session, send_ids: Sequence[int]) -> dict[int, Remembered]:
    """What is remembered of some sends; nobody else judges them until the transaction ends."""
    bulk = Bulk(session)
    begun = _begun(bulk, send_ids)
    remembereds = {
        number: Remembered(
            False,
            due_at is not None,
            memory.from_json(links),
            memory.read(written) if written else None,
            bool(gone),
        )
        for number, due_at, links, written, gone in bulk.by_ids(_HELD, send_ids)
        if number not in begun
    }
    for number in send_ids:
        if number not in remembereds:
            remembereds[number] = Remembered(True, False, {}, Memory())
    return remembereds


def _begun(bulk: Bulk, send_ids: Sequence[int]) -> set[int]:
    """Sends of which nothing is known yet: from now on ours. SQLite has one writer anyway."""
    if bulk.is_sqlite:
        return set()
    begun = """
        INSERT INTO reaction (send_id, judged_version, links, memory)
        SELECT unnest(array({ids})), '', '{{}}'::jsonb, ''
        ORDER BY 1
        ON CONFLICT DO NOTHING
        RETURNING send_id
    """
    return {row[0] for row in bulk.by_ids(begun, send_ids)}


def hits_of(session: Session, send_ids: Sequence[int]) -> dict[int, list[Kept]]:
    """All hits of some sends that are kept."""
    bulk = Bulk(session)
    found: dict[int, list[Kept]] = {}
    for row in bulk.by_ids(_HITS, send_ids) if send_ids else ():
        found.setdefault(row[0], []).append(_kept(row, bulk))
    return found


def _kept(row: tuple[Any, ...], bulk: Bulk) -> Kept:
    (_, number, segment, offset, at, kind, link, method, agent, flags, *rest) = row
    (
        address_class,
        address_key,
        verdict,
        rule,
        reason,
        via_proxy,
        count,
        experiment,
        arm,
        *ends,
    ) = rest
    signs = json.loads(flags).get("signs", "")
    return Kept(
        id=number,
        request=Request(
            bulk.read_moment(at),
            HitKind(kind),
            link,
            method,
            agent,
            signs,
            address_class,
            address_key,
        ),
        place=(segment, offset),
        judgement=Judgement(Verdict(verdict), rule, reason, bool(via_proxy)),
        count=count,
        experiment=(experiment, arm),
        intact=bool(ends[0]),
    )


def counts_of(session: Session, send_ids: Sequence[int]) -> dict[int, dict[Bucket, int]]:
    """What is only counted of some sends."""
    bulk = Bulk(session)
    found: dict[int, dict[Bucket, int]] = {}
    for number, since, kind, link, method, count in (
        bulk.by_ids(_COUNTS, send_ids) if send_ids else ()
    ):
        bucket = Bucket(bulk.read_moment(since), HitKind(kind), link, method)
        found.setdefault(number, {})[bucket] = count
    return found


def add(session: Session, hits: Iterable[tuple[Whose, Fresh, Judgement]]) -> None:
    """Keep new hits."""
    bulk = Bulk(session)
    at = bulk.moment
    bulk.insert(
        _HIT,
        [
            (
                hit.segment_id,
                hit.offset,
                whose.send_id,
                str(kind),
                link,
                at(moment),
                method,
                user_agent,
                _flags(signs),
                str(address_class),
                address_key,
                1,
                *_verdict(whose, said),
            )
            for whose, hit, said in hits
            for moment, kind, link, method, user_agent, signs, address_class, address_key in (
                hit.request,
            )
        ],
    )


def judge_again(session: Session, hits: Iterable[tuple[Whose, int, Judgement]]) -> None:
    """Change what is thought of kept hits, by their ids."""
    Bulk(session).update(
        _JUDGED, [(number, *_verdict(whose, said)) for whose, number, said in hits]
    )


def drop(session: Session, hit_ids: Sequence[int]) -> None:
    """Keep hits no more that are only counted from now on."""
    if hit_ids:
        Bulk(session).run_for(_DROP, hit_ids)


def count(session: Session, counts: Mapping[tuple[Whose, Bucket], int]) -> None:
    """Count hits of which nothing else is kept."""
    bulk = Bulk(session)
    rows = [
        (
            whose.send_id,
            bulk.moment(bucket.since),
            bucket.kind.value,
            bucket.link,
            bucket.method,
            whose.experiment_id,
            whose.arm,
            more,
        )
        for (whose, bucket), more in counts.items()
    ]
    bulk.add(_COUNTED, sorted(rows))


def adopt(session: Session, sends: Sequence[Whose]) -> None:
    """Say of what was counted before anything was known of its send whose it is."""
    Bulk(session).update(_ADOPT, [(send.send_id, *send.arm_of) for send in sends])


def go_on(session: Session, rows: Iterable[tuple[int, Links, Memory]]) -> None:
    """Keep what the next hits of some sends need that were judged before, and wait for nothing."""
    written = [(number, _links(links), kept.written()) for number, links, kept in rows]
    Bulk(session).update(_REMEMBERED, written)


def remember(
    session: Session, rows: Iterable[tuple[Whose, datetime | None, Links, Memory]]
) -> None:
    """Keep what the next hits of some sends need, and when to judge them again."""
    bulk = Bulk(session)
    bulk.replace(
        _REACTION,
        [
            (
                whose.send_id,
                _EDITIONS[whose.edition],
                None if due_at is None else bulk.moment(due_at),
                _links(links),
                kept.written(),
            )
            for whose, due_at, links, kept in rows
        ],
    )


def _verdict(whose: Whose, said: Judgement) -> tuple[object, ...]:
    return (
        whose.experiment_id,
        whose.arm,
        str(said.verdict),
        said.rule,
        _EDITIONS[whose.edition],
        said.reason,
        said.via_proxy,
    )


def _links(links: Links) -> str:
    """Hand-made, for each hit changes it."""
    each = ",".join([f'"{link}":[{hits},{people}]' for link, (hits, people) in links.items()])
    return f"{{{each}}}"


def _flags(signs: str) -> str:
    return f'{{"signs":"{signs}"}}'  # letters of our own only

"""The SQL of ingest, in bulk: hits, and what is only counted of them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlmodel import Session

from app.platform.bulk import Bulk, Written
from app.tracking.hit_line import HitKind
from app.tracking.reactions import Bucket, Fresh, Kept, Whose
from app.tracking.verdicts import Edition, Judgement, Request, Verdict

EDITIONS = {edition: str(edition.value) for edition in Edition}
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


def _verdict(whose: Whose, said: Judgement) -> tuple[object, ...]:
    return (
        whose.experiment_id,
        whose.arm,
        str(said.verdict),
        said.rule,
        EDITIONS[whose.edition],
        said.reason,
        said.via_proxy,
    )


def _flags(signs: str) -> str:
    return f'{{"signs":"{signs}"}}'  # letters of our own only

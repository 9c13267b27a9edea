"""Hits of some sends, entered: kept or counted, judged, and what follows moved, in bulk.

Usually a hit comes after those of its send that were judged: then what is remembered of these is
enough (`_onward`). Where it does not, or makes earlier ones part of a burst, all that are kept are
read and judged again (`_afresh`): never more than a thousand. Both come to the same.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from zlib import crc32

from sqlmodel import Session

from app.tally import reached
from app.tally.reached import Reached
from app.tracking import hit_rows, judging, memory, nameless, reaction_rows, reactions, send_changes
from app.tracking.hit_line import HitKind
from app.tracking.memory import micros
from app.tracking.ports import Facts, SendFacts
from app.tracking.reactions import Bucket, Fresh, Judged, Kept, Sums, Window
from app.tracking.send_changes import Change, Send
from app.tracking.verdicts import Judgement, Request, edition_of

_SOONEST, _LATEST = timedelta(seconds=2), timedelta(hours=1)
_PATIENCE = timedelta(days=7)  # then a send that never settles is left as it is


def react(
    session: Session, fresh: Mapping[int, Sequence[Fresh]], facts: SendFacts, *, now: datetime
) -> None:
    """Enter new hits by send; where a send has none, its hits are judged again.

    Of people who refuse it now, nothing is kept that names them, not even that they reacted.
    """
    known = facts.facts_of(session, sorted(fresh))
    mine, refused = nameless.sorted_out(fresh, known)
    if mine:
        _react(session, mine, known, now=now)
    nameless.keep(session, refused)  # counters of links come after outcomes, as everywhere


def _react(
    session: Session,
    mine: Mapping[int, Sequence[Fresh]],
    known: Mapping[int, Facts],
    *,
    now: datetime,
) -> None:
    sends = _found(session, sorted(mine), known)
    changes = {send.id: _onward(send, mine[send.id]) for send in sends}
    stuck = [send for send in sends if changes[send.id] is None]
    hits = hit_rows.hits_of(session, [send.id for send in stuck])
    counts = hit_rows.counts_of(session, [send.id for send in stuck])
    for send in stuck:
        old, sums = hits.get(send.id, []), counts.get(send.id, {})
        changes[send.id] = _afresh(send, old, sums, mine[send.id], now=now)
    send_changes.write(session, [change for change in changes.values() if change])


def _found(session: Session, ids: Sequence[int], known: Mapping[int, Facts]) -> list[Send]:
    before = reaction_rows.held(session, ids)
    released = reached.held(session, ids)
    return [
        Send(
            number,
            known.get(number),
            one,
            None if before[number].gone else _window(one),  # without, nothing is counted again
            before[number],
            reactions.whose(number, known.get(number)),
        )
        for number in ids
        for one in (released.get(number),)
    ]


def _window(outcome: Reached | None) -> Window | None:
    return Window(outcome.released_at, outcome.closes_at) if outcome else None


def _onward(send: Send, hits: Sequence[Fresh]) -> Change | None:
    """Go on from what is remembered; None where that does not do."""
    facts, window, outcome, known = send.facts, send.window, send.outcome, send.before.memory
    if not hits or facts is None or window is None or outcome is None or known is None:
        return None
    if send.before.waits or not facts.settled:
        return None
    checksum = _checksum(facts, window)
    if known.facts != checksum and not send.before.is_new:
        return None
    known.facts = checksum
    change = Change(send, known, {link: [*was] for link, was in send.links.items()})
    kept = _sorted_in(change, sorted(hits))
    if kept is None:
        return None
    said = judging.go_on(known, [hit.request for hit in kept], reactions.message_of(facts))
    if said is None:
        return None
    change.kept = list(zip(kept, said, strict=True))
    return _moved(change, [(hit.request, judgement) for hit, judgement in change.kept], hits)


def _sorted_in(change: Change, ordered: Sequence[Fresh]) -> list[Fresh] | None:
    """Those that are kept, the others counted; None where one belongs among earlier ones."""
    kept: list[Fresh] = []
    known, last = change.memory, change.memory.last
    for hit in ordered:
        at = micros(hit.request.at)
        if known.had_enough(at) if at <= last else known.has_enough(at):
            change.count(reactions.bucket_of(hit.request, change.send.window), 1)
        elif at <= last:
            return None
        else:
            known.keep(at)
            kept.append(hit)
    return kept


def _moved(change: Change, judged: Sequence[Judged], hits: Sequence[Fresh]) -> Change:
    """With the outcome and the links as the new hits leave them."""
    facts, window, outcome = change.send.facts, change.send.window, change.send.outcome
    assert facts is not None  # `_onward` looked …
    assert window is not None
    assert outcome is not None
    sums = Sums(outcome.clicks, change.links)
    for hit in hits:
        if window.holds(hit.request.at):
            sums.add(hit.request.kind, hit.request.link, hit.request.method, 1)
    reactions.people_of(sums.links, judged, window)
    found = reactions.firsts(judged, window, facts)
    change.outcome = outcome.with_firsts(found, clicks=sums.clicks)
    return change


def _afresh(
    send: Send,
    old: Sequence[Kept],
    counts: Mapping[Bucket, int],
    new: Sequence[Fresh],
    *,
    now: datetime,
) -> Change:
    """Choose and judge all hits of a send again."""
    hits: list[Fresh | Kept] = [*old, *new]
    hits.sort(key=_order)
    chosen, left_over, known = memory.chosen(hits, (hit.request for hit in hits))
    said = judging.go_on(
        known,
        [hit.request for hit in chosen],
        reactions.message_of(send.facts),
        fixed=_fixed(chosen),
    )
    assert said is not None  # nothing came before them
    change = Change(send, known, send.links, is_afresh=True)
    for hit in left_over:
        change.count(reactions.bucket_of(hit.request, send.window), _number(hit))
        if isinstance(hit, Kept):
            change.dropped.append(hit.id)
    for hit, judgement in zip(chosen, said, strict=True):
        if isinstance(hit, Fresh):
            change.kept.append((hit, judgement))
        elif (hit.judgement, hit.experiment) != (judgement, send.whose.arm_of):
            change.judged_again.append((hit.id, judgement))
    waits = send.facts is None or send.window is None or not send.facts.settled
    change.due_at = _due_at(chosen, now=now) if waits else None
    if send.facts is not None and send.window is not None:
        judged = [(hit.request, one) for hit, one in zip(chosen, said, strict=True)]
        _count_again(change, judged, hits, counts)
    return change


def _count_again(
    change: Change,
    judged: Sequence[Judged],
    hits: Sequence[Fresh | Kept],
    counts: Mapping[Bucket, int],
) -> None:
    """The outcome and the links, from all that is there."""
    facts, window, outcome = change.send.facts, change.send.window, change.send.outcome
    assert facts is not None  # `_afresh` looked …
    assert window is not None
    assert outcome is not None  # … for it has the window
    change.memory.facts = _checksum(facts, window)
    sums = Sums()
    for hit in hits:
        if window.holds(hit.request.at):
            sums.add(hit.request.kind, hit.request.link, hit.request.method, _number(hit))
    for bucket, count in counts.items():
        if window.holds(bucket.since):
            sums.add(bucket.kind, bucket.link, bucket.method, count)
    reactions.people_of(sums.links, judged, window)
    change.links = sums.links if facts.settled else {}
    found = reactions.firsts(judged, window, facts)
    blank = outcome.without(reactions.fields(facts))
    change.outcome = blank.with_firsts(found, clicks=sums.clicks)


def _fixed(hits: Sequence[Fresh | Kept]) -> dict[int, Judgement]:
    """Verdicts that stay: of hits whose inputs were shortened or erased."""
    return {
        place: hit.judgement
        for place, hit in enumerate(hits)
        if isinstance(hit, Kept) and not hit.intact
    }


def _order(hit: Fresh | Kept) -> tuple[Request, tuple[str, int]]:
    place = hit.place if isinstance(hit, Kept) else (hit.segment_id, hit.offset)
    return (hit.request, place)


def _number(hit: Fresh | Kept) -> int:
    return hit.count if isinstance(hit, Kept) else 1


def _due_at(hits: Sequence[Fresh | Kept], *, now: datetime) -> datetime | None:
    """Soon while the last hit is young, rarely when it is old, in the end never."""
    age = now - max((hit.request.at for hit in hits), default=now)
    return None if age > _PATIENCE else now + min(max(age, _SOONEST), _LATEST)


def _checksum(facts: Facts, window: Window) -> int:
    """Whatever verdicts and outcome follow from beside the hits."""
    accepted = -1 if facts.accepted_at is None else micros(facts.accepted_at)
    moments = b"%d %d %d" % (accepted, micros(window.opens_at), micros(window.closes_at))
    mail = (facts.experiment_id, facts.arm, facts.settled, facts.links_total, facts.honeypot)
    edition = edition_of(facts.rule_version).value
    return crc32(moments, _mail(edition, mail, facts.counted, facts.counted_links))


@lru_cache(maxsize=10_000)
def _mail(
    edition: int, mail: tuple[object, ...], counted: HitKind | None, links: frozenset[int]
) -> int:
    """What is the same for all sends of an arm."""
    return crc32(f"{edition} {mail} {counted} {sorted(links)}".encode())

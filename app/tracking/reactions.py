"""What the hits of one send mean for its person. Pure: hits in, fields and counts out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.tracking.lines import HitKind, Line
from app.tracking.ports import Facts
from app.tracking.verdicts import Judgement, Message, Request, Verdict, judge

_ROWS_A_MINUTE = 100  # of one send; then repeats fold (decision 1)
_MACHINES = {Verdict.SCANNER, Verdict.MACHINE_OPEN}

Links = dict[str, list[int]]  # by link: [hits, people], as JSON keeps it


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a journal a hit came from."""

    segment_id: str
    offset: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A hit in the table (with its id), or on its way there."""

    id: int | None
    place: Place
    request: Request
    count: int = 1
    judgement: Judgement | None = None
    experiment: tuple[str, str] = ("", "")  # and arm, as the table has them
    intact: bool = True  # False: what rules ask for was shortened or erased since


@dataclass(frozen=True, slots=True)
class Window:
    """From release to the end of counting."""

    opens_at: datetime
    closes_at: datetime


def request_of(line: Line, *, now: datetime) -> Request:
    """A line as the rules see it. A clock that ran ahead puts nothing into the future."""
    return Request(
        at=min(line.at, now + timedelta(minutes=1)),
        kind=line.kind,
        link=line.link,
        method=line.method,
        user_agent=line.user_agent,
        signs=line.signs,
        address_class=line.address_class,
        address_key=line.address_key,
    )


def folded(old: Sequence[Kept], new: Sequence[Kept]) -> list[Kept]:
    """All hits together. Past a hundred in a minute, a repeat only adds to the count of one."""
    hits: list[Kept] = []
    rows: Counter[datetime] = Counter()
    like: dict[tuple[object, ...], int] = {}
    for kept in (*old, *new):
        minute = kept.request.at.replace(second=0, microsecond=0)
        key = (minute, kept.request.kind, kept.request.link, kept.request.method)
        if kept.id is None and rows[minute] >= _ROWS_A_MINUTE and key in like:
            place = like[key]
            hits[place] = replace(hits[place], count=hits[place].count + 1)
            continue
        like[key] = len(hits)
        rows[minute] += 1
        hits.append(kept)
    return hits


def judged(hits: Sequence[Kept], facts: Facts | None) -> list[Kept]:
    """The hits with the verdicts of today; where inputs are gone, the verdict stays."""
    verdicts = judge([kept.request for kept in hits], _message(facts))
    return [
        replace(kept, judgement=said if kept.intact else kept.judgement)
        for kept, said in zip(hits, verdicts, strict=True)
    ]


def outcome_of(hits: Sequence[Kept], window: Window, facts: Facts) -> dict[str, object]:
    """The fields of the outcome that hits decide: firsts, within the window."""
    clicks = list(_within(hits, window, HitKind.CLICK))
    opens = list(_within(hits, window, HitKind.OPEN))
    return {
        "clicked_at": _first(clicks, {Verdict.HUMAN}),
        "maybe_clicked_at": _first(clicks, {Verdict.UNKNOWN}),
        "machine_clicked_at": _first(clicks, _MACHINES),
        "opened_at": _first(opens, {Verdict.HUMAN}),
        "machine_opened_at": _first(opens, _MACHINES),
        "clicks": sum(kept.count for kept in clicks if kept.request.method == "GET"),
        **_done([*clicks, *opens], facts),
    }


def _done(hits: Iterable[Kept], facts: Facts) -> dict[str, object]:
    """What the experiment's metric counts, where that is a hit; else others say it."""
    if facts.counted is None:
        return {}
    counted = [kept for kept in hits if _counts(kept.request, facts)]
    return {
        "did_at": _first(counted, {Verdict.HUMAN}),
        "maybe_did_at": _first(counted, {Verdict.UNKNOWN}),
    }


def _counts(request: Request, facts: Facts) -> bool:
    if request.kind is not facts.counted:
        return False
    return request.kind is not HitKind.CLICK or request.link in facts.counted_links


def links_of(hits: Sequence[Kept], window: Window, facts: Facts) -> Links:
    """What a send adds to the counters of its links, once it is settled."""
    links: Links = {}
    if not facts.settled:
        return links
    for kept in _within(hits, window, HitKind.CLICK):
        if kept.request.method == "GET":
            counts = links.setdefault(str(kept.request.link), [0, 0])
            counts[0] += kept.count
            if _verdict(kept) is Verdict.HUMAN:
                counts[1] = 1
    return links


def difference(before: Links, after: Links) -> dict[int, tuple[int, int]]:
    """By how much the counters of links move."""
    moved = {}
    for link in before.keys() | after.keys():
        was, now = before.get(link, [0, 0]), after.get(link, [0, 0])
        moved[int(link)] = (now[0] - was[0], now[1] - was[1])
    return moved


def kept_of(row: Any) -> Kept:
    """A row of the table as a hit."""
    request = Request(
        at=row.at,
        kind=HitKind(row.kind),
        link=row.link,
        method=row.method,
        user_agent=row.user_agent,
        signs=row.flags.get("signs", ""),
        address_class=row.address_class,
        address_key=row.address_key,
    )
    judgement = Judgement(Verdict(row.verdict), row.rule, row.reason, row.via_proxy)
    return Kept(
        id=row.id,
        place=Place(row.segment_id, row.segment_offset),
        request=request,
        count=row.count,
        judgement=judgement,
        experiment=(row.experiment_id, row.arm),
        intact=row.intact,
    )


def _message(facts: Facts | None) -> Message:
    if facts is None:
        return Message(accepted_at=None, settled=False, links_total=0)
    return Message(facts.accepted_at, facts.settled, facts.links_total, facts.honeypot)


def _within(hits: Iterable[Kept], window: Window, kind: HitKind) -> Iterable[Kept]:
    for kept in hits:
        if kept.request.kind is kind and window.opens_at <= kept.request.at < window.closes_at:
            yield kept


def _first(hits: Iterable[Kept], verdicts: set[Verdict]) -> datetime | None:
    return min((kept.request.at for kept in hits if _verdict(kept) in verdicts), default=None)


def _verdict(kept: Kept) -> Verdict | None:
    return kept.judgement.verdict if kept.judgement else None

"""What the hits of one send mean for its person. Pure: hits in, fields and counts out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from app.tracking.hit_line import HitKind, Line
from app.tracking.ports import Facts
from app.tracking.verdicts import NEWEST, Edition, Judgement, Message, Request, Verdict, edition_of

# Members by way of their class are found forty times as slowly.
_CLICK, _HUMAN = HitKind.CLICK, Verdict.HUMAN
_NONE = (0, 0)
_FIRSTS = {
    (HitKind.CLICK, Verdict.HUMAN): "clicked_at",
    (HitKind.CLICK, Verdict.UNKNOWN): "maybe_clicked_at",
    (HitKind.CLICK, Verdict.SCANNER): "machine_clicked_at",
    (HitKind.CLICK, Verdict.MACHINE_OPEN): "machine_clicked_at",
    (HitKind.OPEN, Verdict.HUMAN): "opened_at",
    (HitKind.OPEN, Verdict.SCANNER): "machine_opened_at",
    (HitKind.OPEN, Verdict.MACHINE_OPEN): "machine_opened_at",
}
_DONE = {Verdict.HUMAN: "did_at", Verdict.UNKNOWN: "maybe_did_at"}

Links = dict[str, list[int]]  # by link: [hits, people], as JSON keeps it
Judged = tuple[Request, Judgement]


class Fresh(NamedTuple):
    """A new hit, and where in a journal it came from."""

    request: Request
    segment_id: str
    offset: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A hit in the table, with what is thought of it."""

    id: int
    request: Request
    place: tuple[str, int]
    judgement: Judgement
    count: int = 1  # more where an earlier version folded repeats into it
    experiment: tuple[str, str] = ("", "")  # and arm, as the table has them
    intact: bool = True  # False: what rules ask for was shortened or erased, the verdict stays


class Whose(NamedTuple):
    """A send, with its experiment and arm where they are known."""

    send_id: int
    experiment_id: str
    arm: str
    edition: Edition  # of the rules that its hits are judged by

    @property
    def arm_of(self) -> tuple[str, str]:
        """The experiment and its arm."""
        return (self.experiment_id, self.arm)


def whose(send_id: int, facts: Facts | None) -> Whose:
    """A send's, as far as it is known."""
    if facts is None:
        return Whose(send_id, "", "", NEWEST)
    return Whose(send_id, facts.experiment_id, facts.arm, edition_of(facts.rule_version))


class Bucket(NamedTuple):
    """Hits of a send that are only counted; `since` is on one side of the window's edges."""

    since: datetime
    kind: HitKind
    link: int
    method: str


class Window(NamedTuple):
    """From release to the end of counting."""

    opens_at: datetime
    closes_at: datetime

    def holds(self, at: datetime) -> bool:
        """Whether a hit of this moment counts."""
        return self.opens_at <= at < self.closes_at


@dataclass(slots=True)
class Sums:
    """What does not depend on verdicts: raw clicks within the window, and how many of each link."""

    clicks: int = 0
    links: Links = field(default_factory=dict)

    def add(self, kind: HitKind, link: int, method: str, count: int) -> None:
        """Some hits within the window."""
        if kind is _CLICK and method == "GET":
            self.clicks += count
            self.links.setdefault(str(link), [0, 0])[0] += count


def request_of(line: Line, *, latest: datetime) -> Request:
    """A line as the rules see it. A clock that ran ahead puts nothing into the future."""
    return Request(
        min(line.at, latest),
        line.kind,
        line.link,
        line.method,
        line.user_agent,
        line.signs,
        line.address_class,
        line.address_key,
    )


def message_of(facts: Facts | None) -> Message:
    """The mail, as far as rules ask."""
    if facts is None:
        return Message(accepted_at=None, settled=False, links_total=0)
    return Message(
        facts.accepted_at,
        facts.settled,
        facts.links_total,
        facts.honeypot,
        edition_of(facts.rule_version),
    )


def bucket_of(request: Request, window: Window | None) -> Bucket:
    """Where a hit is counted of which nothing else is kept: its hour, cut at the window's edges."""
    since = request.at.replace(minute=0, second=0, microsecond=0)
    for edge in (window.opens_at, window.closes_at) if window else ():
        if since < edge <= request.at:
            since = edge
    return Bucket(since, request.kind, request.link, request.method)


def firsts(hits: Iterable[Judged], window: Window, facts: Facts) -> dict[str, datetime]:
    """The first time of everything that happened within the window, by field of the outcome."""
    found: dict[str, datetime] = {}
    for request, said in hits:
        if window.holds(request.at):
            for name in _fields(request, said.verdict, facts):
                if name not in found or request.at < found[name]:
                    found[name] = request.at
    return found


def fields(facts: Facts) -> Iterable[str]:
    """The moments of an outcome that hits decide; others say what a metric counts elsewhere."""
    return {*_FIRSTS.values(), *(_DONE.values() if facts.counted is not None else ())}


def _fields(request: Request, verdict: Verdict, facts: Facts) -> Iterable[str]:
    first = _FIRSTS.get((request.kind, verdict))
    if first:
        yield first
    if verdict in _DONE and _counts(request, facts):
        yield _DONE[verdict]


def _counts(request: Request, facts: Facts) -> bool:
    if request.kind is not facts.counted:
        return False
    return request.kind is not _CLICK or request.link in facts.counted_links


def people_of(links: Links, hits: Iterable[Judged], window: Window) -> None:
    """Note on which links this person clicked."""
    for request, said in hits:
        is_human = request.kind is _CLICK and said.verdict is _HUMAN
        if is_human and window.holds(request.at):
            links.setdefault(str(request.link), [0, 0])[1] = 1


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[int, tuple[int, int]]:
    """By how much the counters of links move."""
    moved = {}
    for link, (hits, people) in after.items():
        was = before.get(link, _NONE)
        if was[0] != hits or was[1] != people:
            moved[int(link)] = (hits - was[0], people - was[1])
    for link in before.keys() - after.keys():
        hits, people = before[link]
        moved[int(link)] = (-hits, -people)
    return moved

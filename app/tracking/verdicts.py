"""Who was behind a request: a person or a machine. Pure; the first rule with an opinion wins.

The order is policy (trust.md, section 3): 1 to 8, 10, 9, 11, 13, 12, 14, 15. A verdict names its
rule and its reason, and the same requests always give the same verdicts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.tracking import neighbours
from app.tracking import user_agents as agents
from app.tracking.callers import AddressClass
from app.tracking.lines import HitKind, Sign

VERSION = "1"
_SUSPECT_CLASSES = {AddressClass.DATACENTER, AddressClass.SECURITY_VENDOR}
_AT_ONCE = timedelta(seconds=2)  # Mautic's bot_helper_time_email_threshold
_REPEAT = timedelta(seconds=3)
_REPEAT_THROUGH_PROXY = timedelta(seconds=180)


class Verdict(StrEnum):
    """Who it was."""

    HUMAN = "human"
    MACHINE_OPEN = "machine_open"
    PREFETCH = "prefetch"
    SCANNER = "scanner"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Request:
    """One hit, as rules see it."""

    at: datetime
    kind: HitKind
    link: int
    method: str
    user_agent: str
    signs: str
    address_class: str
    address_key: str


@dataclass(frozen=True, slots=True)
class Message:
    """The mail that it came from."""

    accepted_at: datetime | None  # None: not known (uncertain), or not yet
    settled: bool
    links_total: int  # visible tracked links
    honeypot: int | None = None  # the hidden link's position


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its rule and reason."""

    verdict: Verdict
    rule: str
    reason: str
    via_proxy: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A request among its neighbours: everything that a rule may ask."""

    request: Request
    message: Message
    in_burst: bool = False
    beside_scanner: bool = False
    counted_at: datetime | None = None  # the last hit like it that counted as a person's

    @property
    def age(self) -> timedelta | None:
        """Time since the receiving server took the mail."""
        accepted_at = self.message.accepted_at
        return None if accepted_at is None else self.request.at - accepted_at

    @property
    def through_proxy(self) -> bool:
        """An image seen through a mail provider."""
        is_open = self.request.kind is HitKind.OPEN
        return is_open and agents.is_image_proxy(self.request.user_agent)


Rule = Callable[[Seen], Judgement | None]


def not_a_get(seen: Seen) -> Judgement | None:
    if seen.request.method != "GET":
        return Judgement(Verdict.SCANNER, "R01", f"asked with {seen.request.method}")
    return None


def prefetched(seen: Seen) -> Judgement | None:
    if Sign.PREFETCH in seen.request.signs:
        return Judgement(Verdict.PREFETCH, "R02", "the browser fetched it ahead")
    return None


def hidden_link(seen: Seen) -> Judgement | None:
    honeypot = seen.message.honeypot
    if honeypot is not None and _is_click(seen) and seen.request.link == honeypot:
        return Judgement(Verdict.SCANNER, "R03", "followed the link that nobody can see")
    return None


def automation(seen: Seen) -> Judgement | None:
    if not seen.through_proxy and agents.is_automation(seen.request.user_agent):
        return Judgement(Verdict.SCANNER, "R04", "its User-Agent names a program")
    return None


def office_check(seen: Seen) -> Judgement | None:
    if _is_click(seen) and agents.is_office(seen.request.user_agent):
        return Judgement(Verdict.SCANNER, "R05", "Office looked before the browser did")
    return None


def too_early(seen: Seen) -> Judgement | None:
    if seen.age is not None and seen.age < timedelta(0):
        return Judgement(Verdict.SCANNER, "R06", "came before the mail was accepted")
    return None


def apple_privacy(seen: Seen) -> Judgement | None:
    if not _is_click(seen) and seen.request.user_agent == "Mozilla/5.0":
        return Judgement(Verdict.MACHINE_OPEN, "R07", "Apple Mail loads images by itself")
    return None


def gmail_prefetch(seen: Seen) -> Judgement | None:
    if seen.request.user_agent != agents.GMAIL_PREFETCH:
        return None
    verdict = Verdict.SCANNER if _is_click(seen) else Verdict.MACHINE_OPEN
    return Judgement(verdict, "R08", "Gmail fetched it ahead")


def burst(seen: Seen) -> Judgement | None:
    if seen.in_burst:
        return Judgement(Verdict.SCANNER, "R10", "many links within seconds")
    return None


def beside_a_scanner(seen: Seen) -> Judgement | None:
    if seen.beside_scanner:
        return Judgement(Verdict.SCANNER, "R09", "same caller as a scanner, within 15 minutes")
    return None


def weak_signals(seen: Seen) -> Judgement | None:
    signals = _weak(seen)
    if len(signals) >= 2:
        return Judgement(Verdict.SCANNER, "R11", " and ".join(signals))
    return None


def repeat(seen: Seen) -> Judgement | None:
    if seen.counted_at is None:
        return None
    limit = _REPEAT_THROUGH_PROXY if seen.through_proxy else _REPEAT
    if seen.request.at - seen.counted_at <= limit:
        return Judgement(Verdict.DUPLICATE, "R13", "the same again, moments after")
    return None


def image_proxy(seen: Seen) -> Judgement | None:
    if seen.through_proxy and (seen.age is None or seen.age > _AT_ONCE):
        return Judgement(Verdict.HUMAN, "R12", "seen through a mail provider", via_proxy=True)
    return None


def one_weak_signal(seen: Seen) -> Judgement | None:
    signals = _weak(seen)
    if signals:
        return Judgement(Verdict.UNKNOWN, "R14", signals[0])
    return None


def reader(seen: Seen) -> Judgement:
    if agents.is_reader(seen.request.user_agent):
        return Judgement(Verdict.HUMAN, "R15", "a browser or mail client")
    return Judgement(Verdict.UNKNOWN, "R15", "nothing that we know")


RULES: tuple[Rule, ...] = (
    not_a_get,
    prefetched,
    hidden_link,
    automation,
    office_check,
    too_early,
    apple_privacy,
    gmail_prefetch,
    burst,
    beside_a_scanner,
    weak_signals,
    repeat,
    image_proxy,
    one_weak_signal,
    reader,
)
_BEFORE_RULE_9 = RULES[: RULES.index(beside_a_scanner)]
_CAUGHT = {"R01", "R03", "R04", "R10"}  # what rule 9 looks for


def judge(requests: Sequence[Request], message: Message) -> list[Judgement]:
    """The verdicts on all hits of one send, in the order given."""
    bursts = _bursts(requests, message)
    alone = [
        Seen(request, message, in_burst=place in bursts) for place, request in enumerate(requests)
    ]
    beside = _beside(alone)
    last: dict[tuple[HitKind, int], datetime] = {}
    verdicts: dict[int, Judgement] = {}
    for place in sorted(range(len(requests)), key=lambda place: requests[place].at):
        request = requests[place]
        key = (request.kind, request.link)
        seen = Seen(request, message, place in bursts, place in beside, last.get(key))
        verdicts[place] = _first(RULES, seen) or reader(seen)
        if verdicts[place].verdict is Verdict.HUMAN:
            last[key] = request.at
    return [_provisional(verdicts[place], message) for place in range(len(requests))]


def _first(rules: Sequence[Rule], seen: Seen) -> Judgement | None:
    return next((found for rule in rules if (found := rule(seen))), None)


def _provisional(judgement: Judgement, message: Message) -> Judgement:
    """Until it is known when the mail was accepted, nobody counts as a person."""
    if message.settled or judgement.verdict is not Verdict.HUMAN:
        return judgement
    return Judgement(Verdict.UNKNOWN, "R00", "judged again once the mail's acceptance is known")


def _bursts(requests: Sequence[Request], message: Message) -> set[int]:
    clicks = {
        place: (request.at, request.link)
        for place, request in enumerate(requests)
        if request.kind is HitKind.CLICK and Sign.PREFETCH not in request.signs
    }
    return neighbours.bursts(clicks, links_total=message.links_total, honeypot=message.honeypot)


def _beside(alone: Sequence[Seen]) -> set[int]:
    found = [_first(_BEFORE_RULE_9, seen) for seen in alone]
    caught = {place for place, first in enumerate(found) if first and first.rule in _CAUGHT}
    if not caught:
        return set()
    open_ = {place for place, first in enumerate(found) if first is None}
    callers = [
        neighbours.Caller(seen.request.at, seen.request.address_key, seen.request.user_agent)
        for seen in alone
    ]
    return neighbours.beside(callers, caught=caught, undecided=open_)


def _weak(seen: Seen) -> list[str]:
    """Signals that say little alone. An address that we cannot place is none (decision 13)."""
    request = seen.request
    placed = request.address_class != AddressClass.UNKNOWN
    bare = Sign.LANGUAGE not in request.signs and Sign.FETCH not in request.signs
    signals = {
        "within 2 s of delivery": seen.age is not None and seen.age <= _AT_ONCE,
        "from a data centre": request.address_class in _SUSPECT_CLASSES,
        "bare headers": placed and bare and _is_click(seen),
        "a browser years out of date": agents.is_stale(request.user_agent),
        "no User-Agent": not request.user_agent,
    }
    return [name for name, holds in signals.items() if holds]


def _is_click(seen: Seen) -> bool:
    return seen.request.kind is HitKind.CLICK

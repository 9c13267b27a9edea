"""Who was behind a request: a person or a machine. Pure; the first rule with an opinion wins.

The order is policy: 1 to 8, 10, 9, 11, 13, 12, 14, 15. A verdict names its
rule and its reason, and what was `Seen` alike is judged alike: a flood costs one look-up a hit.

Rules come in editions. An experiment keeps the one of its launch until somebody adopts a newer.
"""

from collections.abc import Callable
from datetime import datetime
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import NamedTuple

from app.tracking import user_agents as agents
from app.tracking.hit_line import HitKind, Sign
from app.tracking.ranges import AddressClass


class Edition(IntEnum):
    """Rules that belong together, and what is new in them."""

    SECOND = 2  # also stands for the first, which is gone: rule 9 looked ahead
    # networks of mail scanners; rule 9 needs an address; readers Android-Gmail and Rambler
    THIRD = 3


NEWEST, _SECOND = max(Edition), Edition.SECOND
_OLD = frozenset({"1", "2"})
VERSION = str(NEWEST.value)
CATCHES = frozenset({"R01", "R03", "R04", "R10"})  # what rule 9 looks for …
COMPANY = "R09"  # … and what it finds, which extends the time
_SUSPECT_CLASSES = {AddressClass.DATACENTER, AddressClass.SECURITY_VENDOR}
_ALIKE = 50_000  # answers remembered


class Verdict(StrEnum):
    """Who it was."""

    HUMAN = "human"
    MACHINE_OPEN = "machine_open"
    PREFETCH = "prefetch"
    SCANNER = "scanner"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"


class Request(NamedTuple):
    """One hit, as it came. In this order hits are judged, whatever the order of their arrival."""

    at: datetime
    kind: HitKind
    link: int
    method: str
    user_agent: str
    signs: str
    address_class: str
    address_key: str


class Message(NamedTuple):
    """The mail that it came from."""

    accepted_at: datetime | None  # None: not known (uncertain), or not yet
    settled: bool
    links_total: int  # visible tracked links
    honeypot: int | None = None  # the hidden link's position
    edition: Edition = NEWEST  # of the rules that its hits are judged by


class Judgement(NamedTuple):
    """A verdict with its rule and reason."""

    verdict: Verdict
    rule: str
    reason: str
    via_proxy: bool = False


class Age(IntEnum):
    """Since the receiving server took the mail."""

    UNKNOWN = 0
    NEGATIVE = 1
    AT_ONCE = 2  # 2 s or less
    OLDER = 3


class Since(IntEnum):
    """Since the last hit like it that counted as a person's."""

    LONG = 0  # or none was
    MINUTES = 1  # 180 s or less
    MOMENTS = 2  # 3 s or less


class Seen(NamedTuple):
    """A request among its neighbours: everything that a rule may ask."""

    kind: HitKind
    method: str
    user_agent: str
    signs: str
    address_class: str
    is_hidden: bool  # the link that nobody can see
    age: Age
    in_burst: bool
    beside_scanner: bool
    since_counted: Since
    edition: Edition

    @property
    def through_proxy(self) -> bool:
        """An image seen through a mail provider."""
        is_open = self.kind is HitKind.OPEN
        return is_open and agents.is_image_proxy(self.user_agent, rules=self.edition)


Rule = Callable[[Seen], Judgement | None]


def not_a_get(seen: Seen) -> Judgement | None:
    if seen.method != "GET":
        return Judgement(Verdict.SCANNER, "R01", f"asked with {seen.method}")
    return None


def prefetched(seen: Seen) -> Judgement | None:
    if Sign.PREFETCH in seen.signs:
        return Judgement(Verdict.PREFETCH, "R02", "the browser fetched it ahead")
    return None


def hidden_link(seen: Seen) -> Judgement | None:
    if seen.is_hidden:
        return Judgement(Verdict.SCANNER, "R03", "followed the link that nobody can see")
    return None


def automation(seen: Seen) -> Judgement | None:
    if not seen.through_proxy and agents.is_automation(seen.user_agent):
        return Judgement(Verdict.SCANNER, "R04", "its User-Agent names a program")
    return None


def office_check(seen: Seen) -> Judgement | None:
    if _is_click(seen) and agents.is_office(seen.user_agent):
        return Judgement(Verdict.SCANNER, "R05", "Office looked before the browser did")
    return None


def too_early(seen: Seen) -> Judgement | None:
    if seen.age is Age.NEGATIVE:
        return Judgement(Verdict.SCANNER, "R06", "came before the mail was accepted")
    return None


def apple_privacy(seen: Seen) -> Judgement | None:
    if not _is_click(seen) and seen.user_agent == "Mozilla/5.0":
        return Judgement(Verdict.MACHINE_OPEN, "R07", "Apple Mail loads images by itself")
    return None


def gmail_prefetch(seen: Seen) -> Judgement | None:
    if seen.user_agent != agents.GMAIL_PREFETCH:
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
    """Two that say little alone, or one that says enough.

    Nobody reads mail in a scanner's own network; images are loaded from there for people, too.
    """
    is_own = seen.address_class == AddressClass.SECURITY_VENDOR
    if is_own and _is_click(seen) and seen.edition >= Edition.THIRD:
        return Judgement(Verdict.SCANNER, "R11", "from a mail scanner's own network")
    signals = _weak(seen)
    if len(signals) >= 2:
        return Judgement(Verdict.SCANNER, "R11", " and ".join(signals))
    return None


def repeat(seen: Seen) -> Judgement | None:
    limit = Since.MINUTES if seen.through_proxy else Since.MOMENTS
    if seen.since_counted >= limit:
        return Judgement(Verdict.DUPLICATE, "R13", "the same again, moments after")
    return None


def image_proxy(seen: Seen) -> Judgement | None:
    if seen.through_proxy and seen.age in {Age.UNKNOWN, Age.OLDER}:
        return Judgement(Verdict.HUMAN, "R12", "seen through a mail provider", via_proxy=True)
    return None


def one_weak_signal(seen: Seen) -> Judgement | None:
    signals = _weak(seen)
    if signals:
        return Judgement(Verdict.UNKNOWN, "R14", signals[0])
    return None


def reader(seen: Seen) -> Judgement:
    if agents.is_reader(seen.user_agent, rules=seen.edition):
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


@lru_cache(maxsize=_ALIKE)
def judgement_of(seen: Seen) -> Judgement:
    """What the first rule with an opinion says."""
    return next((judgement for rule in RULES if (judgement := rule(seen))), None) or reader(seen)


def edition_of(version: str) -> Edition:
    """The rules of a version as experiments name it; without a name, the newest."""
    return _SECOND if version in _OLD else NEWEST


def provisional(judgement: Judgement, message: Message) -> Judgement:
    """Until it is known when the mail was accepted, nobody counts as a person."""
    if message.settled or judgement.verdict is not Verdict.HUMAN:
        return judgement
    return Judgement(Verdict.UNKNOWN, "R00", "judged again once the mail's acceptance is known")


def _weak(seen: Seen) -> list[str]:
    """Signals that say little alone. An address that we cannot place is none (decision 13)."""
    placed = seen.address_class != AddressClass.UNKNOWN
    bare = Sign.LANGUAGE not in seen.signs and Sign.FETCH not in seen.signs
    signals = {
        "within 2 s of delivery": seen.age in {Age.NEGATIVE, Age.AT_ONCE},
        "from a data centre": seen.address_class in _SUSPECT_CLASSES,
        "bare headers": placed and bare and _is_click(seen),
        "a browser years out of date": agents.is_stale(seen.user_agent),
        "no User-Agent": not seen.user_agent,
    }
    return [name for name, holds in signals.items() if holds]


def _is_click(seen: Seen) -> bool:
    return seen.kind is HitKind.CLICK

"""What the requests around one tell: bursts, and the company of scanners. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

_LINKS = 3  # so many links …
_FAST = timedelta(seconds=3)  # … within this time, or …
_ALL = timedelta(seconds=10)  # … all links within that (trust.md, section 3, rule 10)
_COMPANY = timedelta(minutes=15)  # rule 9

Click = tuple[datetime, int]  # when, and which link


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asked, when. Empty: not known."""

    at: datetime
    address_key: str
    user_agent: str


def bursts(clicks: Mapping[int, Click], *, links_total: int, honeypot: int | None) -> set[int]:
    """The clicks (by their keys) that nobody's hand can have made."""
    found = _within(clicks, span=_FAST, links=_LINKS)
    if links_total >= _LINKS:
        visible = {place: click for place, click in clicks.items() if click[1] != honeypot}
        found |= _within(visible, span=_ALL, links=links_total)
    return found


def beside(
    callers: Sequence[Caller], *, caught: AbstractSet[int], undecided: AbstractSet[int]
) -> set[int]:
    """Who comes within 15 minutes of a scanner, from its network or with its User-Agent.

    Each one found widens the time, so the search goes on until it finds nobody new.
    """
    groups = list(_same_callers(callers))
    guilty = set(caught)
    while True:
        found = {place for group in groups for place in _near(group, callers, guilty)}
        fresh = (found & undecided) - guilty
        if not fresh:
            return guilty - caught
        guilty |= fresh


def _within(clicks: Mapping[int, Click], *, span: timedelta, links: int) -> set[int]:
    """All clicks of every stretch of time that holds so many different links."""
    order = sorted(clicks, key=lambda place: clicks[place])
    seen: Counter[int] = Counter()
    found: set[int] = set()
    first = marked = 0
    for last, place in enumerate(order):
        at, link = clicks[place]
        seen[link] += 1
        while at - clicks[order[first]][0] > span:
            _forget(seen, clicks[order[first]][1])
            first += 1
        if len(seen) >= links:
            found.update(order[max(first, marked) : last + 1])
            marked = last + 1
    return found


def _forget(seen: Counter[int], link: int) -> None:
    seen[link] -= 1
    if not seen[link]:
        del seen[link]


def _same_callers(callers: Sequence[Caller]) -> Iterable[list[int]]:
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place in sorted(range(len(callers)), key=lambda place: callers[place].at):
        if callers[place].address_key:
            groups["address", callers[place].address_key].append(place)
        if callers[place].user_agent:
            groups["agent", callers[place].user_agent].append(place)
    return groups.values()


def _near(
    group: Sequence[int], callers: Sequence[Caller], guilty: AbstractSet[int]
) -> Iterable[int]:
    """Members of a group within reach of a guilty one, before or after."""
    for order in (group, list(reversed(group))):
        reach: datetime | None = None
        for place in order:
            if place in guilty:
                reach = callers[place].at
            elif reach is not None and abs(callers[place].at - reach) <= _COMPANY:
                yield place

"""Judge the hits of a send in their order, each by what is remembered of those before it. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b

from app.tracking.callers import network_in
from app.tracking.hit_line import HitKind, Sign
from app.tracking.memory import Memory, micros
from app.tracking.verdicts import (
    CATCHES,
    COMPANY,
    Age,
    Edition,
    Judgement,
    Message,
    Request,
    Seen,
    Since,
    Verdict,
    judgement_of,
    provisional,
)

_SECOND = 1_000_000
_AT_ONCE = 2 * _SECOND  # Mautic's bot_helper_time_email_threshold
_MOMENTS, _MINUTES = 3 * _SECOND, 180 * _SECOND  # rule 13: a repeat, and one through a proxy
_COMPANY = 15 * 60 * _SECOND  # rule 9
_LINKS = 3  # rule 10: so many links …
_FAST = 3 * _SECOND  # … within this time, or …
_ALL = 10 * _SECOND  # … all links within that

# Members by way of their class are found forty times as slowly.
_CLICK, _HUMAN, _PREFETCH = HitKind.CLICK, Verdict.HUMAN, Sign.PREFETCH
_OLDER, _LONG = Age.OLDER, Since.LONG

_NONE: Mapping[int, Judgement] = {}

Place = int  # of a request in the sequence that is judged


def judge(requests: Sequence[Request], message: Message) -> list[Judgement]:
    """The verdicts on all hits of one send, in the order given."""
    order = sorted(range(len(requests)), key=lambda place: requests[place])
    judgements = go_on(Memory(), [requests[place] for place in order], message)
    assert judgements is not None  # nothing came before them
    said = dict(zip(order, judgements, strict=True))
    return [said[place] for place in range(len(requests))]


def go_on(
    memory: Memory,
    requests: Sequence[Request],
    message: Message,
    *,
    fixed: Mapping[Place, Judgement] | None = None,
) -> list[Judgement] | None:
    """Judge hits, in their order, that came after all those remembered; and remember them.

    A verdict is `fixed` where what rules ask for is gone.

    None: they make earlier ones part of a burst. Then all have to be judged, and memory is void.
    """
    moments = [micros(request.at) for request in requests]
    marked = _bursts(memory, requests, moments, message)
    if marked is None:
        return None
    accepted = None if message.accepted_at is None else micros(message.accepted_at)
    edition = message.edition
    judgements = []
    for place, (request, at) in enumerate(zip(requests, moments, strict=True)):
        like = f"{request.kind[0]}{request.link}"
        is_click = request.kind is _CLICK
        said = (fixed or _NONE).get(place) or judgement_of(
            Seen(
                request.kind,
                request.method,
                request.user_agent,
                request.signs,
                request.address_class,
                is_click and request.link == message.honeypot,
                _age(accepted, at),
                place in marked,
                bool(memory.caught) and _is_beside(memory, _callers(request, edition), at),
                _since(memory.humans.get(like), at),
                edition,
            )
        )
        if said.verdict is _HUMAN:
            memory.humans[like] = at
        elif said.rule in CATCHES or said.rule == COMPANY:
            memory.caught.update(dict.fromkeys(_callers(request, edition), at))
        judgements.append(said)
    _forget(memory, moments)
    return judgements if message.settled else [provisional(said, message) for said in judgements]


def _forget(memory: Memory, moments: Sequence[int]) -> None:
    """Scanners whose time is over when the next hit comes."""
    if memory.caught and moments:
        reach = moments[-1] - _COMPANY
        memory.caught = {who: at for who, at in memory.caught.items() if at >= reach}


def _age(accepted: int | None, at: int) -> Age:
    if accepted is None:
        return Age.UNKNOWN
    if at < accepted:
        return Age.NEGATIVE
    return Age.AT_ONCE if at - accepted <= _AT_ONCE else _OLDER


def _since(counted: int | None, at: int) -> Since:
    if counted is None or at - counted > _MINUTES:
        return _LONG
    return Since.MOMENTS if at - counted <= _MOMENTS else Since.MINUTES


def _is_beside(memory: Memory, callers: Iterable[str], at: int) -> bool:
    return any(at - memory.caught.get(who, -_COMPANY) <= _COMPANY for who in callers)


@lru_cache(maxsize=20_000)
def _named(user_agent: str) -> str:
    return "u" + blake2b(user_agent.encode(), digest_size=8).hexdigest()


def _callers(request: Request, edition: Edition) -> list[str]:
    """What tells that two requests come from one caller. Empty: not known.

    Its address, or its network with the same User-Agent: a browser alone is everybody's.
    """
    key, user_agent = request.address_key, request.user_agent
    if edition is Edition.SECOND:  # the network, or the User-Agent
        names = ["a" + network_in(key)] if key else []
        return [*names, _named(user_agent)] if user_agent else names
    if not key:
        return []
    return ["a" + key, f"n{network_in(key)}{_named(user_agent)}"] if user_agent else ["a" + key]


def _bursts(
    memory: Memory, requests: Sequence[Request], moments: Sequence[int], message: Message
) -> set[Place] | None:
    """The clicks that nobody's hand can have made; None where earlier ones are among them."""
    if len(requests) == 1 and _lately(memory, moments[0]) < _LINKS - 1:  # one more makes no burst
        return _one_click(memory, requests[0], moments[0])
    clicks = [
        (place, moments[place], request.link)
        for place, request in enumerate(requests)
        if _may_burst(request)
    ]
    marked: set[Place] = set()
    for span, links, hidden in _spans(message):
        found = _within(memory, clicks, span=span, links=links, hidden=hidden)
        if found is None:
            return None
        marked |= found
    for place, at, link in clicks:
        memory.clicks[link] = at
        if place not in marked:
            memory.loose = at
    return marked


def _lately(memory: Memory, at: int) -> int:
    """How many links were clicked within the longer of the two times."""
    return sum([at - then <= _ALL for then in memory.clicks.values()])


def _one_click(memory: Memory, request: Request, at: int) -> set[Place]:
    if _may_burst(request):
        memory.clicks[request.link] = memory.loose = at
    return set()


def _may_burst(request: Request) -> bool:
    return request.kind is _CLICK and _PREFETCH not in request.signs


def _spans(message: Message) -> Iterator[tuple[int, int, int | None]]:
    """So many links within such a time, leaving out the hidden one where all visible ones count."""
    yield _FAST, _LINKS, None
    if message.links_total >= _LINKS:
        yield _ALL, message.links_total, message.honeypot


def _within(
    memory: Memory,
    clicks: Sequence[tuple[Place, int, int]],
    *,
    span: int,
    links: int,
    hidden: int | None,
) -> set[Place] | None:
    """All clicks of every stretch of time that holds so many different links."""
    latest = {link: at for link, at in memory.clicks.items() if link != hidden}
    seen = [click for click in clicks if click[2] != hidden]
    marked: set[Place] = set()
    done = 0  # all before it were looked at by an earlier stretch
    for number, (_, at, link) in enumerate(seen):
        latest[link] = at
        if len(latest) < links or sum(at - then <= span for then in latest.values()) < links:
            continue
        if memory.loose >= at - span:
            return None
        for back in range(number, done - 1, -1):
            if at - seen[back][1] > span:
                break
            marked.add(seen[back][0])
        done = number + 1
    return marked

"""Clicks and opens of Halvern's past, as lines of the journal that the edge would have written."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from app.delivery import destination_store, person_store
from app.delivery.models import Send
from app.demo.customers import APPLE_PRIVACY, CHROME, IPHONE, LIBRARY
from app.experiments.plans import SETTLES_AFTER
from app.links.token import TrackedLink
from app.ops.installation import House
from app.platform import clock
from app.platform.journal import Journal
from app.tracking import hit_line
from app.tracking.callers import NOBODY
from app.tracking.hit_line import HitKind

_SETTLING = (20, 32, 44, 55)  # seconds from now at which the last clicks of the running one settle
_REQUESTS_SHARE = 0.31  # of the people mailed: what a mail tool would call the click rate


def write(
    house: House,
    experiment_id: str,
    *,
    clickers: int,
    began: datetime,
    running: bool,
    rng: random.Random,
) -> None:
    """Put everything that came back into the journal, in order of time."""
    with house.database.read() as session:
        sends = [send for send, _ in person_store.sends_page(session, experiment_id, limit=10_000)]
        links = destination_store.links_of(session, experiment_id)
    rng.shuffle(sends)
    found = [*_people(sends[:clickers], began, running=running, rng=rng)]
    machines = round(len(sends) * _REQUESTS_SHARE) - clickers
    found += _machines(sends[clickers:], machines, [link.link for link in links], rng=rng)
    journal = Journal.open(
        house.hits, durability=house.settings.durability, limit=house.settings.spool_limit
    )
    set_id = links[0].set_id
    for at, kind, send, link, agent in sorted(found, key=lambda one: one[0]):
        journal.keep(_line(at, kind, TrackedLink(set_id, send.id, link), agent))
    journal.close()


_Visit = tuple[datetime, HitKind, Send, int, str]


def _people(
    sends: list[Send], began: datetime, *, running: bool, rng: random.Random
) -> Iterator[_Visit]:
    """One click a person, most within hours; the running one's last four settle just now."""
    late = len(_SETTLING) if running else 0
    now = clock.now()
    for place, send in enumerate(sends):
        hours = min(44.0, 0.1 + rng.expovariate(1 / 9))
        at = began + timedelta(hours=hours)
        if place < late:
            at = now - SETTLES_AFTER + timedelta(seconds=_SETTLING[place])
        agent = rng.choice((CHROME, CHROME, IPHONE))
        yield at, HitKind.CLICK, send, 1, agent
        yield at - timedelta(seconds=40), HitKind.OPEN, send, 0, agent


def _machines(
    sends: list[Send], requests: int, links: list[int], *, rng: random.Random
) -> Iterator[_Visit]:
    """Gateways that follow every link at once, and Apple's proxy that opens everything."""
    left = requests
    for send in sends:
        accepted = send.accepted_at or send.due_at
        for place, link in enumerate(links):
            if left > 0:
                yield (
                    accepted + timedelta(seconds=1 + place * 0.2),
                    HitKind.CLICK,
                    send,
                    link,
                    LIBRARY,
                )
                left -= 1
        if left <= 0 and rng.random() < 0.5:  # half of all mail is read behind Apple's proxy
            yield (
                accepted + timedelta(seconds=rng.uniform(5, 600)),
                HitKind.OPEN,
                send,
                0,
                APPLE_PRIVACY,
            )


def _line(at: datetime, kind: HitKind, token: TrackedLink, agent: str) -> bytes:
    headers = {b"user-agent": agent.encode(), b"accept-language": b"nb-NO"}
    if agent in {LIBRARY, APPLE_PRIVACY}:
        del headers[b"accept-language"]
    micros = int(at.timestamp() * 1_000_000)
    return hit_line.write(
        kind, token, method="GET", told=hit_line.told_by(headers), caller=NOBODY, micros=micros
    )

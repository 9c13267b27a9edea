"""What the links of a draft's mails answer, asked when somebody wants to know.

Each address is asked once, through the guard against our own network. A personal link is not: to
fill somebody's values in would tell its host of them, and following it might do something in their
name. Of such a link it is asked whether there is such a host.
"""

import threading
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from urllib.parse import urljoin, urlsplit

from app.delivery.mail import content
from app.delivery.mail.links import Kind, Link
from app.delivery.mail.marks import Protected
from app.experiments.design_schemas import Draft
from app.platform import figures
from app.platform.errors import AppError, Unavailable
from app.platform.outbound import Answer, Forbidden, Outbound, Unreachable
from app.platform.shapes import answered
from app.platform.texts import line_part

_MOST = 40  # addresses of one look
_SECONDS = 4.0  # for one question
_LONGEST_SECONDS = 8.0  # for an address with all that it leads on to
_AT_ONCE = 10
_HOPS = 5
_SHOWN = 200  # characters of an address that somebody else's host names
_HEADERS = {"user-agent": "Thinslice link check", "accept": "*/*"}
_MOVED = frozenset({301, 302, 303, 307, 308})
_NO_HEAD = frozenset({400, 403, 404, 405, 501})  # some hosts say so to HEAD alone
_looks = threading.BoundedSemaphore(2)  # of one process, at once


class Found(StrEnum):
    """How a link answered."""

    ANSWERS = "answers"
    CLOSED = "closed"  # it wants a log-in, or refuses whoever is no browser
    BROKEN = "broken"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class LinkAnswer:
    """A link of one version, and what came of asking."""

    __pydantic_config__ = answered(
        {
            "arm": "insight",
            "label": "Show my list",
            "address": "https://shop.example/list",
            "found": "broken",
            "says": "Not found (404): the page is not there.",
        }
    )

    arm: str
    label: str
    address: str
    found: Found
    says: str


def links_of(design: Draft) -> list[tuple[str, Link]]:
    """The tracked links of every version; of one that cannot be read, none."""
    found: list[tuple[str, Link]] = []
    for arm in design.arms:
        try:
            written, _ = content.examine(arm.body or "", form=arm.format)
        except AppError:
            continue  # the checklist says what is wrong with it
        found += ((arm.key, _as_written(link, written.protected)) for link in written.links)
    return found


def _as_written(link: Link, liquid: Protected) -> Link:
    """With its columns as their author named them: `https://shop.example/{{ name }}`."""
    address = link.address
    for place, output in enumerate(link.fills):
        address = address.replace(f"{{{place}}}", liquid.restore(output))
    return replace(link, address=address)


def unasked(design: Draft) -> list[LinkAnswer]:
    """Each link before anything is asked."""
    return [
        LinkAnswer(arm, link.label, link.address, *_before(link)) for arm, link in links_of(design)
    ]


def ask(
    design: Draft, *, allowed_hosts: Collection[str], outbound: Outbound | None = None
) -> list[LinkAnswer]:
    """What each link answers now. No transaction should wait for it: it may take half a minute.

    Raises Unavailable where two others are being asked about.
    """
    door = outbound or Outbound()
    links = links_of(design)
    wanted = list(dict.fromkeys(link.address for _, link in links if link.kind is not Kind.ANSWER))
    if not _looks.acquire(blocking=False):
        raise Unavailable("Others check links at this moment. Try again in half a minute.")
    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            kinds = {link.address: link.kind for _, link in links}
            said = pool.map(lambda one: _one(one, kinds[one], door, allowed_hosts), wanted[:_MOST])
            known = dict(zip(wanted, said, strict=False))
    finally:
        _looks.release()
    return list(_told(links, known))


def _told(
    links: Sequence[tuple[str, Link]], known: dict[str, tuple[Found, str]]
) -> Iterator[LinkAnswer]:
    for arm, link in links:
        otherwise = _before(link)
        if link.kind is not Kind.ANSWER and link.address not in known:
            otherwise = Found.NOT_ASKED, f"Only the first {_MOST} addresses are asked."
        found, says = known.get(link.address, otherwise)
        yield LinkAnswer(arm, link.label, link.address, found, says)


def _before(link: Link) -> tuple[Found, str]:
    if link.kind is Kind.ANSWER:
        return Found.ANSWERS, "A page of ours: it is there."
    if link.kind is Kind.PERSONAL:
        return Found.NOT_ASKED, "It differs for each person: only its host is asked for."
    return Found.NOT_ASKED, "Not asked yet."


def _one(
    address: str, kind: Kind, door: Outbound, allowed_hosts: Collection[str]
) -> tuple[Found, str]:
    try:
        if kind is Kind.PERSONAL:
            door.check(_host_of(address), allowed_hosts=allowed_hosts)
            return (
                Found.NOT_ASKED,
                (
                    "Its host is there. The rest differs for each person, and nobody’s values are"
                    " told to it: open a test mail and follow it."
                ),
            )
        return _followed(address, door, allowed_hosts)
    except Forbidden as error:
        return Found.NOT_ASKED, f"Not asked. {error}"
    except AppError as error:
        return Found.BROKEN, str(error)


def _host_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}/"


def _followed(address: str, door: Outbound, allowed_hosts: Collection[str]) -> tuple[Found, str]:
    at, ends = address, time.monotonic() + _LONGEST_SECONDS
    for _ in range(_HOPS + 1):
        left = max(0.1, min(_SECONDS, ends - time.monotonic()))
        answer = _answer(at, door, allowed_hosts, seconds=left)
        onward = answer.headers.get("location")
        if answer.status not in _MOVED or not onward:
            return _judged(answer.status, at, moved=at != address)
        if time.monotonic() >= ends:
            return (
                Found.BROKEN,
                f"It leads on and on: no end within {figures.exact(_LONGEST_SECONDS)} seconds.",
            )
        at = _led_on(at, onward)
    return Found.BROKEN, f"It leads on more than {_HOPS} times, and nowhere."


def _led_on(at: str, onward: str) -> str:
    try:
        return urljoin(at, onward)
    except ValueError as error:  # brackets that do not close, or hold no address
        raise Unreachable(f"It leads on to what is no address: {_short(onward)}") from error


def _short(address: str) -> str:
    return line_part(address)[:_SHOWN]


def _answer(at: str, door: Outbound, allowed_hosts: Collection[str], *, seconds: float) -> Answer:
    """HEAD, and GET where a host knows no HEAD."""
    told: dict[str, Any] = {
        "headers": _HEADERS,
        "timeout_seconds": seconds,
        "allowed_hosts": allowed_hosts,
        "max_bytes": 0,
    }
    answer = door.send("HEAD", at, **told)
    return door.send("GET", at, **told) if answer.status in _NO_HEAD else answer


def _judged(status: int, at: str, *, moved: bool) -> tuple[Found, str]:
    where = f" It leads on to {_short(at)}." if moved else ""
    if status < 400:
        return Found.ANSWERS, f"Answers ({status}).{where}"
    if status in {401, 403, 407, 429}:
        return (
            Found.CLOSED,
            (
                f"Closed to us ({status}): it wants a log-in, or refuses whoever is no browser."
                f" Open it yourself.{where}"
            ),
        )
    if status in {404, 410}:
        return Found.BROKEN, f"Not found ({status}): the page is not there.{where}"
    return Found.BROKEN, f"It answers with an error ({status}).{where}"

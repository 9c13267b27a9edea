"""Hits of whoever may not be tracked: they count for a link of an arm, and nobody is attached.

A request that asks not to be tracked (`Sec-GPC`, `DNT`) and a mail to somebody who refused name no
send; a refusal that came after the mail is seen when the hit is taken in. What a verdict needs is
looked at once, and forgotten.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from app.links.token import NOBODY
from app.tally import store as tally
from app.tally.shares import LinkKey
from app.tracking import store
from app.tracking.hit_line import HitKind
from app.tracking.judging import judge
from app.tracking.ports import Arm, Facts
from app.tracking.ranges import AddressClass
from app.tracking.reactions import Fresh
from app.tracking.verdicts import Message, edition_of


@dataclass(frozen=True, slots=True)
class Nameless:
    """A hit, and the arm whose mail it came from."""

    hit: Fresh
    arm: Arm


def sorted_out(
    fresh: Mapping[int, Sequence[Fresh]], known: Mapping[int, Facts]
) -> tuple[dict[int, Sequence[Fresh]], list[Nameless]]:
    """New hits by send, and those that their person does not let us keep, now that they come."""
    mine: dict[int, Sequence[Fresh]] = {}
    refused: list[Nameless] = []
    for send_id, hits in fresh.items():
        facts = known.get(send_id)
        if facts is None or (facts.clicks_allowed and facts.opens_allowed):
            mine[send_id] = hits
            continue
        stays = [hit for hit in hits if _may_stay(hit, facts)]
        refused += [Nameless(hit, facts.whose) for hit in hits if not _may_stay(hit, facts)]
        if stays or not hits:  # none are new where hits are judged again
            mine[send_id] = stays
    return mine, refused


def _may_stay(hit: Fresh, facts: Facts) -> bool:
    is_click = hit.request.kind is HitKind.CLICK
    return facts.clicks_allowed if is_click else facts.opens_allowed


def of_sets(hits: Mapping[int, Sequence[Fresh]], arms: Mapping[int, Arm]) -> list[Nameless]:
    """Hits by the set of links that they came from; sets that nobody knows are left out."""
    known = [(arms[set_id], freshes) for set_id, freshes in hits.items() if set_id in arms]
    return [Nameless(fresh, arm) for arm, freshes in known for fresh in freshes]


def keep(session: Session, hits: Iterable[Nameless]) -> None:
    """Count them, and keep of each batch how many came to each link in which minute."""
    rows: dict[tuple[object, ...], dict[str, object]] = {}
    counts: Counter[tuple[object, ...]] = Counter()
    links: Counter[LinkKey] = Counter()
    for hit in hits:
        row = _row(hit)
        key = tuple(row[name] for name in _ALIKE)
        rows.setdefault(key, row)
        counts[key] += 1
        if hit.hit.request.kind is HitKind.CLICK and hit.hit.request.method == "GET":
            links[hit.arm.experiment_id, hit.arm.key, hit.hit.request.link] += 1
    store.add_hits(session, [row | {"count": counts[key]} for key, row in rows.items()])
    tally.count_nameless(session, links)


_ALIKE = ("experiment_id", "arm", "kind", "link", "at", "method", "verdict", "rule")


def _row(nameless: Nameless) -> dict[str, object]:
    request = nameless.hit.request
    arm, edition = nameless.arm, edition_of(nameless.arm.rule_version)
    message = Message(
        None, settled=True, links_total=arm.links, honeypot=arm.honeypot, edition=edition
    )
    (said,) = judge([request], message)
    return {
        "segment_id": nameless.hit.segment_id,
        "segment_offset": nameless.hit.offset,
        "send_id": NOBODY,
        "experiment_id": arm.experiment_id,
        "arm": arm.key,
        "kind": request.kind,
        "link": request.link,
        "at": request.at.replace(second=0, microsecond=0),
        "method": request.method,
        "user_agent": "",
        "flags": {},
        "address_class": AddressClass.UNKNOWN,
        "address_key": "",
        "verdict": said.verdict,
        "rule": said.rule,
        "rule_version": str(edition.value),
        "reason": said.reason,
        "via_proxy": said.via_proxy,
    }

"""Raw rows, and every number that follows from them: counted again without the code under test."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col

from app.audience.models import Audience, Import, Membership, Refusal
from app.delivery.models import Destination, DestinationSet, Send, WrittenBack
from app.experiments.models import Enrolment, Experiment
from app.links.token import NOBODY
from app.tally.models import Outcome
from app.tracking.models import Conversion, Hit, HitCount

Numbers = dict[tuple[Any, ...], Any]

_MACHINES = ("scanner", "machine_open")
_ONCE_MORE = {  # the moments of an outcome: which kind of hit, judged how
    "clicked_at": ("click", ("human",)),
    "maybe_clicked_at": ("click", ("unknown",)),
    "machine_clicked_at": ("click", _MACHINES),
    "opened_at": ("open", ("human",)),
    "machine_opened_at": ("open", _MACHINES),
}
_DONE = {"did_at": "human", "maybe_did_at": "unknown"}
_WAYS = {"click_rate": "click", "open_rate": "open"}


@dataclass
class Rows:
    """What is there of everything. `whose`: of conversions whose person was erased, who it was."""

    session: Session
    whose: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.experiments = {one.id: one for one in self.all(Experiment)}
        self.enrolments = self.all(Enrolment)
        self.sends = self.all(Send)
        self.outcomes = self.all(Outcome)
        self.hits = self.all(Hit)
        self.counted = self.all(HitCount)
        self.conversions = self.all(Conversion)
        self.audiences = self.all(Audience)
        self.memberships = self.all(Membership)
        self.imports = self.all(Import)
        self.refusals = self.all(Refusal)
        self._by_send: defaultdict[int, list[Hit]] = defaultdict(list)
        for hit in self.hits:
            self._by_send[hit.send_id].append(hit)
        self._only_counted: defaultdict[int, list[HitCount]] = defaultdict(list)
        for row in self.counted:
            self._only_counted[row.send_id].append(row)
        self._answers: defaultdict[int, list[WrittenBack]] = defaultdict(list)
        for answer in self.all(WrittenBack):
            self._answers[answer.send_id].append(answer)
        self._done: defaultdict[str, list[Conversion]] = defaultdict(list)
        for one in self.conversions:
            self._done[one.person_id or self.whose.get(one.id, "")].append(one)
        self._people = {send.id: send.person_id for send in self.sends}
        self._labels = self._labels_by_arm()

    def all(self, table: type[SQLModel]) -> list[Any]:
        return list(self.session.scalars(select(table)))

    def clicks(self) -> int:
        """Every click that was answered, whosever it was and however it is kept."""
        kept: Iterable[Any] = (*self.hits, *self.counted)
        return sum(one.count for one in kept if one.kind == "click")

    def mine(self, one: Outcome) -> list[Hit]:
        """Hits of somebody released, while their window was open."""
        return [hit for hit in self._by_send[one.send_id] if _is_open(one, hit.at)]

    def raw_clicks(self, one: Outcome) -> Counter[int]:
        """GETs within the window, by link."""
        found = Counter[int]()
        for hit in self.mine(one):
            found[hit.link] += hit.count if (hit.kind, hit.method) == ("click", "GET") else 0
        for row in self._only_counted[one.send_id]:
            if _is_open(one, row.since) and (row.kind, row.method) == ("click", "GET"):
                found[row.link] += row.count
        return +found

    def human_links(self, one: Outcome) -> set[int]:
        return {hit.link for hit in self.mine(one) if (hit.kind, hit.verdict) == ("click", "human")}

    def of_hits(self, one: Outcome) -> dict[str, Any]:
        """What hits make of an outcome."""
        mine = self.mine(one)
        found: dict[str, Any] = {
            name: _first(hit.at for hit in mine if hit.kind == kind and hit.verdict in verdicts)
            for name, (kind, verdicts) in _ONCE_MORE.items()
        }
        metric = self.experiments[one.experiment_id].design["metric"]
        if way := _WAYS.get(metric["kind"]):
            of_it = [hit for hit in mine if hit.kind == way and self._counts(one, hit, metric)]
            found |= {
                name: _first(hit.at for hit in of_it if hit.verdict == verdict)
                for name, verdict in _DONE.items()
            }
        return found | {"clicks": self.raw_clicks(one).total()}

    def of_reports(self, one: Outcome) -> dict[str, Any]:
        """What other systems told of this person, where their experiment asks for it."""
        metric = self.experiments[one.experiment_id].design["metric"]
        if not metric.get("event"):
            return {"converted": 0, "value": 0.0, "capped": 0.0}
        told = [
            row
            for row in self._done[self._people[one.send_id]]
            if row.event == metric["event"] and _is_open(one, row.occurred_at)
        ]
        value = sum(row.value for row in sorted(told, key=lambda row: row.id))
        capped = min(value, metric.get("cap") or value)
        did = told and (capped or metric["kind"] == "conversion_rate")
        return {
            "converted": len(told),
            "value": value,
            "capped": capped,
            "did_at": _first(row.occurred_at for row in told) if did else None,
        }

    def of_answers(self, one: Outcome) -> dict[str, Any]:
        """What they wrote back makes of an outcome: the first within their window."""
        first = _first(row.at for row in self._answers[one.send_id] if _is_open(one, row.at))
        metric = self.experiments[one.experiment_id].design["metric"]
        return {"replied_at": first} | ({"did_at": first} if metric["kind"] == "reply_rate" else {})

    def nameless(self) -> Iterator[Hit]:
        """Clicks to which nobody is attached."""
        return (
            hit
            for hit in self.hits
            if hit.send_id == NOBODY and (hit.kind, hit.method) == ("click", "GET")
        )

    def linked(self) -> Iterator[tuple[str, str]]:
        """Key results and the experiments that name them."""
        for one in self.experiments.values():
            design = one.design if isinstance(one.design, dict) else json.loads(one.design)
            for link in design.get("key_results") or ():
                if isinstance(link, dict) and link.get("key_result_id") is not None:
                    yield link["key_result_id"], one.id

    def _counts(self, one: Outcome, hit: Hit, metric: Mapping[str, Any]) -> bool:
        """A click counts on the named link, or on the one whose label stands first."""
        labels = self._labels[one.experiment_id, one.arm]
        if hit.kind != "click" or not labels:
            return hit.kind != "click"
        return labels.get(hit.link) == (metric.get("link") or labels[min(labels)])

    def _labels_by_arm(self) -> dict[tuple[str, str], dict[int, str]]:
        found: defaultdict[tuple[str, str], dict[int, str]] = defaultdict(dict)
        question = select(Destination).join(
            DestinationSet, col(DestinationSet.id) == col(Destination.set_id)
        )
        for row in self.session.scalars(question.where(col(DestinationSet.purpose) == "send")):
            found[row.experiment_id, row.arm][row.link] = row.label
        return found


def numbers_of(one: Outcome) -> dict[str, float]:
    """What somebody adds to the counter of their arm and hour."""
    clicked, opened = one.clicked_at, one.opened_at
    y, x = one.capped, one.covariate or 0.0
    claims = {
        "released": True,
        "sent": one.sent,
        "failed": one.failed,
        "bounced": one.bounced,
        "returned": one.sent and (one.bounced or one.failed),
        "uncertain": one.uncertain,
        "untracked": one.untracked,
        "did": one.did_at,
        "maybe_did": one.maybe_did_at and not one.did_at,
        "human_clickers": clicked,
        "unknown_clickers": one.maybe_clicked_at and not clicked,
        "machine_clickers": one.machine_clicked_at and not clicked and not one.maybe_clicked_at,
        "human_openers": opened,
        "machine_openers": one.machine_opened_at and not opened,
        "unsubscribed": one.unsubscribed_at,
        "complained": one.complained_at,
        "replied": one.replied_at,
        "converted": one.converted,
        "nonzero": one.capped,
    }
    sums = {"clicks": one.clicks, "value": one.value, "y": y, "yy": y**2, "yyy": y**3}
    return {name: float(bool(so)) for name, so in claims.items()} | {
        name: float(number) for name, number in (sums | {"x": x, "xx": x**2, "xy": x * y}).items()
    }


def _is_open(one: Outcome, at: datetime) -> bool:
    return one.released_at <= at < one.closes_at


def _first(moments: Iterable[datetime]) -> datetime | None:
    return min(moments, default=None)

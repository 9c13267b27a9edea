"""Experiments that never ran: people drawn by chance, read at any moment by the code that reads.

No database: what SQL would count is counted here, and everything after it is the product's.
"""

import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from app.analysis import (
    comparison_looks,
    counts,
    current_call,
    hours,
    movements,
    novelty,
    planned_looks,
    readout,
    standings,
    value_moments,
    waiting,
)
from app.analysis import look_course as courses
from app.analysis.counts import ArmTotals
from app.analysis.gathered import Gathered, rule_of
from app.analysis.hours import Point
from app.analysis.known_until import Known, Late
from app.analysis.matured import Matured
from app.analysis.planned_looks import Held
from app.analysis.readout_types import Readout
from app.experiments import plans
from app.experiments.design_schemas import Draft
from app.experiments.metrics import METRICS, Source, metric_of
from app.experiments.models import Experiment, Status
from app.experiments.plans import SETTLES_AFTER
from app.experiments.vocabulary import HOLDOUT, RuleKind
from app.stats.checks import NotEnoughData
from app.stats.fading import Timed
from app.tracking.folder_rows import Unread
from tests.experiments.scenes import CARD
from tests.metrics.scenes import BODY, START

HOUR = timedelta(hours=1)
LATE = Late("the second machine", START, START, is_silent=True, drained=False)
LINKS = [
    {"key_result_id": "number", "reach": 12_000, "carry": 0.25, "per_hit": 1},
    {"key_result_id": "percent", "reach": 1, "carry": 1, "per_hit": -3, "reach_per": "week"},
    {"key_result_id": "direct", "mode": "direct"},
]
LINKED = {
    one: SimpleNamespace(row=SimpleNamespace(id=one, unit=unit))
    for one, unit in {"number": "number", "percent": "percent", "direct": "percent"}.items()
}
FEW = (1, 2, 12, 60, 150)  # people of an arm
WATCHED = ({"metric": "unsubscribe_rate", "max": 0.02}, {"metric": "bounce_rate", "max": 0.3})


@dataclass(frozen=True, slots=True)
class Kind:
    """A design, as small as it goes: what the tests go through, every combination."""

    metric: str
    rule: str
    method: str
    versions: int
    holdout: bool
    waves: int

    def __str__(self) -> str:
        held = " and a holdout" if self.holdout else ""
        return f"{self.metric} {self.rule} {self.method} {self.versions}{held} {self.waves}"


def kinds() -> Iterator[Kind]:
    """Every metric × rule × method × number of versions × holdout × waves that may be."""
    for metric in METRICS.values():
        for rule, methods in metric.methods.items():
            for method in methods:
                for versions, holdout in ((1, False), (1, True), (2, False), (2, True), (3, False)):
                    if (rule is RuleKind.THRESHOLD) != (versions == 1 and not holdout):
                        continue
                    if versions == 1 and not metric.is_reported and holdout:
                        continue
                    for waves in (2, 3) if method == "sequential" else (1, 2):
                        yield Kind(metric.kind, rule, method, versions, holdout, waves)


@dataclass(slots=True)
class Somebody:
    """One person, and what they will do."""

    arm: str
    released: float  # hours after the launch
    did: float | None  # hours after the launch
    value: float
    fate: str
    unsubscribes: bool
    unknown: bool  # did something that may be a machine's


@dataclass(slots=True)
class Pretend:
    """A launched experiment and its people."""

    kind: Kind
    experiment: Experiment
    people: list[Somebody]
    until: float  # nobody is released after
    window: float
    held: tuple[Held, ...] = field(default=())

    @property
    def arms(self) -> dict[str, int]:
        """People of each arm, planned."""
        planned: dict[str, int] = (self.experiment.plan or {})["arms"]
        return planned

    def totals(self, known: Known) -> dict[str, ArmTotals]:
        now = (known.until - START) / HOUR
        return {key: self._total(key, now) for key in self.arms}

    def _total(self, key: str, now: float) -> ArmTotals:
        mine = [one for one in self._out(now) if one.arm == key]
        did = [one for one in mine if one.did is not None and one.did <= now]
        closed = [one for one in mine if one.released + self.window <= now]
        sent = sum(one.fate == "sent" for one in mine)
        judged = metric_of(self.kind.metric).is_judged
        unknown = sum(one.unknown and one not in did for one in mine) if judged else 0
        clicked = len(did) if metric_of(self.kind.metric).source is Source.CLICK else 0
        last = max((one.released for one in mine), default=None)
        return ArmTotals(
            key=key,
            released=len(mine),
            matured=len(closed),
            matured_did=sum(one in did for one in closed),
            did=len(did),
            settled_did=sum(one.did + 0.25 <= now for one in did) if judged else len(did),  # type: ignore[operator]
            maybe_did=unknown,
            sent=sent,
            delivered=sent,
            failed=sum(one.fate == "failed" for one in mine),
            bounced=sum(one.fate == "bounced" for one in mine),
            uncertain=sum(one.fate == "uncertain" for one in mine),
            human_clickers=clicked,
            unknown_clickers=unknown,
            human_openers=len(did) if self.kind.metric == "open_rate" else clicked,
            unsubscribed=sum(one.unsubscribes for one in mine),
            converted=len(did) if metric_of(self.kind.metric).is_reported else 0,
            replied=len(did) if self.kind.metric == "reply_rate" else 0,
            clicks=2 * clicked,
            value=sum(one.value for one in did),
            last_release=None if last is None else START + last * HOUR,
        )

    def matured(self, known: Known) -> dict[str, dict[str, Matured]]:
        now = (known.until - SETTLES_AFTER - START) / HOUR
        found: dict[str, dict[str, Matured]] = {key: {} for key in self.arms}
        for one in self._out(now):
            if one.released + self.window <= now:
                y = one.value if one.did is not None else 0.0
                group = found[one.arm].get("", Matured())
                found[one.arm][""] = group + Matured(
                    1, int(one.did is not None), int(y != 0), y, y * y, yyy=y**3
                )
        return found

    def gathered(self, known: Known) -> Gathered:
        return Gathered(known, self.totals(known), self.matured(known), self.held)

    def course(self, now: float) -> hours.Course:
        return hours.Course(self.series(now), self.days(now))

    def series(self, now: float) -> dict[str, tuple[Point, ...]]:
        found = {}
        for key in self.arms:
            mine = [one for one in self._out(now) if one.arm == key]
            marks = sorted({int(one.released) + 1 for one in mine})
            found[key] = tuple(
                Point(START + at * HOUR, people, did, did / people)
                for at in marks
                if (people := sum(one.released < at for one in mine)) is not None
                and (did := sum(one.did is not None and one.did < at for one in mine)) is not None
            )
        return found

    def days(self, now: float) -> dict[str, dict[int, int]]:
        found: dict[str, dict[int, int]] = {}
        for one in self._out(now):
            if one.did is not None and one.did <= now:
                of_arm = found.setdefault(one.arm, {})
                day = int((one.did - one.released) // 24)
                of_arm[day] = of_arm.get(day, 0) + 1
        return found

    def hours(self) -> dict[str, dict[int, int]]:
        found: dict[str, dict[int, int]] = {}
        for one in self._out(self.until):
            if one.did is not None:
                of_arm = found.setdefault(one.arm, {})
                hour = int(one.did - one.released)
                of_arm[hour] = of_arm.get(hour, 0) + 1
        return found

    def moments(self) -> dict[str, Timed]:
        found = {}
        for key, total in self.totals(known_at(self.until, late=False)).items():
            mine = [one for one in self._out(self.until) if one.arm == key and one.did is not None]
            at = [(one.did - one.released) / self.window for one in mine]  # type: ignore[operator]
            values = array("d", (one.value for one in mine))
            timed = array("d", (one.value * moment for one, moment in zip(mine, at, strict=True)))
            found[key] = Timed(total.released, values, timed)
        return found

    def _out(self, now: float) -> list[Somebody]:
        return [one for one in self.people if one.released <= min(now, self.until)]

    def look(self, known: Known) -> None:
        """Hold the look that is due, as the worker does."""
        rule, found = rule_of(self.experiment), self.gathered(known)
        arms, standing = dict(found.arms), standings.standing_of(self.experiment, found)
        if rule.looks_by_people:
            due = planned_looks.due_by_people(
                self.experiment,
                self.held,
                planned_looks.people(arms),
                closed=standing.closed,
                now=known.now,
            )
        elif rule.method == "sequential":
            due = planned_looks.due(self.experiment, self.held, closed=standing.closed, known=known)
        else:
            return
        if due is None:
            return
        whole = due["last"] and not standing.cut_short
        asked = {}
        if rule.kind == "comparison":
            asked = comparison_looks.asked(self.held, arms, rule, self.arms, whole=whole)
        elif planned_looks.people(arms):
            course = current_call.course_of(
                self.experiment, arms, self.held, rule, ended=due["last"]
            )
            asked = {course.key: courses.asked(course, rule, whole=whole)}
        at = datetime.fromisoformat(due["due_at"])
        look = Held(due["number"], at, known.now, arms, due["last"], whole, asked)
        self.held = (*self.held, look)


def design_of(kind: Kind, rng: random.Random) -> dict[str, Any]:
    metric = metric_of(kind.metric)
    rule: dict[str, Any] = {"kind": kind.rule, "method": kind.method}
    rule["confidence"] = rng.choice((0.8, 0.95))
    baseline = HOLDOUT if kind.holdout and metric.is_reported else "insight"
    if kind.rule == RuleKind.THRESHOLD:
        rule["threshold"] = rng.choice((0.01, 0.08, 0.125, 0.5))
    else:
        rule |= {"baseline": baseline, "mde": 1.5 if metric.is_value else rng.choice((0.02, 0.3))}
    if kind.method == "sequential":
        rule["looks"] = kind.waves
    keys = ("insight", "loss", "gain")[: kind.versions]
    named = {"link": "policies"} if "link" in metric.fields and rng.random() < 0.3 else {}
    event = {"event": "bought"} if "event" in metric.fields else {}
    waves = [{"share": 1 / kind.waves, "after_hours": 24 * at} for at in range(kind.waves)]
    return {
        "name": "A metric",
        "audience_id": "everybody",
        "hypothesis": CARD,
        "arms": [{"key": key, "subject": "Hello", "body": BODY} for key in keys],
        "holdout": 0.3 if kind.holdout else 0,
        "metric": {"kind": kind.metric} | named | event,
        "rule": rule,
        "waves": waves if kind.waves > 1 else [],
        "guardrails": list(WATCHED),
        "key_results": LINKS,
    }


def a_plan(kind: Kind, rng: random.Random) -> tuple[dict[str, Any], plans.Frozen]:
    """A design and its plan; people as few as there may be, often."""
    while True:
        design = design_of(kind, rng)
        keys = [arm["key"] for arm in design["arms"]] + ([HOLDOUT] if kind.holdout else [])
        many = (110, 400) if metric_of(kind.metric).is_value and rng.random() < 0.3 else FEW
        people = {key: rng.choice(many) for key in keys}
        if rng.random() < 0.7:  # else the split went wrong, often
            design = _weighed(design, people)
        try:
            return design, plans.freeze(Draft.model_validate(design), people, start=START)
        except NotEnoughData:
            continue


def _weighed(design: dict[str, Any], people: dict[str, int]) -> dict[str, Any]:
    """Weights as the groups are."""
    arms = [{**arm, "weight": people[arm["key"]]} for arm in design["arms"]]
    held = people.get(HOLDOUT, 0) / sum(people.values())
    return design | {"arms": arms, "holdout": min(held, 0.5)}


def pretend(kind: Kind, rng: random.Random) -> Pretend:
    """A launched experiment whose people do much, little, or nothing; one in ten is cut short."""
    design, frozen = a_plan(kind, rng)
    locked = Draft.model_validate(design).model_dump(mode="json")
    window = float(metric_of(kind.metric).window_hours)
    locked["metric"]["window_hours"] = window
    experiment = Experiment(
        id="one", name="A metric", design=locked, status=Status.RUNNING, created_at=START,
        updated_at=START, launched_at=START, started_at=START, enrolled=frozen.people,
        pass_count=frozen.pass_count, plan=frozen.as_json(), rule_version="1",
    )  # fmt: skip
    rates = {key: rng.choice((0, 0.02, 0.1, 0.5, 1)) for key in frozen.arms}
    harm = rng.choice((0, 0, 0.1, 1))
    if min(frozen.arms.values()) >= 110:  # enough for a call of values
        rates = dict.fromkeys(frozen.arms, 1)
    leaves = rng.choice((0, 0, 0.5))
    people = []
    for key, many in frozen.arms.items():
        for at in range(many):
            wave = at * kind.waves // many
            released = 24 * wave + rng.random()
            does = rng.random() < rates[key] and (
                key != HOLDOUT or metric_of(kind.metric).is_reported
            )
            lost = key != HOLDOUT and rng.random() < harm
            fate = "held" if key == HOLDOUT else "sent"
            fate = rng.choice(("failed", "bounced", "uncertain")) if lost and harm < 1 else fate
            fate = rng.choice(("failed", "bounced")) if lost and harm == 1 else fate
            did = released + rng.random() ** 2 * window if does and not lost else None
            value = rng.choice((1.0, 12.5, rng.lognormvariate(2, 1.5))) if did else 0.0
            left = fate == "sent" and rng.random() < leaves
            unknown = fate == "sent" and rng.random() < 0.02
            people.append(Somebody(key, released, did, value, fate, left, unknown))
    until = rng.random() * 30 if rng.random() < 0.1 else 1e6
    return Pretend(kind, experiment, people, until, window)


def known_at(now: float, *, late: bool) -> Known:
    moment = START + now * HOUR
    return Known(moment, moment - 3 * HOUR, (LATE,)) if late else Known(moment, moment)


def read(one: Pretend, now: float, monkeypatch: pytest.MonkeyPatch, *, late: bool) -> Readout:
    """The readout of a moment: looks held on the way, then everything that reads."""
    end = 24 * (one.kind.waves - 1) + one.window + 2
    for step in (at for at in (24, 48, one.window + 1.5, end - 24.5, end) if at <= now):
        _moves_on(one, step)
        one.look(known_at(step, late=False))
    _moves_on(one, now)
    known = known_at(now, late=late)
    for module, name, found in (
        (readout, "gathered_of", one.gathered(known)),
        (hours, "course_of", one.course((known.until - START) / HOUR)),
        (counts, "links", ()),
        (movements, "realised", {}),
        (movements, "linked", LINKED),
        (novelty, "hours_of", one.hours()),
        (value_moments, "value_moments_of", one.moments()),
        (waiting, "unread_of", Unread()),
    ):
        monkeypatch.setattr(module, name, _always(found))
    return readout.counted(None, one.experiment, now=known.now)  # type: ignore[arg-type]


def _moves_on(one: Pretend, now: float) -> None:
    if one.until < min(now, 1e5):
        one.experiment.status = Status.CANCELLED
    elif now > 24 * (one.kind.waves - 1) + 1:
        one.experiment.status = Status.MEASURING


def _always(found: Any) -> Any:
    return lambda *_args, **_named: found


def moments(one: Pretend, rng: random.Random) -> float:
    """A moment at which somebody reads it: at once, while windows are open, long after."""
    end = 24 * (one.kind.waves - 1) + one.window + 2
    return rng.choice((0.0, 0.5, 1.2, 30.0, one.window + 1.6, end - 1, end, end + 100))

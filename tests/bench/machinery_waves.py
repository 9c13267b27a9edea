"""Waves and a holdout through the real tables, with all that happens on the way.

A third of everybody is mailed every sixteen hours, each wave through its gate. Somebody pauses, so
that a planned look falls while a wave waits; clicks of an outage come in hours late; mails bounce,
people unsubscribe before their wave and are skipped, or are erased before they would have done
anything. Nothing differs, or the threshold is the truth: what is called validated is an error.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.analysis import look_worker, snapshots
from app.analysis import readout as readouts
from app.analysis.list_calls import calls_of
from app.analysis.readout_types import Readout, State
from app.experiments import lifecycle, plans, waves
from app.experiments.design_schemas import Draft
from app.experiments.models import Experiment, Status
from app.tally import store
from app.tally.models import Outcome
from app.tracking.models import DataFolder
from tests import outcomes
from tests.analysis.scenes import HOUR, MINUTE, TUESDAY, given_experiment
from tests.duties import looks_due
from tests.experiments.scenes import document

WINDOW, APART = 12 * HOUR, 16 * HOUR
WAVES, TICK = 3, 2 * HOUR
UNTIL = TUESDAY + 100 * HOUR  # whatever happened, all is over by then
SKIPPED, BOUNCED, UNSUBSCRIBED, ERASED = 0.03, 0.05, 0.01, 0.03
INSIGHT, HOLDOUT = "insight", "holdout"


@dataclass(frozen=True, slots=True)
class Cell:
    """People, the rate of everybody, the share that gets nothing (0: a threshold), the method."""

    people: int
    rate: float
    holdout: float
    method: str

    def __str__(self) -> str:
        held = f", holdout {100 * self.holdout:g} %" if self.holdout else ""
        return f"{self.people:,} at {100 * self.rate:g} %{held}, {WAVES} waves"


_ONE = ((50, 0.5), (200, 0.3), (600, 0.08), (1_500, 0.005))
_TWO = ((200, 0.5, 0.1), (600, 0.08, 0.1), (1_000, 0.2, 0.05))
CELLS = (
    *(Cell(*one, 0.0, method) for one in _ONE for method in ("curtailed", "sequential", "anytime")),
    *(Cell(*two, method) for two in _TWO for method in ("fixed", "sequential", "anytime")),
)


@dataclass(slots=True)
class Person:
    """Somebody enrolled, and what becomes of them once they are released."""

    number: int
    arm: str
    wave: int
    released_at: datetime | None = None
    does_at: datetime | None = None
    is_in: bool = False  # what they did is a row
    bounces: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment until another."""

    begins: datetime
    ends: datetime

    def holds(self, now: datetime) -> bool:
        return self.begins <= now < self.ends


@dataclass(frozen=True, slots=True)
class Watched:
    """What was ever called, what stands at the end, and what really happened."""

    states: frozenset[State]
    final: Readout
    listed: State
    released: int
    did: int


def watch(session: Session, cell: Cell, rng: random.Random) -> Watched:
    """One experiment from its first wave to its final call."""
    experiment, people = _given(session, cell, rng)
    paused = _span(rng, begins=(2, 48), lasts=(4, 20))
    out = _span(rng, begins=(20, 60), lasts=(3, 15))
    folder = DataFolder(id=experiment.id, host="web-1", path="/d", registered_at=TUESDAY,
                        ingested_until=TUESDAY, seen_at=TUESDAY)  # fmt: skip
    session.add(folder)
    states, now = set(), TUESDAY
    while snapshots.latest_final(session, experiment.id) is None and now < UNTIL:
        now += TICK
        _manage(session, experiment, paused, now)
        _release(session, experiment, cell, people, now=now, rng=rng)
        folder.ingested_until = until = out.begins if out.holds(now) else now
        folder.seen_at = until
        _ingest(session, people, until)
        for _ in looks_due(session, now):
            look_worker.hold(session, experiment, now=now)
        states.add(calls_of(session, [experiment], now=now)[experiment.id].state)
        snapshots.freeze_due(session, now)
    final = readouts.readout_of(session, experiment, now=now)
    listed = calls_of(session, [experiment], now=now)[experiment.id].state
    released = sum(one.released_at is not None for one in people)
    did = sum(one.does_at is not None for one in people)
    return Watched(frozenset(states), final, listed, released, did)


def _span(rng: random.Random, *, begins: tuple[float, float], lasts: tuple[float, float]) -> Span:
    """In hours since the first mail."""
    first = TUESDAY + rng.uniform(*begins) * HOUR
    return Span(first, first + rng.uniform(*lasts) * HOUR)


def _manage(session: Session, experiment: Experiment, paused: Span, now: datetime) -> None:
    """Somebody pauses and resumes; the worker opens the waves whose time has come."""
    if experiment.status == Status.RUNNING and paused.holds(now):
        lifecycle.pause(session, experiment, now=now)
    elif experiment.status == Status.PAUSED and not paused.holds(now):
        lifecycle.resume(session, experiment, now=now)
    waves.open_due(session, experiment, look_worker.Gate(), now=now)


def _release(
    session: Session,
    experiment: Experiment,
    cell: Cell,
    people: Sequence[Person],
    *,
    now: datetime,
    rng: random.Random,
) -> None:
    if experiment.status != Status.RUNNING:
        return
    new = [one for one in people if one.released_at is None and one.wave <= experiment.open_wave]
    for one in new:
        _decide(one, cell, now - rng.random() * TICK, rng)
    outcomes.keep(session, [_outcome(experiment, one) for one in new])
    left = {
        one.number: {"unsubscribed_at": now}
        for one in new
        if one.arm == INSIGHT and not one.bounces and rng.random() < UNSUBSCRIBED
    }
    store.change(session, left)
    if all(one.released_at for one in people):
        lifecycle.begin_measuring(session, experiment.id, now=now)


def _decide(one: Person, cell: Cell, at: datetime, rng: random.Random) -> None:
    """Who bounces clicks nothing, and may buy; whoever is erased is not heard of again."""
    one.released_at = at
    one.bounces = one.arm == INSIGHT and rng.random() < BOUNCED
    is_deaf = one.bounces and not cell.holdout
    rate = cell.rate if cell.holdout else cell.rate / (1 - BOUNCED)
    if not is_deaf and rng.random() < rate and rng.random() >= ERASED:
        one.does_at = at + rng.betavariate(1, 1.5) * WINDOW


def _ingest(session: Session, people: Sequence[Person], until: datetime) -> None:
    new = [
        one
        for one in people
        if not one.is_in and one.does_at is not None and one.does_at + 8 * MINUTE <= until
    ]
    for one in new:
        one.is_in = True
    store.change(session, {one.number: {"did_at": one.does_at, "clicks": 1} for one in new})


def _given(session: Session, cell: Cell, rng: random.Random) -> tuple[Experiment, list[Person]]:
    held = round(cell.people * cell.holdout)
    arms = {INSIGHT: cell.people - held} | ({HOLDOUT: held} if held else {})
    draft = Draft.model_validate(document(**_design(cell)))
    frozen = plans.freeze(draft, arms, start=TUESDAY)
    experiment = given_experiment(
        session,
        enrolled=cell.people,
        status=Status.RUNNING,
        plan=frozen.as_json(),
        design=draft.model_dump(mode="json"),
    )
    experiment.pass_count = frozen.pass_count
    return experiment, list(_people(arms, rng))


def _design(cell: Cell) -> dict[str, object]:
    hours, window = APART // HOUR, WINDOW // HOUR
    rule: dict[str, object] = {"method": cell.method}
    if cell.method == "sequential":
        rule["looks"] = WAVES
    if cell.holdout:
        rule |= {"kind": "comparison", "baseline": HOLDOUT, "mde": max(0.01, cell.rate / 2)}
        metric = {"kind": "conversion_rate", "event": "bought", "window_hours": window}
    else:
        rule |= {"kind": "threshold", "threshold": cell.rate}
        metric = {"kind": "click_rate", "window_hours": window}
    return {
        "rule": rule,
        "metric": metric,
        "holdout": cell.holdout,
        "waves": [{"share": 1 / WAVES, "after_hours": hours * place} for place in range(WAVES)],
        "guardrails": [{"metric": "unsubscribe_rate", "max": 0.05}],
    }


def _people(arms: dict[str, int], rng: random.Random) -> Iterator[Person]:
    """In each arm the same part of everybody in each wave; a few are skipped before theirs."""
    number = 0
    for arm, count in arms.items():
        for place in range(count):
            number, wave = number + 1, place * WAVES // count
            if wave == 0 or rng.random() >= SKIPPED:
                yield Person(number, arm, wave)


def _outcome(experiment: Experiment, one: Person) -> Outcome:
    assert one.released_at is not None
    return Outcome(
        send_id=one.number,
        experiment_id=experiment.id,
        arm=one.arm,
        released_at=one.released_at,
        closes_at=one.released_at + WINDOW,
        sent=one.arm == INSIGHT and not one.bounces,
        bounced=one.bounces,
    )

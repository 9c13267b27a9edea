"""Comparisons through the real tables: is the call that of the functions calibrated without them?

People of two arms of unequal size are mailed over half a day in the order of a lottery, and look
after look is held by the worker's own functions every hour. What the looks asked for, and the
call, are worked out again from the people themselves.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.analysis import look_worker, planned_looks
from app.analysis.list_calls import calls_of
from app.analysis.readout_types import State
from app.experiments.models import Experiment, Status
from app.experiments.plans import SETTLES_AFTER
from app.stats.conditional import limits
from app.stats.score import Pair
from app.tally import store
from app.tally.models import Outcome
from tests import outcomes
from tests.analysis.scenes import HOUR, TUESDAY, given_experiment
from tests.bench.two_rates import ARM, BASE, CONFIDENCE
from tests.duties import looks_due

WINDOW = 12 * HOUR
HOURS = 30  # after which every window has closed and every click has settled


@dataclass(frozen=True, slots=True)
class Person:
    """Who is mailed when, and clicks when, if at all."""

    number: int
    arm: str
    released_at: datetime
    clicks_at: datetime | None

    def has_matured(self, now: datetime) -> bool:
        """Whether they count at a look."""
        return self.released_at + WINDOW <= now - SETTLES_AFTER


@dataclass(frozen=True, slots=True)
class Watched:
    """What the tables came to, and what was worked out beside them."""

    called: bool
    expected: bool
    asked: tuple[int | None, ...]  # of the slice, at each look
    expected_asked: tuple[int | None, ...]


def watch(
    session: Session, people: dict[str, int], rates: dict[str, float], rng: random.Random
) -> Watched:
    """One experiment from its first mail to its last look."""
    experiment = _given(session, people)
    crowd = list(_crowd(people, rates, rng))
    for hour in range(1, HOURS + 1):
        now = TUESDAY + hour * HOUR
        _advance(session, experiment, crowd, before=now - HOUR, now=now)
        if looks_due(session, now):
            look_worker.hold(session, experiment, now=now)
    held = planned_looks.held_of(session, [experiment.id])[experiment.id]
    ended = TUESDAY + HOURS * HOUR
    state = calls_of(session, [experiment], now=ended)[experiment.id].state
    seen = [
        one for one in held if min(_pair(crowd, one.at).people, _pair(crowd, one.at).base_people)
    ]
    asked, is_better = _expected(crowd, [one.at for one in seen])
    return Watched(
        state is State.VALIDATED, is_better, tuple(one.needed(ARM) for one in seen), asked
    )


def _expected(crowd: list[Person], at: list[datetime]) -> tuple[tuple[int | None, ...], bool]:
    """What looks at these moments ask for, and whether the slice ever had as many."""
    pairs = [_pair(crowd, one) for one in at]
    shares = [(one.people + one.base_people) / len(crowd) for one in pairs]
    asked = tuple(one.above for one in limits(pairs, shares, alpha=1 - CONFIDENCE))
    reached = [
        needed is not None and pair.hits >= needed
        for needed, pair in zip(asked, pairs, strict=True)
    ]
    return asked, any(reached)


def _pair(crowd: list[Person], now: datetime) -> Pair:
    matured = [one for one in crowd if one.has_matured(now)]
    counts = [
        sum(one.arm == arm and (is_all or one.clicks_at is not None) for one in matured)
        for arm in (ARM, BASE)
        for is_all in (False, True)
    ]
    return Pair(*counts)


def _given(session: Session, people: dict[str, int]) -> Experiment:
    rule = {"kind": "comparison", "baseline": BASE, "mde": 0.02, "method": "anytime", "looks": 1}
    return given_experiment(
        session,
        enrolled=sum(people.values()),
        status=Status.RUNNING,
        plan={"arms": people, "people": sum(people.values()), "looks": []},
        design={
            "arms": [{"key": key, "weight": count} for key, count in people.items()],
            "metric": {"kind": "click_rate", "link": None, "window_hours": WINDOW / HOUR},
            "rule": rule | {"confidence": CONFIDENCE},
            "guardrails": [],
        },
    )


def _crowd(people: dict[str, int], rates: dict[str, float], rng: random.Random) -> Iterator[Person]:
    """Mailed at moments drawn by lot, whatever the arm; clicks come before any of them matures."""
    arms = [key for key, count in people.items() for _ in range(count)]
    for number, arm in enumerate(arms):
        released = TUESDAY + rng.uniform(0, 12) * HOUR
        clicked = released + rng.uniform(0, 1) * WINDOW if rng.random() < rates[arm] else None
        yield Person(number + 1, arm, released, clicked)


def _advance(
    session: Session,
    experiment: Experiment,
    crowd: list[Person],
    *,
    before: datetime,
    now: datetime,
) -> None:
    """What the sender and the ingester did in this hour."""
    new = [one for one in crowd if before < one.released_at <= now]
    outcomes.keep(session, [_outcome(experiment, one) for one in new])
    clicked = {
        one.number: {"clicked_at": one.clicks_at, "did_at": one.clicks_at, "clicks": 1}
        for one in crowd
        if one.clicks_at is not None and before < one.clicks_at <= now
    }
    store.change(session, clicked)
    if all(one.released_at <= now for one in crowd):
        experiment.status = Status.MEASURING


def _outcome(experiment: Experiment, one: Person) -> Outcome:
    return Outcome(
        send_id=one.number,
        experiment_id=experiment.id,
        arm=one.arm,
        released_at=one.released_at,
        closes_at=one.released_at + WINDOW,
        sent=True,
    )

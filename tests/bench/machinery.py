"""The same through the real tables: people released, clicks tallied, looks held, readouts read.

Every experiment is simulated where its threshold is the truth, on a migrated SQLite file. Somebody
reads it every hour. People click late, some clicks are taken back within a quarter of an hour, and
a fifth of the experiments is cancelled on the way. One that ever says "validated" has erred.
"""

import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from sqlalchemy import text
from sqlmodel import Session

from app.analysis import look_worker, snapshots
from app.analysis import readout as readouts
from app.analysis.list_calls import calls_of
from app.analysis.readout_types import Estimate, State
from app.experiments import plans
from app.experiments.design_schemas import Draft
from app.experiments.models import Experiment, Status
from app.platform import migrate
from app.platform.db import Database
from app.tally import store
from app.tally.models import Outcome
from tests import outcomes
from tests.analysis.scenes import HOUR, MINUTE, TUESDAY, given_experiment
from tests.bench import machinery_pairs, machinery_waves
from tests.bench.measured import Measured
from tests.bench.rules import ALPHA
from tests.bench.two_rates import ARM, BASE, SIDE
from tests.duties import looks_due
from tests.experiments.scenes import document

PEOPLE, THRESHOLD = 100, 0.2
WINDOW = 12 * HOUR
WAVES = 2
HOURS = 40  # after which every window has closed and every click has settled
CANCELLED, TAKEN_BACK = (
    0.2,
    0.1,
)  # shares of experiments, and of clicks that are machines' after all
SPLITS = ((60, 60), (108, 12), (12, 108))
METHODS = ("curtailed", "sequential", "anytime")


@dataclass(slots=True)
class Person:
    """When somebody is mailed, clicks, and is found out to be a machine."""

    number: int
    released_at: datetime
    clicks_at: datetime | None
    seen_at: datetime | None  # ingested: up to ten minutes after the click
    taken_back_at: datetime | None


def all_rules(runs: int, *, seed: int) -> Iterator[Measured]:
    """Every method for one arm; and of two, whether the tables say what the functions say."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'calibration.db'}"
        database = Database(url)
        migrate.to_head(database)
        for method in METHODS:
            yield _measured(database, method, runs, random.Random(f"{seed} {method}"))
        for split in SPLITS:
            yield _agreed(database, split, runs, random.Random(f"{seed} {split}"))
        for key, cells in groupby(sorted(machinery_waves.CELLS, key=_in_row), _in_row):
            yield _in_waves(
                database, list(cells), max(1, runs // 3), random.Random(f"{seed} {key}")
            )
        database.close()


def _measured(database: Database, method: str, runs: int, rng: random.Random) -> Measured:
    erred = reads = 0
    sides = [0, 0]  # the truth is under the low bound, over the high one
    for _ in range(runs):
        with Session(database.engine, expire_on_commit=False) as session:
            session.execute(
                text("BEGIN IMMEDIATE")
            )  # the driver would begin too late to undo it all
            told, last, read = _watch(session, method, rng)
            session.rollback()
        erred, reads = erred + told, reads + read
        sides[0] += last.low > THRESHOLD
        sides[1] += last.high < THRESHOLD
    setting = f"{PEOPLE} at {100 * THRESHOLD:g} %, {reads // runs} reads"
    return Measured(
        f"machinery, {method}", setting, runs, erred / runs, ALPHA, covered=1 - max(sides) / runs
    )


def _agreed(database: Database, split: tuple[int, int], runs: int, rng: random.Random) -> Measured:
    """Paths on which the call, or what a look asked for, was another than that of the functions."""
    people, differ = {ARM: split[0], BASE: split[1]}, 0
    for run in range(runs):
        rates = {ARM: 0.3 * (1 + run % 3), BASE: 0.3}  # every third path has no effect
        with Session(database.engine, expire_on_commit=False) as session:
            session.execute(text("BEGIN IMMEDIATE"))
            seen = machinery_pairs.watch(session, people, rates, rng)
            session.rollback()
        differ += (seen.called, seen.asked) != (seen.expected, seen.expected_asked)
    setting = f"{split[0]}/{split[1]}: differs from the functions alone"
    return Measured("machinery, two arms", setting, runs, differ / runs, 0.0, is_exact=True)


def _in_row(cell: machinery_waves.Cell) -> tuple[bool, str]:
    return cell.holdout > 0, cell.method


def _in_waves(
    database: Database, cells: Sequence[machinery_waves.Cell], runs: int, rng: random.Random
) -> Measured:
    """All sizes and rates of a method together: one row each would say little."""
    erred = 0
    for cell in (one for one in cells for _ in range(runs)):
        with Session(database.engine, expire_on_commit=False) as session:
            session.execute(text("BEGIN IMMEDIATE"))
            erred += State.VALIDATED in machinery_waves.watch(session, cell, rng).states
            session.rollback()
    first, number = cells[0], runs * len(cells)
    against, promised = ("a holdout", SIDE) if first.holdout else ("a threshold", ALPHA)
    sizes = [one.people for one in cells]
    setting = f"{min(sizes):,} to {max(sizes):,}, {machinery_waves.WAVES} waves, {against}"
    return Measured(f"machinery, {first.method}", setting, number, erred / number, promised)


def _watch(session: Session, method: str, rng: random.Random) -> tuple[bool, Estimate, int]:
    """Whether it ever validated, the last interval, and how often it was read."""
    experiment = _given(session, method)
    people = [_person(number, method, rng) for number in range(PEOPLE)]
    cancelled = rng.uniform(0, WAVES * 12) if rng.random() < CANCELLED else None
    told, before = False, TUESDAY
    for hour in range(1, HOURS + 1):
        now = TUESDAY + hour * HOUR
        if cancelled is not None and now >= TUESDAY + cancelled * HOUR:
            experiment.status = Status.CANCELLED
        _advance(session, experiment, people, before=before, now=now)
        for name in looks_due(session, now):
            assert name == experiment.id
            look_worker.hold(session, experiment, now=now)
        call = calls_of(session, [experiment], now=now)[experiment.id]
        told |= call.state is State.VALIDATED
        snapshots.freeze_due(session, now)
        before = now
    (last,) = readouts.readout_of(session, experiment, now=before).estimates
    return told, last, HOURS


def _given(session: Session, method: str) -> Experiment:
    waves = [{"share": 0.5}, {"share": 0.5, "after_hours": 12}]
    rule = {"kind": "threshold", "threshold": THRESHOLD, "method": method}
    draft = Draft.model_validate(
        document(
            rule=rule | ({"looks": WAVES} if method == "sequential" else {}),
            waves=[] if method == "curtailed" else waves,
            metric={"kind": "click_rate", "window_hours": WINDOW // HOUR},
            guardrails=[],
        )
    )
    frozen = plans.freeze(draft, {"insight": PEOPLE}, start=TUESDAY)
    experiment = given_experiment(
        session,
        enrolled=PEOPLE,
        status=Status.RUNNING,
        plan=frozen.as_json(),
        design=draft.model_dump(mode="json"),
    )
    experiment.pass_count = frozen.pass_count
    return experiment


def _person(number: int, method: str, rng: random.Random) -> Person:
    """Released over three hours of their wave; those who click do so at any time of the window."""
    wave = 0 if method == "curtailed" else number * WAVES // PEOPLE
    released = TUESDAY + wave * 12 * HOUR + rng.uniform(0, 3) * HOUR
    human = rng.random() < THRESHOLD
    if not human and rng.random() >= THRESHOLD * TAKEN_BACK:
        return Person(number, released, None, None, None)
    clicked = released + rng.betavariate(1, 1.5) * WINDOW
    seen = clicked + rng.uniform(0, 10) * MINUTE
    back = None if human else clicked + rng.uniform(10, 15) * MINUTE
    return Person(number, released, clicked, seen, back)


def _advance(
    session: Session,
    experiment: Experiment,
    people: list[Person],
    *,
    before: datetime,
    now: datetime,
) -> None:
    """What the sender and the ingester did in this hour; whoever was not mailed never clicks."""
    if experiment.status is Status.RUNNING:
        new = [one for one in people if _within(one.released_at, before, now)]
        outcomes.keep(session, [_outcome(experiment, one) for one in new])
        if all(one.released_at <= now for one in people):
            experiment.status = Status.MEASURING
    edits: dict[int, dict[str, object]] = {
        one.number: {"clicked_at": one.clicks_at, "did_at": one.clicks_at, "clicks": 1}
        for one in people
        if _within(one.seen_at, before, now)
    }
    store.change(session, edits)
    store.change(
        session,
        {
            one.number: {"clicked_at": None, "did_at": None, "machine_clicked_at": one.clicks_at}
            for one in people
            if _within(one.taken_back_at, before, now)
        },
    )


def _within(at: datetime | None, before: datetime, now: datetime) -> bool:
    return at is not None and before < at <= now


def _outcome(experiment: Experiment, one: Person) -> Outcome:
    return Outcome(
        send_id=one.number,
        experiment_id=experiment.id,
        arm="insight",
        released_at=one.released_at,
        closes_at=one.released_at + WINDOW,
        sent=True,
    )

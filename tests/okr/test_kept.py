"""Whatever happens to a key result, what was typed stays, and its numbers follow from its rows.

Random operations against a small model: values put, the source switched, contributions and runs of
experiments, undoing, another start, another last day, closing and opening again.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.okr import closing, ledger, links, outcomes, runs, series, store, views
from app.okr.ledger import Entry
from app.okr.models import CheckIn, KeyResult
from app.okr.overlap import Group
from app.okr.runs import Run
from app.okr.schemas import CloseDraft, ConfidenceDraft, CycleChanges, KeyResultChanges, ValueDraft
from app.okr.values import confirm
from app.okr.values import put as put_value
from app.platform.errors import Conflict, Invalid
from tests.okr.scenes import NOW, OSLO, TODAY, given_key_result, given_objective

_OPERATIONS = 70
_TABLES = "key_result", "check_in", "contribution", "undone_link", "cycle"


@dataclass
class Model:
    """What ought to be: typed values by day, what was added with its people, runs, the dates."""

    start: float
    ends: date
    typed: dict[date, tuple[float, str]] = field(default_factory=dict)  # value, who
    said: list[tuple[date, float, str]] = field(default_factory=list)  # all that ever was typed
    added: dict[str, tuple[date, float, frozenset[int]]] = field(default_factory=dict)
    measured: dict[str, tuple[date, float]] = field(default_factory=dict)

    def type(self, day: date, value: float, who: str, source: str) -> None:
        """Somebody typed a value."""
        self.typed[day] = (value, who)
        self.said.append((day, value, source))

    def value(self) -> float | None:
        """The last number that stands in the cycle, counted person by person."""
        days = [day for day in self.typed if day <= self.ends]
        anchors = [(day, 0, 0, self.typed[day][0]) for day in days]
        anchors += [
            (day, 1, place, value)
            for place, (day, value) in enumerate(self.measured.values())
            if day <= self.ends
        ]
        day, _, _, stands = max(anchors, default=(date.min, 0, 0, self.start))
        posted = {k: v for k, v in self.added.items() if v[0] <= self.ends}
        since = [self._counted(name, posted) for name, one in posted.items() if one[0] >= day]
        return stands + sum(since) if anchors or posted else None

    def _counted(self, name: str, posted: dict[str, tuple[date, float, frozenset[int]]]) -> float:
        day, amount, people = posted[name]
        larger = [
            other
            for key, other in posted.items()
            if (-abs(other[1]), other[0], key) < (-abs(amount), day, name)
        ]
        left = people.difference(*(other[2] for other in larger))
        return amount * len(left) / len(people)


class Walk:
    """One key result, its model, and everything that may be done to it."""

    def __init__(self, session: Session, seed: int) -> None:
        self.session, self.rng = session, Random(seed)
        self.row: KeyResult = given_key_result(session, given_objective(session), start=1000)
        cycle = store.cycle_of_key_result(session, self.row)
        self.cycle, self.model, self.number = cycle, Model(1000, cycle.ends), 0

    def step(self) -> None:
        """One operation; refused ones change nothing, and those on a closed cycle are refused."""
        operation = self.rng.choice(self.operations())
        closed, before = self.cycle.closed_at is not None, self.rows()
        try:
            with self.session.begin_nested():
                remember = operation()
        except (Conflict, Invalid):
            self.session.expire_all()
            assert self.rows() == before
            return
        assert not closed or operation == self.open
        remember()

    def operations(self) -> list[Callable[[], Callable[[], object]]]:
        """Those that write most often are drawn most often."""
        typed = [self.put] * 4 + [self.switch] * 2 + [self.sure]
        experiments = [self.add] * 4 + [self.measure, self.undo, self.undo]
        edges = [self.another_start, self.another_end, self.close, self.open, self.open]
        return [*typed, *experiments, *edges]

    def put(self) -> Callable[[], object]:
        """Somebody types a value; while experiments write, only what stands may be said again."""
        day, who = self.day(), self.rng.choice(["Ann", "nightly job"])
        value = self.rng.choice([1200.1, 1350.25, 1500.0, 980.7])
        source = "api" if who == "nightly job" else "manual"
        put_value(
            self.session, self.row.id, day, ValueDraft(value=value), source=source, by=who,
            zone=OSLO, now=NOW,
        )  # fmt: skip
        if self.row.source == "experiment":
            return lambda: None
        if self.model.typed.get(day, (None,))[0] == value:
            return lambda: None  # the same again: whoever said it first is named
        return lambda: self.model.type(day, value, who, source)

    def sure(self) -> Callable[[], object]:
        """Somebody says how sure they are: no value changes."""
        confirm(
            self.session, self.row.id, ConfidenceDraft(confidence=5), by="Bo", zone=OSLO, now=NOW
        )
        return lambda: None

    def switch(self) -> Callable[[], object]:
        """Values come from elsewhere from now on."""
        to = self.rng.choice(["manual", "api", "experiment", "experiment"])
        self.change(KeyResultChanges.model_validate({"source": to}))
        return lambda: None

    def add(self) -> Callable[[], object]:
        """An experiment adds what it measured; some of its people were in others, too."""
        name = self.name()
        people = frozenset(self.rng.sample(range(30), self.rng.randint(1, 12)))
        amount = float(self.rng.randint(-60, 60))
        entry = Entry(name, TODAY, amount, amount - 1, amount + 1, len(people), "ordered")
        known = {one: who for one, (_, _, who) in self.model.added.items()} | {name: people}
        ledger.post(self.session, self.row.id, entry, sharing=_met(known), by="Ann", now=NOW)
        return lambda: self.model.added.update({name: (TODAY, amount, people)})

    def measure(self) -> Callable[[], object]:
        """A run writes its value."""
        name, value = self.name(), self.rng.uniform(900, 1600)
        run = Run(name, TODAY, value, value - 1, value + 1, 600)
        runs.write(self.session, self.row.id, run, now=NOW)
        return lambda: self.model.measured.update({name: (TODAY, value)})

    def undo(self) -> Callable[[], object]:
        """What one of the experiments wrote is taken back."""
        name = self.rng.choice([*self.model.added, *self.model.measured, "nobody"])
        links.undo(self.session, self.row.id, name, by="Ann", now=NOW)
        return lambda: (self.model.added.pop(name, None), self.model.measured.pop(name, None))

    def another_start(self) -> Callable[[], object]:
        """The start was wrong."""
        start = float(self.rng.randint(900, 1100))
        self.change(KeyResultChanges(start=start))
        return lambda: setattr(self.model, "start", start)

    def another_end(self) -> Callable[[], object]:
        """The cycle ends earlier, or later."""
        ends = TODAY + timedelta(days=self.rng.choice([-3, 0, 20, 40]))
        outcomes.change_cycle(self.session, self.cycle, CycleChanges(ends=ends))
        return lambda: setattr(self.model, "ends", ends)

    def close(self) -> Callable[[], object]:
        """Scored, and from then on as it is."""
        closing.close(self.session, self.cycle, CloseDraft(), by="Ann", now=NOW)
        return lambda: None

    def open(self) -> Callable[[], object]:
        """Opened again."""
        closing.reopen(self.session, self.cycle)
        return lambda: None

    def change(self, changes: KeyResultChanges) -> None:
        outcomes.change_key_result(self.session, self.row, changes, now=NOW)

    def day(self) -> date:
        return TODAY - timedelta(days=self.rng.choice([0, 0, 1, 3, 5, 8]))

    def name(self) -> str:
        self.number += 1
        return f"e{self.number:03}"

    def rows(self) -> list[str]:
        """Every row of every table, as it is stored."""
        self.session.flush()
        return [
            repr(row)
            for table in _TABLES
            for row in self.session.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2"))
        ]


def _met(people: dict[str, frozenset[int]]) -> ledger.Sharing:
    def found(name: str, others: Collection[str]) -> list[Group]:
        also = [
            frozenset(one for one in others if person in people.get(one, ()))
            for person in people[name]
        ]
        return [Group(also.count(one), one) for one in set(also) if one]

    return found


def holds(walk: Walk) -> None:
    """What must be true after every operation."""
    session, row, model = walk.session, walk.row, walk.model
    listed = series.listed(series.stored_of(session, (row,))[row.id])
    typed = {
        one.value.date: (one.value.value, one.value.recorded_by)
        for one in listed
        if one.value.source in {"manual", "api"} and not one.value.confirms
    }
    assert typed == model.typed  # each is there, by whom it was put
    kept = [(one.date, one.value, one.source) for one in _ever_typed(session, row)]
    assert set(model.said) <= set(kept)  # replaced ones as history

    seen, expected = views.several(session, (row,), today=TODAY)[0], model.value()
    (ended,) = closing.ended(session, walk.cycle)
    assert seen.current == ended.current == (expected and pytest.approx(expected))
    if expected is not None:
        done = (expected - row.start) / (row.target - row.start)
        assert seen.progress == pytest.approx(done)
        assert ended.suggested == pytest.approx(min(1, max(0, done)))


def _ever_typed(session: Session, row: KeyResult) -> list[CheckIn]:
    days = {TODAY - timedelta(days=days) for days in range(10)}
    return [one for day in days for one in store.history_of(session, row.id, day)]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_typed_values_stay_and_numbers_follow_from_rows(
    session: Session, seed: int
):
    walk = Walk(session, seed)
    for _ in range(_OPERATIONS):
        walk.step()
        holds(walk)

    assert walk.number > 0


def test_a_switch_a_contribution_and_its_undoing_leave_three_typed_values(session: Session):
    walk = Walk(session, 0)
    row = walk.row
    for days, value in ((20, 1200), (10, 1350), (1, 1500)):
        draft, day = ValueDraft(value=value), TODAY - timedelta(days=days)
        put_value(session, row.id, day, draft, source="api", by="Ann", zone=OSLO, now=NOW)
    walk.change(KeyResultChanges(source="experiment"))
    ledger.post(session, row.id, Entry("e", TODAY, 35, 1, 69, 300), by="Ann", now=NOW)

    assert [one.value for one in series.daily_values(session, row)] == [1200, 1350, 1500, 1535]
    links.undo(session, row.id, "e", by="Ann", now=NOW)
    assert [one.value for one in series.daily_values(session, row)] == [1200, 1350, 1500]


def test_a_run_lies_beside_what_was_typed_that_day(session: Session):
    walk = Walk(session, 0)
    row, draft = walk.row, ValueDraft(value=1500)
    put_value(session, row.id, TODAY, draft, source="manual", by="Ann", zone=OSLO, now=NOW)
    walk.change(KeyResultChanges(source="experiment"))
    runs.write(session, row.id, Run("e", TODAY, 1300, 1200, 1400, 600), now=NOW)

    told = [
        (one.value.source, one.value.value, one.counts)
        for one in series.listed(series.stored_of(session, (row,))[row.id])
    ]

    assert told == [("manual", 1500, False), ("experiment", 1300, True)]

"""What experiments added: posted once, taken back whole, and never the same movement twice."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from app.okr import exact, ledger, links, overlap, series, store, values
from app.okr.ledger import Entry
from app.okr.models import Contribution, KeyResult
from app.okr.overlap import Group
from app.okr.schemas import ConfidenceDraft
from app.platform.errors import Conflict
from tests.okr.scenes import NOW, OSLO, TODAY, course, given_key_result, given_objective, put

EARLIER = TODAY - timedelta(days=7)


@pytest.fixture
def row(session: Session) -> KeyResult:
    return given_key_result(session, given_objective(session), source="experiment")


def post(session: Session, row: KeyResult, name: str, amount: float, **more: Any) -> Contribution:
    people = more.pop("of", {})
    fields: dict[str, Any] = {"date": TODAY, "low": amount - 10, "high": amount + 10, "people": 500}
    entry = Entry(experiment_id=name, amount=amount, **(fields | more))
    return ledger.post(session, row.id, entry, sharing=met(people), by="Ann", now=NOW)


def met(people: dict[str, set[int]]) -> ledger.Sharing:
    """Whose people are whose, by counting them one by one; all at the same time."""

    def found(name: str, others: Collection[str]) -> list[Group]:
        also = [
            frozenset(one for one in others if person in people.get(one, set()))
            for person in people.get(name, set())
        ]
        return [Group(also.count(one), one) for one in set(also) if one]

    return found


def held(session: Session, row: KeyResult) -> list[tuple[date, float]]:
    return [(one.date, one.value) for one in course(session, row.id)]


def test_the_value_is_the_start_and_what_was_added(session: Session, row: KeyResult):
    post(session, row, "first", 40, date=EARLIER)
    post(session, row, "second", -15.5)

    assert held(session, row) == [(EARLIER, 1280), (TODAY, 1264.5)]


def test_every_value_names_its_experiment_its_n_and_its_estimate(session: Session, row: KeyResult):
    post(session, row, "first", 40)

    (value,) = course(session, row.id)

    assert (value.source, value.experiment_id, value.recorded_by) == ("experiment", "first", "Ann")
    assert (value.observed, value.estimate, value.low, value.high) == (500, 40, 30, 50)


def test_an_experiment_posts_once(session: Session, row: KeyResult):
    post(session, row, "first", 40)

    with pytest.raises(Conflict, match="once is enough"):
        post(session, row, "first", 40)
    assert held(session, row) == [(TODAY, 1280)]


def test_undoing_deletes_the_row_and_its_value(session: Session, row: KeyResult):
    post(session, row, "first", 40)
    links.undo(session, row.id, "first", by="Ann", now=NOW)

    assert store.contributions(session, row.id) == []
    assert held(session, row) == []
    assert len(store.history_of(session, row.id, TODAY)) == 1  # what was said stays as history


def test_undoing_an_earlier_one_takes_it_out_of_every_later_value(session: Session, row: KeyResult):
    post(session, row, "first", 40, date=EARLIER)
    post(session, row, "second", 20)
    links.undo(session, row.id, "first", by="Ann", now=NOW)

    assert held(session, row) == [(TODAY, 1260)]


def test_what_was_undone_is_not_posted_again(session: Session, row: KeyResult):
    post(session, row, "first", 40)
    links.undo(session, row.id, "first", by="Ann", now=NOW)

    with pytest.raises(Conflict, match="taken back"):
        post(session, row, "first", 40)
    with pytest.raises(Conflict, match="nothing to take back"):
        links.undo(session, row.id, "first", by="Ann", now=NOW)


ALL = set(range(500))


def test_of_two_that_share_everybody_only_the_larger_is_added(session: Session, row: KeyResult):
    both = {"small": ALL, "large": ALL}
    post(session, row, "small", 40, event="signed up", date=EARLIER, of=both)
    post(session, row, "large", 60, event="signed up", of=both)

    assert held(session, row) == [(EARLIER, 1280), (TODAY, 1300)]
    assert [(one.row.experiment_id, one.counted) for one in ledger.lines(session, row.id)] == [
        ("small", False),
        ("large", True),
    ]


def test_one_shared_person_costs_one_person(session: Session, row: KeyResult):
    people = {"small": set(range(300)), "large": set(range(299, 599))}
    post(session, row, "small", 30, people=300, of=people)
    post(session, row, "large", 60, people=300, of=people)

    small, large = ledger.lines(session, row.id)

    assert (small.shared, small.added, large.shared, large.added) == (1, 29.9, 0, 60)
    assert small.range == (20 * 299 / 300, 40 * 299 / 300)
    assert held(session, row) == [(TODAY, 1329.9)]


def test_somebody_in_three_is_counted_once_and_taken_from_each_smaller_one(
    session: Session, row: KeyResult
):
    people = {"a": {0, 1, 2, 3}, "b": {0, 1, 7, 8}, "c": {0, 9, 10, 11}}
    for name, amount in (("a", 40), ("b", 80), ("c", 120)):
        post(session, row, name, amount, people=4, of=people)

    assert [(one.shared, one.added) for one in ledger.lines(session, row.id)] == [
        (2, 20),  # 0 and 1
        (1, 60),  # 0
        (0, 120),
    ]


def test_a_loss_that_overlaps_a_smaller_gain_is_the_one_that_counts(
    session: Session, row: KeyResult
):
    both = {"gain": ALL, "loss": ALL}
    post(session, row, "gain", 10, of=both)
    post(session, row, "loss", -50, of=both)

    assert held(session, row) == [(TODAY, 1190)]


@pytest.mark.parametrize("together", [set(range(500)), set(range(499))], ids=["all", "but one"])
def test_one_that_counts_nobody_takes_nobody_from_a_third(
    session: Session, row: KeyResult, together: set[int]
):
    """Week after week the same people: the windows of the first and the third never touch."""
    first, later = {"first": together, "second": together}, {"second": together, "third": together}
    post(session, row, "first", 40, date=EARLIER)
    post(session, row, "second", 30, of=first)

    def touching(name: str, others: Collection[str]) -> Sequence[Group]:
        near = first if name == "first" else later if name == "third" else first | later
        return met(near)(name, others)

    entry = Entry("third", date=TODAY, amount=20, low=10, high=30, people=500)
    ledger.post(session, row.id, entry, sharing=touching, by="Ann", now=NOW)
    shared = {one.row.experiment_id: one.shared for one in ledger.lines(session, row.id)}

    is_idle = len(together) == 500  # otherwise somebody of the third may be whom the second counts
    assert shared == {"first": 0, "second": len(together), "third": 0 if is_idle else 499}


def test_undoing_the_larger_lets_the_smaller_count_again(session: Session, row: KeyResult):
    both = {"small": ALL, "large": ALL}
    post(session, row, "small", 40, of=both)
    post(session, row, "large", 60, of=both)
    links.undo(session, row.id, "large", by="Ann", now=NOW)

    assert held(session, row) == [(TODAY, 1280)]


def test_the_same_people_with_another_event_are_added(session: Session, row: KeyResult):
    both = {"sign-ups": ALL, "orders": ALL}
    post(session, row, "sign-ups", 40, event="signed up", of=both)
    post(session, row, "orders", 60, event="ordered", of=both)

    assert held(session, row) == [(TODAY, 1340)]


@pytest.mark.parametrize("source", ["manual", "api"])
def test_a_number_measured_elsewhere_holds_it_already(session: Session, source: str):
    row = given_key_result(session, given_objective(session), source=source)

    with pytest.raises(Conflict, match="count twice"):
        post(session, row, "first", 40)


@pytest.mark.parametrize(
    "read",
    [
        {"source": "http", "http": {"url": "https://numbers.example/", "pointer": "/n"}},
        {"source": "sql", "sql": {"connection": "shop", "query": "SELECT 1"}},
    ],
)
def test_a_number_that_is_read_holds_it_already(session: Session, read: dict[str, Any]):
    row = given_key_result(session, given_objective(session), **read)

    with pytest.raises(Conflict, match="count twice"):
        post(session, row, "first", 40)
    assert store.contributions(session, row.id) == []


def test_nobody_puts_another_value_over_the_ledger(session: Session, row: KeyResult):
    post(session, row, "first", 40)

    with pytest.raises(Conflict, match="written by experiments"):
        put(session, row.id, TODAY, 1500)
    assert held(session, row) == [(TODAY, 1280)]


def test_confidence_stands_beside_the_value_and_keeps_its_origin(session: Session, row: KeyResult):
    post(session, row, "first", 40)
    draft = ConfidenceDraft(confidence=7, comment="it held")
    values.confirm(session, row.id, draft, by="Bo", zone=OSLO, now=NOW)

    (value,) = course(session, row.id)

    assert (value.value, value.confidence, value.comment) == (1280, 7, "it held")
    assert (value.experiment_id, value.observed, value.source) == ("first", 500, "experiment")


def test_a_later_confidence_follows_the_ledger_when_something_is_undone(
    session: Session, row: KeyResult
):
    post(session, row, "first", 40, date=EARLIER - timedelta(days=7))
    post(session, row, "second", 20, date=EARLIER)
    values.confirm(session, row.id, ConfidenceDraft(confidence=7), by="Bo", zone=OSLO, now=NOW)
    links.undo(session, row.id, "second", by="Ann", now=NOW)

    assert held(session, row) == [(EARLIER - timedelta(days=7), 1280), (TODAY, 1280)]
    assert course(session, row.id)[-1].confidence == 7


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[dict[str, set[int]], list[Contribution]]:
    """Who was in which experiment, and the ledger with the groups that follow."""
    sets = draw(st.lists(st.sets(st.integers(0, 12), min_size=1), min_size=1, max_size=5))
    people = {f"{place}": one for place, one in enumerate(sets)}
    sharing = met(people)
    rows = [
        Contribution(
            key_result_id="k", experiment_id=name, date=EARLIER + timedelta(days=draw(DAYS)),
            amount=float(draw(AMOUNTS)), low=0, high=0, people=len(mine), posted_at=NOW,
            overlaps=[
                {"people": one.people, "with": sorted(one.others)}
                for one in sharing(name, people.keys() - {name})
            ],
        )
        for name, mine in people.items()
    ]  # fmt: skip
    return people, rows


DAYS, AMOUNTS = st.integers(0, 7), st.integers(-100, 100)


@settings(max_examples=200)
@given(ledgers())
def test_everybody_is_counted_once_with_the_largest_that_measured_them(
    drawn: tuple[dict[str, set[int]], list[Contribution]],
):
    people, rows = drawn
    order = sorted(rows, key=lambda one: (-abs(one.amount), one.date, one.experiment_id))
    seen: set[int] = set()
    left: dict[str, int] = {}
    for row in order:
        left[row.experiment_id] = len(people[row.experiment_id] - seen)
        seen |= people[row.experiment_id]

    for line in overlap.lined(rows):
        name = line.row.experiment_id
        assert line.row.people - line.shared == left[name]
        assert line.added == pytest.approx(line.row.amount * left[name] / len(people[name]))


@settings(max_examples=100)
@given(ledgers())
def test_the_value_is_the_start_and_the_sum_of_what_counts(
    drawn: tuple[dict[str, set[int]], list[Contribution]],
):
    _, rows = drawn
    stored = series.Stored(start=100, entries=(), posted=rows, ends=TODAY)
    added = exact.total(line.added for line in overlap.lined(rows))

    assert series.laid_out(stored)[-1].value == pytest.approx(exact.total([100, added]))

"""What experiments added: posted once, taken back whole, and never the same movement twice."""

from datetime import date, timedelta
from math import fsum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from app.okr import ledger, links, store, values
from app.okr.ledger import Entry, counted, value_on
from app.okr.models import Contribution, KeyResult
from app.okr.schemas import ConfidenceDraft
from app.platform.errors import Conflict
from tests.okr.scenes import NOW, OSLO, TODAY, given_key_result, given_objective, put

EARLIER = TODAY - timedelta(days=7)


@pytest.fixture
def row(session: Session) -> KeyResult:
    return given_key_result(session, given_objective(session), source="experiment")


def post(session: Session, row: KeyResult, name: str, amount: float, **more: Any) -> Contribution:
    overlaps = more.pop("overlaps", ())
    fields: dict[str, Any] = {"date": TODAY, "low": amount - 10, "high": amount + 10, "people": 500}
    entry = Entry(experiment_id=name, amount=amount, **(fields | more))
    return ledger.post(session, row.id, entry, overlaps=overlaps, by="Ann", now=NOW)


def held(session: Session, row: KeyResult) -> list[tuple[date, float]]:
    return [(one.date, one.value) for one in store.values(session, row.id)]


def test_the_value_is_the_start_and_what_was_added(session: Session, row: KeyResult):
    post(session, row, "first", 40, date=EARLIER)
    post(session, row, "second", -15.5)

    assert held(session, row) == [(EARLIER, 1280), (TODAY, 1264.5)]


def test_every_value_names_its_experiment_its_n_and_its_estimate(session: Session, row: KeyResult):
    post(session, row, "first", 40)

    (value,) = store.values(session, row.id)

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


def test_of_two_that_share_people_and_event_only_the_larger_is_added(
    session: Session, row: KeyResult
):
    post(session, row, "small", 40, event="signed up", date=EARLIER)
    post(session, row, "large", 60, event="signed up", overlaps=["small"])

    assert held(session, row) == [(EARLIER, 1280), (TODAY, 1300)]
    assert [(one.row.experiment_id, one.counted) for one in ledger.lines(session, row.id)] == [
        ("small", False),
        ("large", True),
    ]


def test_a_loss_that_overlaps_a_smaller_gain_is_the_one_that_counts(
    session: Session, row: KeyResult
):
    post(session, row, "gain", 10)
    post(session, row, "loss", -50, overlaps=["gain"])

    assert held(session, row) == [(TODAY, 1190)]


def test_undoing_the_larger_lets_the_smaller_count_again(session: Session, row: KeyResult):
    post(session, row, "small", 40)
    post(session, row, "large", 60, overlaps=["small"])
    links.undo(session, row.id, "large", by="Ann", now=NOW)

    assert held(session, row) == [(TODAY, 1280)]


def test_the_same_people_with_another_event_are_added(session: Session, row: KeyResult):
    post(session, row, "sign-ups", 40, event="signed up")
    post(session, row, "orders", 60, event="ordered", overlaps=["sign-ups"])

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

    (value,) = store.values(session, row.id)

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
    assert store.values(session, row.id)[-1].confidence == 7


def entries() -> st.SearchStrategy[list[Contribution]]:
    def laid_out(drawn: list[tuple[int, int, set[int]]]) -> list[Contribution]:
        return [
            Contribution(
                key_result_id="k", experiment_id=f"{place}", date=EARLIER + timedelta(days=day),
                amount=float(amount), low=0, high=0, people=1, posted_at=NOW,
                overlaps=[f"{one}" for one in shared if one < place],
            )
            for place, (day, amount, shared) in enumerate(drawn)
        ]  # fmt: skip

    one = st.tuples(st.integers(0, 7), st.integers(-100, 100), st.sets(st.integers(0, 5)))
    return st.lists(one, max_size=6).map(laid_out)


@settings(max_examples=100)
@given(entries())
def test_no_two_that_count_overlap_and_whatever_does_not_count_overlaps_a_larger(
    rows: list[Contribution],
):
    counts = counted(rows)
    by_id = {row.experiment_id: row for row in rows}

    for row in rows:
        beside = {
            one
            for one in counts - {row.experiment_id}
            if one in row.overlaps or row.experiment_id in by_id[one].overlaps
        }
        if row.experiment_id in counts:
            assert not beside
        else:
            assert max(abs(by_id[one].amount) for one in beside) >= abs(row.amount)


@settings(max_examples=50)
@given(entries())
def test_the_value_is_the_sum_of_what_counts(rows: list[Contribution]):
    counts = counted(rows)
    added = fsum(row.amount for row in rows if row.experiment_id in counts)

    assert value_on(100, rows, TODAY) == pytest.approx(100 + added)

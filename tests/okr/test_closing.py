"""A cycle closes with scores, and stays as it was scored."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from app.okr import closing, outcomes, series, store, views
from app.okr.models import Cycle, KeyResult
from app.okr.progress import Grade, grade
from app.okr.schemas import CloseDraft, CycleChanges, KeyResultChanges, ObjectiveDraft
from app.platform.errors import Conflict, Invalid
from tests.okr.scenes import NOW, TODAY, given_key_result, given_objective, put


@pytest.fixture
def row(session: Session) -> KeyResult:
    return given_key_result(session, given_objective(session))


def cycle_of(session: Session, row: KeyResult) -> Cycle:
    return store.cycle_of_key_result(session, row)


def close(session: Session, row: KeyResult, **scores: object) -> None:
    draft = CloseDraft.model_validate({"scores": scores})
    closing.close(session, cycle_of(session, row), draft, by="Ann", now=NOW)


def test_without_a_number_the_score_is_the_progress(session: Session, row: KeyResult):
    put(session, row.id, TODAY, 1520)
    close(session, row)

    assert row.score == 0.5
    assert cycle_of(session, row).closed_by == "Ann"
    assert closing.mean([row]) == 0.5


@pytest.mark.parametrize(("value", "score"), [(1940, 1), (1000, 0)])
def test_a_score_is_between_nothing_and_all(
    session: Session, row: KeyResult, value: float, score: float
):
    put(session, row.id, TODAY, value)
    close(session, row)

    assert row.score == score


def test_people_may_score_otherwise_and_say_why(session: Session, row: KeyResult):
    close(session, row, **{row.id: {"score": 0.7, "comment": "the fair fell away"}})

    assert (row.score, row.score_comment) == (0.7, "the fair fell away")


def test_a_score_of_something_else_is_refused(session: Session, row: KeyResult):
    with pytest.raises(Invalid, match="Not key results of"):
        close(session, row, elsewhere={"score": 1})


def test_what_is_closed_is_read_only(session: Session, row: KeyResult):
    put(session, row.id, TODAY, 1520)
    close(session, row)

    with pytest.raises(Conflict, match="closed and scored"):
        put(session, row.id, TODAY, 1530)
    with pytest.raises(Conflict, match="closed and scored"):
        outcomes.change_key_result(session, row, KeyResultChanges(target=2000), now=NOW)
    with pytest.raises(Conflict, match="closed and scored"):
        outcomes.add_objective(
            session, ObjectiveDraft(title="More", cycle_id=cycle_of(session, row).id), now=NOW
        )
    with pytest.raises(Conflict, match="closed and scored"):
        close(session, row)


def test_a_cycle_that_is_opened_again_is_scored_again(session: Session, row: KeyResult):
    put(session, row.id, TODAY, 1520)
    close(session, row)
    closing.reopen(session, cycle_of(session, row))

    assert row.score is None
    assert put(session, row.id, TODAY, 1530).value == 1530
    with pytest.raises(Conflict, match="open already"):
        closing.reopen(session, cycle_of(session, row))


def test_a_value_from_after_the_last_day_counts_nowhere(session: Session, row: KeyResult):
    put(session, row.id, date(2026, 11, 20), 1520)
    put(session, row.id, TODAY, 1800)
    changes = CycleChanges(ends=date(2026, 11, 20))
    cycle = outcomes.change_cycle(session, cycle_of(session, row), changes)

    (one,) = closing.ended(session, cycle)
    view = views.several(session, (row,), today=TODAY)[0]

    assert (one.current, one.suggested) == (1520, 0.5)
    assert (view.current, view.progress) == (1520, 0.5)
    assert [
        (one.value.value, one.counts, one.remark)
        for one in series.listed(series.stored_of(session, (row,))[row.id])
    ] == [
        (1520, True, ""),
        (1800, False, "After the cycle’s last day"),
    ]
    with pytest.raises(Invalid, match="counts nowhere"):
        put(session, row.id, date(2026, 11, 21), 1530)


@pytest.mark.parametrize(
    ("score", "colour"),
    [(1, "green"), (0.7, "green"), (0.69, "yellow"), (0.4, "yellow"), (0.39, "red"), (0, "red")],
)
def test_a_score_is_green_from_seven_tenths_yellow_from_four(score: float, colour: str):
    assert grade(score) is Grade(colour)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_better_score_has_no_worse_colour(one: float, other: float):
    order = [Grade.RED, Grade.YELLOW, Grade.GREEN]

    assert (one <= other) <= (order.index(grade(one)) <= order.index(grade(other)))

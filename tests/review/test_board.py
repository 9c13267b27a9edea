"""The board and the pace of learning."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.experiments import feature_outline, feature_store
from app.experiments.models import Slice, Status
from app.okr import store as okr
from app.review import board, throughput
from app.review.board import Board
from app.review.models import Choice, Decision
from tests.analysis.scenes import CLOSED, given_experiment
from tests.okr.scenes import given_key_result, given_objective
from tests.review.scenes import decided, given_slice, measured

OSLO = ZoneInfo("Europe/Oslo")


def seen(session: Session) -> Board:
    session.flush()
    return board.board_of(session, zone=OSLO, now=CLOSED)


def another(session: Session, beside: Slice, title: str, **more: object) -> Slice:
    fields = {"feature_id": beside.feature_id, "created_at": CLOSED, "title": title} | more
    piece = Slice.model_validate(fields)
    session.add(piece)
    session.flush()
    return piece


def test_a_slice_goes_from_idea_over_testing_to_decided(session: Session):
    piece = given_slice(session)
    idea = seen(session)
    piece.status = "testing"
    experiment = measured(session, slice_id=piece.id)
    testing = seen(session)
    decided(session, experiment)
    done = seen(session)

    assert [one.title for one in idea.idea] == ["Waste in euros"]
    assert (idea.idea[0].experiment, idea.idea[0].call) == (None, None)
    assert [(one.experiment_id, one.call) for one in testing.testing] == [
        (experiment.id, "validated")
    ]
    assert [(one.decision, one.call) for one in done.decided] == [("build", "validated")]
    assert (done.idea, done.testing, done.more) == ((), (), 0)


def test_doubts_that_have_a_name_stand_first_and_then_the_order(session: Session):
    first = given_slice(session, title="Comfort")
    another(session, first, "Price", riskiest="viability", position=2)
    another(session, first, "Waste", riskiest="desirability", position=1)

    assert [one.title for one in seen(session).idea] == ["Waste", "Price", "Comfort"]


def test_a_card_names_the_key_result_it_should_move(session: Session):
    row = given_key_result(session, given_objective(session))
    piece = given_slice(session)
    feature = feature_store.feature_of(session, piece.feature_id)
    feature.key_result_id = row.id
    (card,) = seen(session).idea

    assert card.key_result == okr.key_result_of(session, row.id).title
    assert card.feature == "Waste insights"


def test_a_draft_has_no_call_and_a_cancelled_one_is_not_there(session: Session):
    piece = given_slice(session)
    given_experiment(session, slice_id=piece.id, status=Status.CANCELLED)
    nobody = seen(session).idea[0].experiment_id
    draft = given_experiment(session, slice_id=piece.id, status=Status.DRAFT)
    (card,) = seen(session).idea

    assert nobody is None
    assert (card.experiment_id, card.status, card.call) == (draft.id, "draft", None)


def test_the_decided_column_shows_the_latest(session: Session):
    first = given_slice(session)
    for number in range(33):
        piece = another(session, first, f"Slice {number}", status="decided")
        run = given_experiment(session, slice_id=piece.id, status=Status.DECIDED)
        given_decision(session, run.id, days=number)
    column = seen(session)

    assert len(column.decided) == 30
    assert column.decided[0].title == "Slice 0"
    assert column.more == 3


def given_decision(
    session: Session, experiment_id: str, *, days: int, choice: str = "stop"
) -> None:
    session.add(
        Decision(
            experiment_id=experiment_id,
            snapshot_id=f"{experiment_id}-{days}",
            call="refuted",
            sentence="",
            decision=Choice(choice),
            learning="",
            decided_by="Ann",
            at=CLOSED - timedelta(days=days),
        )
    )
    session.flush()


def test_moving_a_slice_swaps_it_with_its_neighbour_and_stops_at_the_ends(session: Session):
    a = given_slice(session, title="a")
    b, c = another(session, a, "b", position=1), another(session, a, "c", position=2)
    orders = []
    for row, places in ((c, -1), (c, -1), (c, -1), (b, 1), (a, 5)):
        feature_outline.move_slice(session, row, places=places)
        session.flush()
        found = feature_store.slices_of(session, a.feature_id)
        orders.append("".join(one.title for one in found))

    assert orders == ["acb", "cab", "cab", "cab", "cba"]


def test_slices_decided_are_counted_week_by_week_where_the_organisation_is(session: Session):
    for days, choice in ((0, "build"), (4, "stop"), (5, "iterate"), (11, "stop"), (90, "stop")):
        given_decision(session, given_experiment(session).id, days=days, choice=choice)
    weeks = throughput.weekly_throughput(session, weeks=3, zone=OSLO, now=CLOSED)

    assert [(one.week, one.build, one.iterate, one.stop) for one in weeks] == [
        ("2026-W46", 0, 0, 0),
        ("2026-W47", 0, 1, 1),
        ("2026-W48", 1, 0, 1),
    ]
    assert [one.total for one in weeks] == [0, 2, 2]

"""What a result does to a key result: once, with its origin, and never twice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from app.analysis import readout as readouts
from app.analysis.readout_types import ArmCounts, Readout
from app.experiments.models import Enrolment, Experiment, Status
from app.okr import closing, ledger, links, outcomes, series, store
from app.okr.models import CheckIn, KeyResult
from app.okr.schemas import CloseDraft, KeyResultChanges
from app.platform.db import Database
from app.platform.errors import Conflict
from app.platform.events import Event
from app.review import decisions, result_effects
from app.review import linked as linked_results
from app.review.schemas import DecisionDraft
from tests.analysis.scenes import CLOSED, TUESDAY, WINDOW, click, given_experiment, mail
from tests.duties import write_due
from tests.okr.scenes import NOW, course, given_key_result, given_objective
from tests.review.scenes import decided

LATER = CLOSED + timedelta(days=7)


@dataclass(frozen=True)
class Comparison:
    """As the contract writes one."""

    arm: str = "insight"
    baseline: str = "holdout"
    difference: float = 0.03
    low: float = -0.005
    high: float = 0.065
    relative: float | None = None
    p_value: float | None = None
    chance_to_beat: float | None = None
    expected_loss: float | None = None
    state: str = "inconclusive"
    method: str = "score"
    confidence: float = 0.95


@pytest.fixture
def orders(session: Session) -> KeyResult:
    objective = given_objective(session)
    return given_key_result(session, objective, title="Weekly orders", source="experiment")


@pytest.fixture
def acting(session: Session) -> KeyResult:
    return given_key_result(
        session,
        given_objective(session),
        title="Bakeries acting on an insight",
        unit="percent",
        start=0,
        target=15,
        source="experiment",
    )


def linked(row: KeyResult, mode: str, **more: Any) -> dict[str, Any]:
    return {"key_results": [{"key_result_id": row.id, "mode": mode}]} | more


def measured(
    session: Session, row: KeyResult, mode: str, *, clickers: int = 72, first: int = 1, **more: Any
) -> Experiment:
    design = linked(row, mode, **more.pop("design", {}))
    experiment = given_experiment(session, design=design, **more)
    mail(session, experiment, 600, first=first)
    click(session, clickers, first=first)
    return experiment


def why_not(session: Session, experiment_id: str, key_result_id: str) -> str:
    return result_effects.reasons_why_not(session, key_result_id).get(experiment_id, "")


def is_due(session: Session, experiment: Experiment, row: KeyResult) -> bool:
    stored = series.stored_of(session, (row,))[row.id]
    (one,) = linked_results.linked_experiments(session, row, stored, now=CLOSED)
    assert one.experiment is experiment
    return one.is_due


def compared(session: Session, experiment: Experiment, *found: Comparison) -> Readout:
    return replace(readouts.readout_of(session, experiment, now=CLOSED), comparisons=found)  # type: ignore[arg-type]  # the contract's shape


def post(session: Session, experiment: Experiment, *found: Comparison) -> result_effects.Moved:
    readout = compared(session, experiment, *(found or (Comparison(),)))
    (moved,) = result_effects.post(session, experiment, readout, by="Ann", zone=UTC, now=CLOSED)
    return moved


def values(session: Session, row: KeyResult) -> list[float]:
    return [one.value for one in course(session, row.id)]


def enrol(session: Session, experiment: Experiment, *, first: int, people: range) -> None:
    session.add_all(
        Enrolment(id=first + place, experiment_id=experiment.id, arm="insight", person_id=f"p{one}")
        for place, one in enumerate(people)
    )
    session.flush()


def test_a_contribution_is_the_difference_times_the_people_released(
    session: Session, orders: KeyResult
):
    experiment = measured(session, orders, "contribution")

    moved = post(session, experiment)

    (line,) = ledger.lines(session, orders.id)
    assert moved.amount == pytest.approx(18)
    assert moved.warning is None
    assert (line.row.amount, line.row.low, line.row.high) == pytest.approx((18, -3, 39))
    assert (line.row.people, line.row.event) == (600, "click_rate")
    assert values(session, orders) == [pytest.approx(1258)]


def test_a_loss_is_posted_like_a_gain(session: Session, orders: KeyResult):
    post(
        session, measured(session, orders, "contribution"), Comparison(difference=-0.02, low=-0.06)
    )

    assert values(session, orders) == [pytest.approx(1228)]


def test_several_arms_beside_one_baseline_are_added(session: Session, orders: KeyResult):
    experiment = measured(session, orders, "contribution")
    readout = compared(session, experiment, Comparison(), Comparison(arm="other", difference=0.01))
    other = replace(readout.arms[0], key="other", released=400)
    readout = replace(readout, arms=(*readout.arms, other))
    result_effects.post(session, experiment, readout, by="Ann", zone=UTC, now=CLOSED)

    (line,) = ledger.lines(session, orders.id)

    assert line.row.amount == pytest.approx(18 + 4)
    assert line.row.people == 1000


def test_deciding_posts_in_the_same_transaction(
    session: Session, orders: KeyResult, monkeypatch: pytest.MonkeyPatch
):
    experiment = measured(session, orders, "contribution")
    found = compared(session, experiment, Comparison())
    monkeypatch.setattr("app.review.decisions.readouts.readout_of", lambda *_, **__: found)
    decided(session, experiment)

    assert values(session, orders) == [pytest.approx(1258)]


def test_without_a_group_that_got_nothing_nothing_is_added_and_it_is_told(
    session: Session, orders: KeyResult
):
    experiment = measured(session, orders, "contribution")
    decided(session, experiment)

    event = session.exec(select(Event).where(Event.kind == "key_result.not_moved")).one()

    assert ledger.lines(session, orders.id) == ()
    assert "nothing is added" in event.facts["reason"]
    assert why_not(session, experiment.id, orders.id) == event.facts["reason"]
    assert why_not(session, "another", orders.id) == ""


def test_what_is_decided_before_its_windows_close_is_added_when_they_close(
    session: Session, orders: KeyResult, monkeypatch: pytest.MonkeyPatch
):
    experiment = measured(session, orders, "contribution")
    found = compared(session, experiment, Comparison())
    monkeypatch.setattr("app.review.result_effects.readouts.readout_of", lambda *_, **__: found)
    draft = DecisionDraft.model_validate({"decision": "stop", "learning": "x"})
    decisions.decide(session, experiment, draft, by="Ann", now=TUESDAY + timedelta(hours=2))

    assert values(session, orders) == []
    assert why_not(session, experiment.id, orders.id) == ""
    assert is_due(session, experiment, orders)

    assert write_due(session, UTC, CLOSED) == 1
    (line,) = ledger.lines(session, orders.id)
    assert (line.row.date, line.row.posted_by) == (CLOSED.date(), "Ann")
    assert values(session, orders) == [pytest.approx(1258)]
    assert not is_due(session, experiment, orders)
    assert write_due(session, UTC, LATER) == 0


def test_a_cycle_that_closed_meanwhile_takes_nothing_and_the_page_says_so(
    session: Session, orders: KeyResult, monkeypatch: pytest.MonkeyPatch
):
    experiment = measured(session, orders, "contribution")
    found = compared(session, experiment, Comparison())
    monkeypatch.setattr("app.review.result_effects.readouts.readout_of", lambda *_, **__: found)
    draft = DecisionDraft.model_validate({"decision": "stop", "learning": "x"})
    decisions.decide(session, experiment, draft, by="Ann", now=TUESDAY + timedelta(hours=2))
    cycle = store.cycle_of_key_result(session, orders)
    closing.close(session, cycle, CloseDraft(), by="Ann", now=CLOSED)
    write_due(session, UTC, CLOSED)

    assert "closed and scored" in why_not(session, experiment.id, orders.id)
    assert (values(session, orders), orders.score) == ([], 0)


def test_a_run_that_ends_after_the_cycle_is_in_none_of_its_numbers(
    session: Session, acting: KeyResult
):
    cycle = store.cycle_of_key_result(session, acting)
    cycle.ends = CLOSED.date() - timedelta(days=1)
    experiment = measured(session, acting, "direct")
    write_due(session, UTC, CLOSED)

    assert "ended on 26 November 2026" in why_not(session, experiment.id, acting.id)
    assert values(session, acting) == []


def test_undoing_is_told_with_what_stands_again(session: Session, orders: KeyResult):
    experiment = measured(session, orders, "contribution")
    post(session, experiment)
    links.undo(session, orders.id, experiment.id, by="Ann", now=CLOSED)

    told = session.exec(
        select(Event).where(Event.kind == "key_result.valued").order_by(Event.id)
    ).all()
    assert [(one.facts["value"], one.facts.get("comment")) for one in told] == [
        (pytest.approx(1258), None),
        (1240, "Taken back"),
    ]


def test_deciding_twice_adds_once(session: Session, orders: KeyResult):
    experiment = measured(session, orders, "contribution")
    post(session, experiment)
    again = post(session, experiment)

    assert "once is enough" in str(again.warning)
    assert values(session, orders) == [pytest.approx(1258)]


def test_what_was_undone_is_not_added_by_deciding_again(session: Session, orders: KeyResult):
    experiment = measured(session, orders, "contribution")
    post(session, experiment)
    links.undo(session, orders.id, experiment.id, by="Ann", now=CLOSED)
    again = post(session, experiment)

    assert "taken back" in str(again.warning)
    assert values(session, orders) == []


def test_of_two_experiments_the_people_of_both_are_added_once_with_the_larger(
    session: Session, orders: KeyResult
):
    first = measured(session, orders, "contribution")
    second = measured(session, orders, "contribution", first=1001)
    enrol(session, first, first=1, people=range(600))
    enrol(session, second, first=1001, people=range(599, 1199))
    post(session, first)

    moved = post(session, second, Comparison(difference=0.05))

    assert moved.warning is not None
    assert moved.warning.startswith("1 person was counted in another contribution")
    assert values(session, orders) == [pytest.approx(1240 + 30 + 18 * 599 / 600)]


def test_windows_that_never_touch_do_not_overlap(session: Session, orders: KeyResult):
    first = measured(session, orders, "contribution")
    second = given_experiment(session, design=linked(orders, "contribution"))
    mail(session, second, 600, at=TUESDAY + WINDOW, first=1001)  # the moment the first has closed
    enrol(session, first, first=1, people=range(600))
    enrol(session, second, first=1001, people=range(600))
    post(session, first)

    assert post(session, second).warning is None
    assert values(session, orders) == [pytest.approx(1240 + 36)]


def test_who_got_nothing_in_one_of_the_two_is_in_no_sum_twice(session: Session, orders: KeyResult):
    first = measured(session, orders, "contribution")
    second = measured(session, orders, "contribution", first=1001)
    enrol(session, first, first=1, people=range(600))
    held_out = [
        Enrolment(id=1001 + one, experiment_id=second.id, arm="holdout", person_id=f"p{one}")
        for one in range(600)
    ]
    session.add_all(held_out)
    session.flush()
    post(session, first)

    assert post(session, second).warning is None


def test_two_that_are_decided_at_the_same_moment_see_each_other(database: Database):
    with database.write() as session:
        objective = given_objective(session)
        orders = given_key_result(session, objective, title="Orders", source="experiment")
        both = [measured(session, orders, "contribution", first=first) for first in (1, 1001, 2001)]
        for first, experiment in zip((1, 1001, 2001), both, strict=True):
            enrol(session, experiment, first=first, people=range(600))
        readouts_of_both = [compared(session, one, Comparison()) for one in both]

    def decide(place: int) -> None:
        with database.write() as session:
            result_effects.post(
                session, both[place], readouts_of_both[place], by="Ann", zone=UTC, now=CLOSED
            )

    with ThreadPoolExecutor(3) as several:
        list(several.map(decide, range(3)))

    with database.read() as session:
        assert len(ledger.lines(session, orders.id)) == 3
        assert values(session, orders) == [pytest.approx(1240 + 18)]


def test_two_experiments_on_other_people_are_added(session: Session, orders: KeyResult):
    first = measured(session, orders, "contribution")
    second = measured(session, orders, "contribution", first=1001)
    enrol(session, first, first=1, people=range(600))
    enrol(session, second, first=1001, people=range(600, 1200))
    post(session, first)

    assert post(session, second).warning is None
    assert values(session, orders) == [pytest.approx(1240 + 36)]


@pytest.mark.parametrize(
    "read",
    [
        {"source": "http", "http": {"url": "https://numbers.example/"}},
        {"source": "sql", "sql": {"connection": "shop", "query": "SELECT 1"}},
        {"source": "manual"},
    ],
)
def test_a_number_that_is_measured_elsewhere_by_now_takes_nothing_and_stops_no_decision(
    session: Session, orders: KeyResult, read: dict[str, Any]
):
    experiment = measured(session, orders, "contribution")
    changes = KeyResultChanges.model_validate(read)
    outcomes.change_key_result(session, orders, changes, now=NOW)

    moved = post(session, experiment)

    assert "count twice" in str(moved.warning)
    assert values(session, orders) == []


def test_a_run_writes_its_share_in_percent_when_its_windows_have_closed(
    session: Session, acting: KeyResult
):
    experiment = measured(session, acting, "direct")
    assert write_due(session, UTC, TUESDAY + timedelta(hours=2)) == 0
    assert write_due(session, UTC, CLOSED) == 1
    assert write_due(session, UTC, LATER) == 0

    (value,) = course(session, acting.id)

    assert value.date == CLOSED.date()
    assert value.value == pytest.approx(12)
    assert (value.experiment_id, value.observed) == (experiment.id, 600)
    assert value.low is not None
    assert value.high is not None
    assert value.low < 12 < value.high


def test_a_week_in_which_nobody_matures_writes_nothing(session: Session, acting: KeyResult):
    experiment = given_experiment(session, design=linked(acting, "direct"))

    assert write_due(session, UTC, CLOSED) == 0
    assert result_effects.write_run(session, experiment, zone=UTC, now=CLOSED) == ()
    assert values(session, acting) == []


def test_every_run_of_a_series_writes_one_value(session: Session, acting: KeyResult):
    first = measured(session, acting, "direct")
    write_due(session, UTC, CLOSED)
    second = measured(session, acting, "direct", clickers=60, first=1001, previous_id=first.id)
    write_due(session, UTC, LATER)

    assert values(session, acting) == [pytest.approx(12), pytest.approx(10)]
    assert [one.experiment_id for one in course(session, acting.id)] == [first.id, second.id]


def test_a_run_that_was_taken_back_is_told_and_not_written(session: Session, acting: KeyResult):
    experiment = measured(session, acting, "direct")
    result_effects.write_run(session, experiment, zone=UTC, now=CLOSED)
    links.undo(session, acting.id, experiment.id, by="Ann", now=CLOSED)
    (moved,) = result_effects.write_run(session, experiment, zone=UTC, now=CLOSED)

    assert "taken back" in str(moved.warning)
    assert values(session, acting) == []


def test_an_experiment_as_evidence_touches_no_value(session: Session, acting: KeyResult):
    experiment = measured(session, acting, "evidence")
    write_due(session, UTC, CLOSED)
    decided(session, experiment)

    assert values(session, acting) == []


def test_what_was_realised_stands_beside_what_was_projected(session: Session):
    row = given_key_result(session, given_objective(session))
    experiment = measured(session, row, "evidence")
    days = (date(2026, 11, 23), 1300), (date(2026, 11, 27), 1345)
    for day, value in days:
        session.add(CheckIn(key_result_id=row.id, date=day, value=value, recorded_at=NOW))
    session.flush()

    (link,) = readouts.readout_of(session, experiment, now=CLOSED).key_results

    assert link.realised is not None
    assert (link.realised.movement, link.projected) == (45, None)


def test_a_posted_amount_is_what_was_realised(session: Session, orders: KeyResult):
    experiment = measured(session, orders, "contribution")
    post(session, experiment)

    (link,) = readouts.readout_of(session, experiment, now=CLOSED).key_results

    assert link.realised is not None
    assert [link.realised.movement, link.realised.low] == pytest.approx([18, -3])


def test_no_released_people_means_no_increment(session: Session, orders: KeyResult):
    experiment = given_experiment(session, design=linked(orders, "contribution"))
    readout = compared(session, experiment, Comparison())
    nobody: tuple[ArmCounts, ...] = tuple(replace(arm, released=0) for arm in readout.arms)

    (moved,) = result_effects.post(
        session, experiment, replace(readout, arms=nobody), by="Ann", zone=UTC, now=CLOSED
    )

    assert (moved.amount, ledger.lines(session, orders.id)) == (None, ())


def test_a_second_decision_on_the_page_is_still_refused(session: Session, orders: KeyResult):
    experiment = measured(session, orders, "contribution", status=Status.DECIDED)
    draft = DecisionDraft.model_validate({"decision": "stop", "learning": "x"})

    with pytest.raises(Conflict):
        decisions.decide(session, experiment, draft, by="Ann", now=CLOSED)

"""Comparisons by looks, through the real counters: who is asked how much, when, and what stays."""

from typing import Any

import pytest
from sqlmodel import Session

from app.analysis import look_worker, planned_looks, snapshots
from app.analysis import readout as readouts
from app.analysis.readout_types import Comparison, State
from app.experiments.models import Experiment, Status
from app.platform.clock import iso
from app.stats.conditional import limits
from app.stats.score import Pair
from app.stats.sequential import planned_boundaries
from tests.analysis.scenes import CLOSED, HOUR, MINUTE, TUESDAY, WINDOW, given_experiment, mail
from tests.analysis.test_comparisons import NOON, clicks, did, given_comparison, read
from tests.duties import looks_due

CONVERSIONS = {"kind": "conversion_rate", "event": "bought", "window_hours": 72}


def given_holdout(session: Session, people: dict[str, int], **changes: Any) -> Experiment:
    rule = {"baseline": "holdout", "method": "anytime", "mde": 0.02}
    return given_comparison(session, people, rule=rule, metric=CONVERSIONS, **changes)


def look(session: Session, experiment: Experiment, hours: float = 0.0) -> planned_looks.Held | None:
    """What the worker does so long after everybody's window has closed."""
    now = CLOSED + hours * HOUR
    return look_worker.hold(session, experiment, now=now) if looks_due(session, now) else None


def row_of(session: Session, experiment: Experiment) -> Comparison:
    (row,) = read(session, experiment).comparisons
    return row


def test_twenty_against_nobody_of_a_small_holdout_is_luck(session: Session):
    experiment = given_holdout(session, {"insight": 900, "holdout": 100})
    did(session, range(1, 21), converted=1, did_at=NOON)
    look(session, experiment)
    row = row_of(session, experiment)

    assert row.state is State.INCONCLUSIVE
    assert row.low is not None
    assert row.low < 0
    assert row.p_value is not None
    assert row.p_value > 0.2
    assert row.relative is None


def test_a_look_is_taken_at_each_thirtieth_and_a_page_takes_none(session: Session):
    experiment = given_comparison(
        session, {"plain": 600, "loss": 600}, rule={"method": "anytime"}, status=Status.RUNNING
    )
    experiment.enrolled = 1_200
    experiment.status = Status.RUNNING
    taken = []
    for quarter in range(1, 5):  # another 1,200 people are planned than have been mailed so far
        experiment.enrolled, now = 4_800 // quarter, TUESDAY + WINDOW + quarter * 30 * MINUTE
        readouts.readout_of(session, experiment, now=now)
        held = look_worker.hold(session, experiment, now=now)
        taken.append(held.number if held else None)

    assert taken[:2] == [7, 15]
    kept = planned_looks.held_of(session, [experiment.id])[experiment.id]
    assert len(kept) == sum(one is not None for one in taken)


def test_several_that_are_due_at_once_are_one_look(session: Session):
    experiment = given_comparison(session, {"plain": 450, "loss": 450}, rule={"method": "anytime"})
    mail(session, experiment, 300, first=2_001, arm="loss", at=TUESDAY + 200 * HOUR)
    mail(session, experiment, 300, first=3_001, arm="plain", at=TUESDAY + 200 * HOUR)
    experiment.enrolled, experiment.plan = 1_500, {"arms": {"plain": 750, "loss": 750}}
    first = look(session, experiment)
    again = look(session, experiment, hours=1)
    last = look(session, experiment, hours=300)

    assert first is not None
    assert (first.number, first.last) == (18, False)
    assert again is None
    assert last is not None
    assert (last.number, last.last, last.whole) == (30, True, True)
    assert look(session, experiment, hours=301) is None


def test_the_call_is_made_from_the_stored_count(session: Session):
    experiment = given_comparison(session, {"plain": 500, "loss": 500}, rule={"method": "anytime"})
    (limit,) = limits([Pair(60, 500, 40, 500)], [1.0], alpha=0.05)
    needed = limit.above
    assert needed is not None
    clicks(session, 1, 100 - needed)
    clicks(session, 501, needed)
    held = look(session, experiment)
    row = row_of(session, experiment)

    assert held is not None
    assert held.asked["loss"].above == needed
    assert (row.state, (row.low or 0) > 0, (row.p_value or 1) <= 0.05) == (
        State.VALIDATED,
        True,
        True,
    )
    assert row.relative_low is not None
    assert row.relative_low > 0


def test_one_hit_less_than_was_asked_is_not_enough(session: Session):
    experiment = given_comparison(session, {"plain": 500, "loss": 500}, rule={"method": "anytime"})
    (limit,) = limits([Pair(60, 500, 40, 500)], [1.0], alpha=0.05)
    assert limit.above is not None
    clicks(session, 1, 100 - limit.above + 1)
    clicks(session, 501, limit.above - 1)
    look(session, experiment)
    row = row_of(session, experiment)

    assert row.state is State.INCONCLUSIVE
    assert (row.low or 0) < 0
    assert (row.p_value or 0) > 0.05


def test_a_loss_is_seen_as_a_gain_is(session: Session):
    experiment = given_comparison(session, {"plain": 500, "loss": 500}, rule={"method": "anytime"})
    clicks(session, 1, 80)
    clicks(session, 501, 40)
    look(session, experiment)
    row = row_of(session, experiment)

    assert row.state is State.REFUTED
    assert row.high is not None
    assert row.high < 0
    assert (row.p_value or 1) < 0.05


def given_half(session: Session, *, ahead: int) -> Experiment:
    """Half of the people matured; the other half will be mailed eight days later."""
    experiment = given_comparison(
        session, {"plain": 1_000, "loss": 1_000}, rule={"method": "anytime"}
    )
    experiment.enrolled, experiment.plan = 4_000, {"arms": {"plain": 2_000, "loss": 2_000}}
    experiment.status = Status.RUNNING
    clicks(session, 1, 60)
    clicks(session, 1_001, 60 + ahead)
    return experiment


def test_a_yes_stays_with_its_interval_whatever_comes_later(session: Session):
    experiment = given_half(session, ahead=60)
    look(session, experiment)
    yes = row_of(session, experiment)
    mail(session, experiment, 1_000, first=5_001, arm="plain", at=TUESDAY + 200 * HOUR)
    mail(session, experiment, 1_000, first=6_001, arm="loss", at=TUESDAY + 200 * HOUR)
    did(
        session,
        range(5_001, 5_301),
        clicked_at=TUESDAY + 201 * HOUR,
        did_at=TUESDAY + 201 * HOUR,
        clicks=1,
    )
    experiment.status = Status.MEASURING
    look(session, experiment, hours=300)
    later = readouts.readout_of(session, experiment, now=CLOSED + 300 * HOUR)

    assert yes.state is State.VALIDATED
    assert later.comparisons == (yes,)
    assert later.call.state is State.VALIDATED
    assert [one.number for one in later.looks] == [15, 30]


def test_after_a_cancel_what_is_left_of_the_error_is_not_spent(session: Session):
    told = []
    for status in (Status.CANCELLED, Status.MEASURING):
        with session.begin_nested() as nested:
            experiment = given_half(session, ahead=29)
            experiment.status = status
            held = look(session, experiment)
            assert held is not None
            told.append((held.last, held.whole, row_of(session, experiment).state))
            nested.rollback()

    assert told == [(True, False, State.INCONCLUSIVE), (True, True, State.VALIDATED)]


def test_hits_found_after_a_look_count_at_the_next(session: Session):
    experiment = given_half(session, ahead=20)
    look(session, experiment)
    clicks(session, 1_201, 60)  # of people whose look is over
    between = row_of(session, experiment)
    experiment.status = Status.MEASURING
    experiment.plan = {"arms": {"plain": 1_000, "loss": 1_000}}
    experiment.enrolled = 2_000
    last = look(session, experiment, hours=1)

    assert between.state is State.WAITING
    assert last is not None
    assert last.last
    assert row_of(session, experiment).difference == pytest.approx(0.08)


def test_three_versions_share_the_error_and_nothing_contradicts(session: Session):
    experiment = given_comparison(
        session, {"plain": 800, "loss": 800, "gain": 800}, rule={"method": "anytime"}
    )
    for first, count in ((1, 64), (801, 95), (1_601, 90)):
        clicks(session, first, count)
    look(session, experiment)
    readout = read(session, experiment)

    for row in readout.comparisons:
        assert row.confidence == pytest.approx(0.975)
        assert row.p_value is not None
        assert row.low is not None
        assert row.adjusted_p is not None
        assert row.adjusted_p == pytest.approx(min(1, 2 * row.p_value))
        assert (row.p_value <= 0.025) == (row.adjusted_p <= 0.05) == (row.low > 0)
        assert (row.state is State.VALIDATED) == (row.low > 0)


def test_with_one_look_and_three_versions_nothing_contradicts_either(session: Session):
    experiment = given_comparison(session, {"plain": 800, "loss": 800, "gain": 800})
    for first, count in ((1, 64), (801, 95), (1_601, 92)):
        clicks(session, first, count)

    for row in read(session, experiment).comparisons:
        assert row.adjusted_p is not None
        assert row.low is not None
        assert (row.adjusted_p < 0.05) == (row.low > 0) == (row.state is State.VALIDATED)


def test_where_all_did_it_in_both_there_is_a_difference_of_nothing(session: Session):
    experiment = given_comparison(session, {"plain": 60, "loss": 60}, rule={"method": "anytime"})
    clicks(session, 1, 120)
    look(session, experiment)
    row = row_of(session, experiment)

    assert (row.difference, row.relative, row.reason) == (0, 0, None)
    assert row.low is not None
    assert row.high is not None
    assert row.low < 0 < row.high
    assert (row.relative_low, row.relative_high) == (None, None)


def test_a_final_call_waits_for_the_last_look(session: Session):
    experiment = given_holdout(session, {"insight": 900, "holdout": 100})
    before = snapshots.freeze_due(session, CLOSED)
    look(session, experiment)

    assert before == 0
    assert snapshots.freeze_due(session, CLOSED) == 1


def test_an_arm_without_anybody_yet_is_never_a_number(session: Session):
    experiment = given_comparison(session, {"plain": 50, "loss": 50}, rule={"method": "anytime"})
    experiment.design = experiment.design | {
        "arms": [*experiment.design["arms"], {"key": "late", "weight": 1}]
    }
    look(session, experiment)
    rows = {row.arm: row for row in read(session, experiment).comparisons}

    assert (rows["late"].difference, rows["late"].p_value) == (None, None)
    assert rows["late"].state is State.INCONCLUSIVE
    assert rows["loss"].p_value is not None


def given_one_arm(session: Session, sizes: list[int], threshold: float) -> Experiment:
    """One arm in as many looks; boundaries as planned."""
    rule = {"kind": "threshold", "threshold": threshold, "confidence": 0.95,
            "method": "sequential", "looks": len(sizes)}  # fmt: skip
    people = [sum(sizes[: place + 1]) for place in range(len(sizes))]
    table = planned_boundaries(people, threshold, confidence=0.95)
    plan = [
        {
            "number": place + 1,
            "due_at": iso(TUESDAY + 96 * place * HOUR + WINDOW + HOUR),
            "people": people[place],
            "pass_count": table[place],
        }
        for place in range(len(sizes))
    ]
    return given_experiment(
        session,
        enrolled=people[-1],
        status=Status.RUNNING,
        plan={"arms": {"insight": people[-1]}, "looks": plan},
        design={"rule": rule, "guardrails": []},
    )


@pytest.mark.parametrize(
    ("sizes", "threshold", "hits"),
    [
        ([400, 400, 400], 0.02, [11, 22, 33]),
        ([1500, 1500], 0.05, [86, 171]),
        ([1500, 1500], 0.05, [86, 172]),
        ([400, 400, 400], 0.02, [11, 22, 32]),
    ],
)
def test_the_call_of_one_arm_is_that_of_its_stored_counts(
    session: Session, sizes: list[int], threshold: float, hits: list[int]
):
    experiment = given_one_arm(session, sizes, threshold)
    assert experiment.plan is not None
    first, before = 1, 0
    for place, size in enumerate(sizes):
        start = TUESDAY + 4 * 24 * place * HOUR
        mail(session, experiment, size, first=first, at=start)
        did(session, range(first, first + hits[place] - before), did_at=start + HOUR, clicks=1)
        first, before = first + size, hits[place]
        if place == len(sizes) - 1:
            experiment.status = Status.MEASURING
        look_worker.hold(session, experiment, now=start + WINDOW + 24 * HOUR)
    held = planned_looks.held_of(session, [experiment.id])[experiment.id]
    readout = readouts.readout_of(session, experiment, now=TUESDAY + 400 * HOUR)
    (seen,) = readout.estimates
    needed = held[-1].needed("insight")
    assert needed is not None

    assert len(held) == len(sizes)
    assert (readout.call.state is State.VALIDATED) == (hits[-1] >= needed)
    assert (seen.low > threshold) == (hits[-1] >= needed)
    assert f"{needed:,} were needed" in readout.call.because[-1]

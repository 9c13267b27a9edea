"""What came on top, and what it would move: from readouts laid out by hand."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from app.analysis import evidence, movements, readout
from app.analysis.evidence import Increment, increment_of
from app.analysis.locked_rule import Rule
from app.analysis.readout_types import (
    ArmCounts,
    Call,
    Comparison,
    Estimate,
    Health,
    Movement,
    Readout,
    SampleRatio,
    State,
)
from tests.analysis.scenes import CLOSED, TUESDAY, click, given_experiment, mail

ASSUMED = {"key_result_id": "k", "mode": "evidence", "reach": 12_000, "carry": 0.25, "per_hit": 1}


def against_nothing(
    arm: str, difference: float | None, low: float | None, high: float | None
) -> Comparison:
    return Comparison(
        arm=arm, baseline="holdout", difference=difference, low=low, high=high, relative=None,
        p_value=None, chance_to_beat=None, expected_loss=None, state=State.WAITING, method="",
        confidence=0.95,
    )  # fmt: skip


def an_arm(key: str, released: int) -> ArmCounts:
    return ArmCounts(
        key=key, enrolled=released, released=released, matured=released, sent=released,
        delivered=released, failed=0, bounced=0, uncertain=0, human_openers=0, machine_openers=0,
        human_clickers=0, unknown_clickers=0, machine_clickers=0, clicks=0, converted=0, value=0.0,
        unsubscribed=0, complained=0, untracked=0, live=0,
    )  # fmt: skip


def a_readout(arms: dict[str, int], *comparisons: Comparison) -> Readout:
    return Readout(
        experiment_id="e", status="measuring", as_of=CLOSED, rule_version="1",
        arms=tuple(an_arm(key, released) for key, released in arms.items()), estimates=(),
        comparisons=comparisons,
        health=Health(SampleRatio(None, ok=True), 0.0, ()), guardrails=(),
        call=Call(State.WAITING, provisional=False, sentence="", because=(), pass_count=None,
                  answer_by=None),
        key_results=(), headline="", rule=Rule("comparison", 0.5, 0.95, "fixed", 168),
        range_with_unknown=None, why_not_yet=(), funnel=(), links=(), series=(),
    )  # fmt: skip


def an_estimate() -> Estimate:
    return Estimate(
        arm="insight", people=600, hits=72, rate=0.12, low=0.1, high=0.15, method="", label="",
        confidence=0.95, settled=72, people_open=0, rate_of_delivered=None,
    )  # fmt: skip


def test_an_increment_is_the_difference_times_the_people_who_got_it():
    found = increment_of(
        a_readout(
            {"insight": 1000, "holdout": 500}, against_nothing("insight", 0.031, 0.004, 0.058)
        )
    )

    assert found == Increment(amount=31, low=4, high=58, people=1000)


def test_value_per_person_is_added_up_in_its_own_unit():
    found = increment_of(a_readout({"a": 200}, against_nothing("a", 1.5, -0.25, 3.25)))

    assert found == Increment(amount=300, low=-50, high=650, people=200)


@pytest.mark.parametrize(
    "readout",
    [
        a_readout({"insight": 600}),
        a_readout({"insight": 0}, against_nothing("insight", 0.1, 0.0, 0.2)),
        a_readout({"insight": 600}, against_nothing("insight", None, None, None)),
        a_readout({"insight": 600}, against_nothing("insight", 0.1, None, None)),
        a_readout({"insight": 600}, against_nothing("gone", 0.1, 0.0, 0.2)),
        a_readout(
            {"a": 600, "b": 0},
            against_nothing("a", 0.1, 0.0, 0.2),
            against_nothing("b", 0.1, 0.0, 0.2),
        ),
    ],
    ids=["alone", "nobody", "not computed", "no interval", "no such arm", "half of it"],
)
def test_without_a_whole_comparison_there_is_no_increment(readout: Readout):
    assert increment_of(readout) is None


@given(
    st.lists(
        st.tuples(st.floats(-1, 1), st.floats(0, 1), st.integers(1, 10_000)),
        min_size=1,
        max_size=4,
    )
)
def test_turning_the_arms_round_mirrors_the_increment(drawn: list[tuple[float, float, int]]):
    arms = {f"a{place}": people for place, (_, _, people) in enumerate(drawn)}
    there = [against_nothing(f"a{i}", d, d - w, d + w) for i, (d, w, _) in enumerate(drawn)]
    back = [against_nothing(f"a{i}", -d, -d - w, -d + w) for i, (d, w, _) in enumerate(drawn)]

    one, other = increment_of(a_readout(arms, *there)), increment_of(a_readout(arms, *back))

    assert one is not None
    assert other is not None
    assert one.amount == pytest.approx(-other.amount)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.low <= one.amount <= one.high


def test_one_arm_alone_projects_nothing_and_says_why():
    (row,) = evidence.evidence_of({"key_results": [ASSUMED]}, (an_estimate(),))

    assert (row.projected, row.realised) == (None, None)
    assert "without a group that gets nothing" in str(row.reason)
    assert "+360" in str(row.assumption)


def test_with_a_group_to_compare_with_the_difference_is_projected():
    found = against_nothing("insight", 0.03, 0.01, 0.05)
    (row,) = evidence.evidence_of({"key_results": [ASSUMED]}, (an_estimate(),), (found,))

    assert row.projected is not None
    assert (row.projected.movement, row.projected.low, row.projected.high) == pytest.approx(
        (90, 30, 150)
    )
    assert row.reason is None


def test_a_falling_number_keeps_its_ends_in_order():
    link = ASSUMED | {"per_hit": -2}
    found = against_nothing("insight", 0.03, 0.01, 0.05)
    (row,) = evidence.evidence_of({"key_results": [link]}, (), (found,))

    assert row.projected is not None
    assert row.projected.low <= row.projected.movement <= row.projected.high


@pytest.mark.parametrize("lacking", ["reach", "carry", "per_hit"])
def test_without_an_assumption_nothing_is_projected(lacking: str):
    link: dict[str, Any] = ASSUMED | {lacking: None}
    (row,) = evidence.evidence_of(
        {"key_results": [link]}, (), (against_nothing("insight", 0.03, 0.01, 0.05),)
    )

    assert (row.projected, row.assumption) == (None, None)
    assert "nobody said before the launch how many people would be reached" in str(row.reason)


def test_what_was_realised_is_handed_on():
    moved = Movement(40, 40, 40)
    (row,) = evidence.evidence_of({"key_results": [ASSUMED]}, (), (), {"k": moved})

    assert row.realised == moved


def test_before_a_launch_nothing_is_realised(session: Session):
    experiment = given_experiment(session, design={"key_results": [ASSUMED]})
    experiment.launched_at = None

    assert movements.realised(session, experiment, movements.linked(session, experiment)) == {}


def test_a_readout_of_our_own_has_no_increment_while_nothing_is_compared(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 600)
    click(session, 72)
    found = readout.readout_of(session, experiment, now=CLOSED)

    assert increment_of(replace(found, comparisons=())) is None
    assert found.as_of > TUESDAY

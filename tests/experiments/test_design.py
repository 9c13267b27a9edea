from datetime import timedelta

import pytest
from sqlmodel import Session

from app.delivery.outflow import Outflow
from app.experiments import design, planned
from app.experiments.enrolment import judge_of
from app.experiments.leaving import Pace
from app.experiments.models import Experiment
from app.platform.clock import iso
from tests.experiments.scenes import ARM, NOW, RENDERABLE, SETTINGS, draft, given_draft


def test_the_sentence_is_the_one_that_statistics_promises():
    plan = design.plan(draft(), people=600, start=NOW)

    assert plan.sentence == (
        "With 600 people, 60 (10.0 %) must click before we can say it is over 8 %."
        " If really 11 % click, 4 experiments in 5 get there."
    )
    assert (plan.pass_count, plan.pass_share) == (60, 0.1)


@pytest.mark.parametrize(
    ("people", "threshold", "needed"),
    [(300, 0.10, 40), (400, 0.05, 28), (1000, 0.02, 29), (1000, 0.01, 16), (300, 0.20, 73)],
)
def test_the_pass_counts_are_those_of_the_templates(people: int, threshold: float, needed: int):
    rule = {"kind": "threshold", "threshold": threshold}

    assert design.plan(draft(rule=rule), people=people, start=NOW).pass_count == needed


def test_the_answer_is_there_when_the_last_window_closes():
    plan = design.plan(draft(), people=600, start=NOW, pace=Pace(10))

    assert plan.answer_by == NOW + timedelta(hours=73, minutes=15)


def test_a_stop_date_ends_the_counting_earlier():
    stop_at = NOW + timedelta(hours=5)
    plan = design.plan(draft(stop_at=stop_at.isoformat()), people=600, start=NOW)

    assert plan.answer_by == stop_at + timedelta(minutes=15)  # its last clicks settle


def test_too_few_people_are_told_how_many_it_takes():
    plan = design.plan(draft(), people=1, start=NOW)

    assert (plan.pass_count, plan.detectable, plan.answer_by) == (None, None, None)
    assert "It takes 2 at least" in plan.sentence


def compared(**rule: object) -> design.Plan:
    """1,000 people in either of two versions, in two waves."""
    asked = {"kind": "comparison", "baseline": "insight", "mde": 0.02} | rule
    waves = [{"share": 0.5}, {"share": 0.5, "after_hours": 24}]
    chosen = draft(rule=asked, arms=[ARM, ARM | {"key": "loss"}], waves=waves)
    return design.plan(chosen, people=2000, start=NOW)


def test_a_rule_with_more_looks_asks_for_a_larger_difference():
    once = compared().detectable or 0
    twice = compared(method="sequential", looks=2).detectable or 0
    whenever = compared(method="anytime").detectable or 0

    # counted over all that may come, where 5 % is assumed; a curve has 0.0309
    assert once == pytest.approx(0.0308, abs=1e-4)
    assert once < twice < once * 1.02
    assert once < whenever < once * 1.04


def against_few(base_rate: float | None, *, mde: float = 0.02) -> design.Plan:
    """900 people in one version, 100 in the other, which it is compared with."""
    rule = {"kind": "comparison", "baseline": "insight", "mde": mde, "base_rate": base_rate}
    arms = [ARM, ARM | {"key": "loss", "weight": 9}]
    return design.plan(draft(rule=rule, arms=arms), people=1000, start=NOW)


def test_a_usual_rate_makes_the_plan():
    said, assumed = against_few(0.1), against_few(None)

    assert said.detectable == pytest.approx(0.106, abs=5e-4)
    assert assumed.detectable == pytest.approx(0.0852, abs=5e-4)
    assert (
        "if 10 % of the baseline click, 4 experiments in 5 find a difference of 10.6 points"
        in said.sentence
    )
    assert "if 5 % of the baseline click (assumed: say the usual rate)" in assumed.sentence


@pytest.mark.parametrize("mde", [0.02, 0.05])
def test_a_comparison_says_how_many_people_its_difference_takes(mde: float):
    needed = against_few(0.1, mde=mde).people_needed
    assert needed
    rule = {"kind": "comparison", "baseline": "insight", "mde": mde, "base_rate": 0.1}
    arms = [ARM, ARM | {"key": "loss", "weight": 9}]
    there = design.plan(draft(rule=rule, arms=arms), people=needed, start=NOW)

    assert there.detectable == pytest.approx(mde, rel=0.01)
    assert "takes about" not in design.plan(
        draft(rule=rule, arms=arms), people=2 * needed, start=NOW
    ).sentence  # fmt: skip


def test_the_people_it_takes_are_told_as_about_as_many():
    assert (
        "To find 2 points in 4 experiments of 5 takes about 22,000 people."
        in against_few(0.1).sentence
    )


def test_a_difference_that_no_rate_leaves_room_for_takes_nobody():
    plan = against_few(0.95, mde=0.1)

    assert plan.people_needed is None
    assert "it takes" not in plan.sentence


def plan_of(session: Session, experiment: Experiment) -> design.Plan:
    judge = judge_of(session, experiment, RENDERABLE, SETTINGS, now=NOW)
    return planned.plan_of(
        session, experiment, judge, paces=Outflow(SETTINGS), zone=SETTINGS.zone, now=NOW
    )


def test_a_draft_is_planned_for_who_would_be_mailed_now(session: Session):
    assert plan_of(session, given_draft(session, people=70, sample=60)).people == 60


def test_a_draft_without_an_audience_has_nobody(session: Session):
    experiment = given_draft(session, people=10)
    experiment.design = experiment.design | {"audience_id": None}

    assert plan_of(session, experiment).pass_count is None


def test_a_started_experiment_is_planned_for_who_was_enrolled(session: Session):
    experiment = given_draft(session, people=10)
    experiment.enrolled, experiment.started_at = 600, NOW - timedelta(days=1)
    plan = plan_of(session, experiment)

    assert (plan.people, plan.pass_count) == (600, 60)
    assert plan.answer_by is not None
    assert plan.answer_by < NOW + timedelta(days=2, hours=1)


def test_what_was_settled_at_the_start_stays_whatever_limits_are_later(session: Session):
    experiment = given_draft(session, people=70)
    plan = plan_of(session, experiment)
    assert plan.answer_by
    assert plan.last_leaves
    kept = {
        "arms": plan.arms,
        "looks": [{"due_at": iso(plan.answer_by + timedelta(days=9))}],
        "last_leaves": iso(plan.last_leaves + timedelta(days=6)),
    }
    experiment.plan, experiment.enrolled, experiment.started_at = kept, 70, NOW

    settled = plan_of(session, experiment)

    assert settled.answer_by == plan.answer_by + timedelta(days=9) == settled.looks[-1].due_at
    assert settled.last_leaves == plan.last_leaves + timedelta(days=6)
    experiment.plan = {"arms": plan.arms}  # of a version that kept less
    assert plan_of(session, experiment).answer_by == plan.answer_by

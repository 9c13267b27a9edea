"""Versions against their baseline, through the real counters."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from app.analysis import look_worker
from app.analysis import readout as readouts
from app.analysis.counts import LinkTotal
from app.analysis.readout_json import as_json
from app.analysis.readout_types import Readout, State
from app.experiments.models import Experiment, Status
from app.stats.two_arm import Arm, compare
from app.tally import store
from app.web.experiments import result_charts, results
from tests.analysis.scenes import CLOSED, HOUR, TUESDAY, WINDOW, given_experiment, mail

NOON = TUESDAY + 3 * HOUR
RULE = {"kind": "comparison", "baseline": "plain", "mde": 0.02, "method": "fixed", "looks": 1}


def given_comparison(
    session: Session, people: dict[str, int], *, rule: dict[str, Any] | None = None, **design: Any
) -> Experiment:
    """Everybody of every arm is mailed on Tuesday (the holdout is held)."""
    keys = [key for key in people if key != "holdout"]
    total = sum(people.values())
    experiment = given_experiment(
        session,
        enrolled=total,
        plan={"arms": people, "people": total, "looks": []},
        design={
            "arms": [{"key": key, "weight": people[key]} for key in keys],
            "holdout": people.get("holdout", 0) / total,
            "rule": RULE | {"confidence": 0.95} | (rule or {}),
        }
        | design,
    )
    first = 1
    for key, count in people.items():
        mail(session, experiment, count, first=first, arm=key, sent=key != "holdout")
        first += count
    return experiment


def did(session: Session, numbers: range, **fields: Any) -> None:
    store.change(session, dict.fromkeys(numbers, fields))


def clicks(session: Session, first: int, count: int) -> None:
    did(session, range(first, first + count), clicked_at=NOON, did_at=NOON, clicks=1)


def read(session: Session, experiment: Experiment) -> Readout:
    return readouts.readout_of(session, experiment, now=CLOSED)


def test_the_call_is_that_of_the_score_test_and_its_interval(session: Session):
    experiment = given_comparison(session, {"plain": 1000, "loss": 1000})
    clicks(session, 1, 80)
    clicks(session, 1001, 120)
    readout = read(session, experiment)
    (row,) = readout.comparisons
    said = compare(Arm(1000, 120), Arm(1000, 80), confidence=0.95, mde=0.02)

    assert (row.low, row.high, row.p_value) == (said.low, said.high, said.p_value)
    assert (row.arm, row.baseline, row.state) == ("loss", "plain", State.VALIDATED)
    assert readout.call.state is State.VALIDATED
    assert "“loss” beats “plain” by +4.0 points" in readout.call.sentence
    assert [arm.enrolled for arm in readout.arms] == [1000, 1000]


def test_while_windows_are_open_numbers_are_shown_and_no_call_is_made(session: Session):
    experiment = given_comparison(session, {"plain": 1000, "loss": 1000})
    clicks(session, 1, 80)
    clicks(session, 1001, 140)
    readout = readouts.readout_of(session, experiment, now=TUESDAY + WINDOW - (NOON - TUESDAY))

    assert readout.call.state is State.WAITING
    assert "Friday 27 November" in readout.call.sentence
    assert readout.why_not_yet[0] == "0 of 2,000 people have had their whole window."


def test_a_difference_that_is_too_small_to_matter_is_refuted(session: Session):
    experiment = given_comparison(session, {"plain": 4000, "loss": 4000}, rule={"mde": 0.03})
    clicks(session, 1, 320)
    clicks(session, 4001, 325)
    readout = read(session, experiment)

    assert readout.call.state is State.REFUTED
    assert "no version beats “plain” by 3 points or more" in readout.call.sentence


def test_several_versions_share_the_error_that_is_allowed(session: Session):
    experiment = given_comparison(session, {"plain": 1000, "loss": 1000, "gain": 1000})
    clicks(session, 1, 80)
    clicks(session, 1001, 106)
    clicks(session, 2001, 100)
    readout = read(session, experiment)
    rows = {row.arm: row for row in readout.comparisons}

    assert rows["loss"].confidence == pytest.approx(0.975)
    assert rows["loss"].state is rows["gain"].state is State.INCONCLUSIVE
    assert readout.call.state is State.INCONCLUSIVE
    assert rows["loss"].adjusted_p == pytest.approx(2 * (rows["loss"].p_value or 0))


def test_nothing_against_twelve_is_exact_and_not_an_error(session: Session):
    experiment = given_comparison(session, {"plain": 300, "loss": 300})
    clicks(session, 301, 9)
    (row,) = read(session, experiment).comparisons

    assert row.p_value is not None
    assert row.low is not None
    assert 0 < row.p_value < 0.01
    assert row.low > 0
    assert row.relative is None
    assert "Exact" in row.method or "exact" in row.method


def test_a_conversion_is_compared_with_a_holdout_that_got_nothing(session: Session):
    experiment = given_comparison(
        session,
        {"insight": 1000, "holdout": 1000},
        rule={"baseline": "holdout", "mde": 0.01},
        metric={"kind": "conversion_rate", "event": "planned", "window_hours": 72},
        key_results=[
            {"key_result_id": "k", "mode": "evidence", "reach": 12000, "carry": 0.5, "per_hit": 1}
        ],
    )
    did(session, range(1, 86), converted=1, did_at=NOON)
    did(session, range(1001, 1051), converted=1, did_at=NOON)
    readout = read(session, experiment)
    (evidence,) = readout.key_results
    holdout = next(arm for arm in readout.arms if arm.key == "holdout")

    assert readout.call.state is State.VALIDATED
    assert (holdout.released, holdout.sent, holdout.converted) == (1000, 0, 50)
    assert evidence.projected is not None
    assert evidence.projected.movement == pytest.approx(0.035 * 12000 * 0.5)
    assert evidence.projected.low > 0
    assert "if built. Assumed: 12,000 people, 50 % carried." in str(evidence.assumption)


def test_values_wait_for_a_hundred_people_who_have_one(session: Session):
    experiment = given_comparison(
        session,
        {"plain": 500, "loss": 500},
        rule={"mde": 1.0},
        metric={"kind": "value_per_person", "event": "paid", "window_hours": 72},
    )
    did(session, range(1, 151), converted=1, did_at=NOON, value=20.0, capped=20.0)
    did(session, range(501, 591), converted=1, did_at=NOON, value=60.0, capped=60.0)
    early = read(session, experiment)
    for number in range(591, 651):
        did(
            session,
            range(number, number + 1),
            converted=1,
            did_at=NOON,
            value=45.0 + number % 9,
            capped=45.0,
        )
    told = read(session, experiment)
    (row,) = told.comparisons

    assert early.call.state is State.INCONCLUSIVE
    assert early.comparisons[0].difference is None
    assert "90 people have a value" in str(early.comparisons[0].reason)
    assert told.call.state is State.VALIDATED
    assert row.difference == pytest.approx((90 * 60 + 60 * 45 - 150 * 20) / 500)
    assert row.method == "Welch's t"


def spent_by(number: int) -> float:
    """What they spent before, a little more or less, and 2 more in the second version."""
    return number % 50 + number * 7 % 5 * 0.3 + (number > 200) * 2.0


def test_a_covariate_makes_the_same_people_tell_more(session: Session):
    def experiment(covariate: str | None) -> Experiment:
        return given_comparison(
            session,
            {"plain": 200, "loss": 200},
            rule={"mde": 1.0},
            metric={
                "kind": "value_per_person",
                "event": "paid",
                "window_hours": 72,
                "covariate": covariate,
            },
        )

    with_one = experiment("spent")
    store.change(
        session,
        {
            number: {"covariate": float(number % 50), "capped": spent_by(number)}
            for number in range(1, 401)
        },
    )
    (adjusted,) = read(session, with_one).comparisons
    with_one.design = with_one.design | {"metric": with_one.design["metric"] | {"covariate": None}}
    (plain,) = read(session, with_one).comparisons

    assert adjusted.reason is None
    assert adjusted.difference == pytest.approx(2.0, abs=0.2)
    assert adjusted.method == "Welch's t with CUPED"
    assert (adjusted.high or 0) - (adjusted.low or 0) < 0.2 * ((plain.high or 0) - (plain.low or 0))


def test_a_split_that_went_wrong_takes_the_result_back(session: Session):
    experiment = given_comparison(session, {"plain": 1000, "loss": 1000})
    experiment.design = experiment.design | {
        "arms": [{"key": "plain", "weight": 3}, {"key": "loss", "weight": 1}]
    }
    clicks(session, 1, 60)
    clicks(session, 1001, 140)
    readout = read(session, experiment)

    assert not readout.health.sample_ratio.ok
    assert readout.call.state is State.INCONCLUSIVE
    assert "the split went wrong" in readout.call.sentence


def test_a_breached_guardrail_takes_a_validated_comparison_back(session: Session):
    experiment = given_comparison(session, {"plain": 1000, "loss": 1000})
    clicks(session, 1, 60)
    clicks(session, 1001, 140)
    did(session, range(1500, 1560), unsubscribed_at=NOON)
    readout = read(session, experiment)

    assert readout.call.state is State.INCONCLUSIVE
    assert "unsubscribe rate" in readout.call.sentence


def test_the_json_of_a_comparison_is_the_contract(session: Session):
    experiment = given_comparison(session, {"plain": 100, "loss": 100})
    body = as_json(read(session, experiment))

    assert set(body["comparisons"][0]) >= {
        "arm", "baseline", "difference", "low", "high", "relative", "p_value", "chance_to_beat",
        "expected_loss", "state", "method",
    }  # fmt: skip


def test_an_arm_without_people_is_too_early_and_never_a_number(session: Session):
    experiment = given_comparison(session, {"plain": 50, "loss": 50})
    experiment.status = Status.RUNNING
    experiment.design = experiment.design | {
        "arms": [*experiment.design["arms"], {"key": "late", "weight": 1}]
    }
    rows = {row.arm: row for row in readouts.readout_of(session, experiment, now=NOON).comparisons}

    assert rows["late"].difference is rows["late"].p_value is None
    assert rows["late"].state is State.WAITING
    assert rows["late"].reason == "No window of “late” has closed yet."


def test_who_gets_nothing_is_not_told_as_mailed(session: Session):
    experiment = given_comparison(session, {"plain": 100, "loss": 100, "holdout": 50})

    assert dict(read(session, experiment).funnel)["Mailed"] == 200


HELD: Any = {
    "metric": {"kind": "conversion_rate", "event": "planned", "window_hours": 72},
    "rule": {"baseline": "holdout", "mde": 0.01},
}


def test_days_after_the_mail_are_those_of_people_who_got_one(session: Session):
    experiment = given_comparison(session, {"plain": 200, "holdout": 100}, **HELD)
    did(session, range(1, 21), converted=1, did_at=NOON)
    did(session, range(201, 206), converted=1, did_at=NOON)
    readout = read(session, experiment)
    page = results.result_of(readout, {}, ZoneInfo("UTC"))

    assert [people for _, people in readout.days] == [20]
    [(_, people, so_far, share, _)] = page.charts["days"].rows
    assert (people, so_far, share) == ("20", "20", "10.0 %")
    assert page.got_nothing == 100
    assert page.figures[:3] == (
        ("People released", "200", "of 200 enrolled"),
        ("People who converted", "20", ""),
        ("That is", "10.0 %", "of everybody released"),
    )


def test_days_that_were_frozen_with_the_holdouts_people_are_not_shown(session: Session):
    experiment = given_comparison(session, {"plain": 200, "holdout": 100}, **HELD)
    did(session, range(1, 21), converted=1, did_at=NOON)
    old = replace(read(session, experiment), days=((0, 25),))

    assert results.result_of(old, {}, ZoneInfo("UTC")).charts.keys().isdisjoint({"days"})


def test_links_stand_in_the_order_of_their_versions(session: Session):
    experiment = given_comparison(session, {"plain": 20, "loss": 20})
    readout = read(session, experiment)
    links = tuple(LinkTotal(arm, 0, "x", "web", "", 0, 0) for arm in ("loss", "plain"))

    page = results.result_of(replace(readout, links=links), {}, ZoneInfo("UTC"))

    assert [link.arm for link in page.links] == [arm.key for arm in readout.arms]


def test_a_guardrail_says_of_which_of_several_versions_it_speaks(session: Session):
    guardrails = [{"metric": "unsubscribe_rate", "max": 0.01}]
    both = given_comparison(session, {"plain": 100, "loss": 90}, guardrails=guardrails)
    told = [fact for fact in read(session, both).call.because if "unsubscribed" in fact]

    assert [fact.partition(":")[0] for fact in told] == [
        "Unsubscribe rate of “plain”",
        "Unsubscribe rate of “loss”",
    ]


def test_the_only_version_that_is_mailed_needs_no_name(session: Session):
    guardrails = [{"metric": "unsubscribe_rate", "max": 0.01}]
    people = {"plain": 100, "holdout": 50}
    one = given_comparison(session, people, **HELD, guardrails=guardrails)

    assert any(fact.startswith("Unsubscribe rate: ") for fact in read(session, one).call.because)


def test_what_cannot_be_told_from_none_is_not_said_to_differ(session: Session):
    experiment = given_comparison(session, {"plain": 100, "loss": 100})
    clicks(session, 1, 10)
    clicks(session, 101, 12)
    call = read(session, experiment).call

    assert call.state is State.INCONCLUSIVE
    assert not any("differs" in one for one in (call.sentence, *call.because))
    assert call.because[0].startswith("“loss” against “plain”: +2.0 points (")


def given_values(session: Session, people: dict[str, int], **rule: Any) -> Experiment:
    return given_comparison(
        session,
        people,
        rule={"mde": 1.0} | rule,
        metric={"kind": "value_per_person", "event": "paid", "window_hours": 72},
    )


def paid(session: Session, values: dict[int, float]) -> None:
    edits = {
        number: {"converted": 1, "did_at": NOON, "value": value, "capped": value}
        for number, value in values.items()
    }
    store.change(session, edits)


def test_large_values_keep_their_digits(session: Session):
    experiment = given_values(session, {"plain": 500, "loss": 500})
    paid(session, {n: 100_000_000 + n % 5 + 2 * (n > 500) for n in range(1, 1_001)})
    readout = read(session, experiment)
    (row,) = readout.comparisons

    assert row.reason is None
    assert row.difference == pytest.approx(2.0, abs=1e-6)
    assert row.high is not None
    assert row.high - 2 == pytest.approx(1.962 * (2 * 2.004 / 500) ** 0.5, rel=1e-3)
    assert row.relative == pytest.approx(2 / 100_000_002)
    assert [one.rate for one in readout.estimates] == pytest.approx([100_000_002, 100_000_004])


@pytest.mark.parametrize("base", [-0.01, -2.0])
def test_nothing_is_a_share_of_a_baseline_at_or_below_0(session: Session, base: float):
    experiment = given_values(session, {"plain": 200, "loss": 200})
    paid(session, {n: base + (n % 3 - 1) + (2.98 - base) * (n > 200) for n in range(1, 401)})
    (row,) = read(session, experiment).comparisons

    assert row.difference is not None
    assert row.difference > 0
    assert row.relative is None


def test_values_too_uneven_for_a_small_holdout_make_no_call(session: Session):
    experiment = given_values(session, {"insight": 1_500, "holdout": 150}, baseline="holdout")
    paid(session, {n: 1_000.0 if n % 50 == 0 else 1.0 + n % 5 for n in range(1, 1_651)})
    readout = read(session, experiment)
    (row,) = readout.comparisons

    assert readout.call.state is State.INCONCLUSIVE
    assert row.difference is None
    assert "with 150 in “holdout” luck favours “insight”; it takes about" in str(row.reason)


@pytest.mark.parametrize("method", ["fixed", "anytime"])
def test_values_are_compared_at_looks_too(session: Session, method: str):
    experiment = given_values(session, {"plain": 300, "loss": 300}, method=method)
    paid(session, {n: 10 + n % 7 + (n > 300) for n in range(1, 601)})
    look_worker.hold(session, experiment, now=CLOSED)
    (row,) = read(session, experiment).comparisons

    assert row.state is State.VALIDATED
    assert row.p_value is not None
    assert row.p_value < 0.05
    assert row.low is not None
    assert row.low > 0


def test_relative_bounds_of_one_look_belong_to_the_call(session: Session):
    experiment = given_comparison(session, {"plain": 1000, "loss": 1000})
    clicks(session, 1, 80)
    clicks(session, 1001, 120)
    readout = read(session, experiment)
    (row,) = readout.comparisons

    assert row.relative == pytest.approx(0.5)
    assert (row.relative_low, row.relative_high) == pytest.approx((0.1483, 0.9685), abs=1e-4)
    assert as_json(readout)["comparisons"][0]["relative_low"] == row.relative_low
    shown = result_charts.forest(readout)
    assert shown is not None
    assert shown.rows[0].relative == "+50.0 % (+14.8 % to +96.9 %)"


def test_relative_bounds_of_values_belong_to_the_call(session: Session):
    experiment = given_values(session, {"plain": 300, "loss": 300})
    paid(session, {n: 100.0 + n % 7 + 5 * (n > 300) for n in range(1, 601)})
    (row,) = read(session, experiment).comparisons

    assert row.low is not None
    assert row.relative == pytest.approx(5 / 103, rel=0.02)
    assert row.relative_low is not None
    assert row.relative_high is not None
    assert 0 < row.relative_low < (row.relative or 0) < row.relative_high < 0.06


def test_nobody_in_the_baseline_leaves_no_share_of_it(session: Session):
    experiment = given_comparison(session, {"plain": 300, "loss": 300})
    clicks(session, 301, 9)
    (row,) = read(session, experiment).comparisons

    assert (row.relative, row.relative_low, row.relative_high) == (None, None, None)


def test_a_share_of_a_baseline_that_may_be_0_has_no_top(session: Session):
    experiment = given_values(session, {"plain": 200, "loss": 200})
    paid(session, {n: (n % 2) * 20 - 9.5 + 40 * (n > 200) for n in range(1, 401)})
    readout = read(session, experiment)
    (row,) = readout.comparisons
    shown = result_charts.forest(readout)

    assert row.relative_low is not None
    assert row.relative_low > 0
    assert row.relative_high is None
    assert shown is not None
    assert "(at least +" in shown.rows[0].relative

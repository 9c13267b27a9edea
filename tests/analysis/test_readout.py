"""The call and its sentence, through real outcomes and counters."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from sqlmodel import Session

from app.analysis import readout as readouts
from app.analysis.readout_json import as_json
from app.analysis.readout_types import Readout, State
from app.experiments.models import Status
from app.platform.clock import iso
from app.tally import store
from tests.analysis.scenes import (
    CLOSED,
    HOUR,
    MINUTE,
    TUESDAY,
    WINDOW,
    click,
    given_experiment,
    mail,
)

NOON = TUESDAY + 3 * HOUR


def ended(session: Session, *, clickers: int) -> Readout:
    experiment = given_experiment(session)
    mail(session, experiment, 600)
    click(session, clickers)
    return readouts.readout_of(session, experiment, now=CLOSED)


@pytest.mark.parametrize(
    ("clickers", "state"),
    [
        (22, State.REFUTED),
        (31, State.REFUTED),
        (50, State.INCONCLUSIVE),
        (59, State.INCONCLUSIVE),
        (60, State.VALIDATED),
        (72, State.VALIDATED),
    ],
)
def test_the_call_at_the_end_is_the_exact_test(session: Session, clickers: int, state: State):
    readout = ended(session, clickers=clickers)

    assert (readout.call.state, readout.call.provisional) == (state, False)
    assert readout.call.pass_count == 60


def test_a_validated_result_says_so_to_a_product_manager(session: Session):
    readout = ended(session, clickers=72)

    assert readout.call.sentence == (
        "Validated: 72 of 600 people (12.0 %) clicked; we can say it is over 8 %,"
        " 95 % sure on each side (9.9 % to 14.4 %)."
    )


def test_a_refuted_result_says_so_to_a_product_manager(session: Session):
    readout = ended(session, clickers=22)

    assert readout.call.sentence == (
        "Refuted: 22 of 600 people (3.7 %) clicked; we can say it is under 8 %,"
        " 95 % sure on each side (2.5 % to 5.2 %)."
    )


@pytest.mark.parametrize("clickers", [59, 60])
def test_the_interval_says_what_the_call_says(session: Session, clickers: int):
    readout = ended(session, clickers=clickers)

    assert (readout.estimates[0].low > 0.08) == (readout.call.state is State.VALIDATED)


def test_validated_early_is_provisional_and_says_how_many_clicks_it_can_lose(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 600)
    click(session, 62)
    call = readouts.readout_of(session, experiment, now=NOON).call

    assert (call.state, call.provisional) == (State.VALIDATED, True)
    assert "unless more than 2 clicks are re-judged" in call.sentence
    assert "Friday 27 November, 09:15" in call.sentence


def test_a_click_judged_again_takes_a_provisional_result_back(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 600)
    click(session, 60)
    before = readouts.readout_of(session, experiment, now=NOON)
    store.change(
        session, {1: {"clicked_at": None, "did_at": None, "machine_clicked_at": TUESDAY + HOUR}}
    )
    after = readouts.readout_of(session, experiment, now=NOON)

    assert (before.call.state, after.call.state) == (State.VALIDATED, State.WAITING)
    assert "59 of the 60 people needed" in after.call.sentence
    assert "1 person more must click to reach 60." in after.why_not_yet


def test_a_click_counts_for_the_call_once_it_is_settled(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 600)
    click(session, 58)
    click(session, 2, first=101, at=NOON)
    young = readouts.readout_of(session, experiment, now=NOON + 14 * MINUTE)
    old = readouts.readout_of(session, experiment, now=NOON + 15 * MINUTE)

    assert (young.estimates[0].hits, young.estimates[0].settled) == (60, 58)
    assert young.why_not_yet[:2] == (
        "Enough have clicked; 58 of them count so far.",
        "2 people clicked too lately to be settled.",
    )
    assert (young.call.state, old.call.state) == (State.WAITING, State.VALIDATED)


def test_while_windows_are_open_the_interval_spans_what_may_still_come(session: Session):
    experiment = given_experiment(session, status=Status.RUNNING)
    mail(session, experiment, 300)
    click(session, 30)
    estimate = readouts.readout_of(session, experiment, now=NOON).estimates[0]

    assert (estimate.people, estimate.hits, estimate.rate) == (300, 30, 0.1)
    assert estimate.people_open == 570
    assert estimate.low < 0.05
    assert estimate.high > 0.99


@pytest.mark.parametrize(("latecomers", "state"), [(10, State.INCONCLUSIVE), (20, State.WAITING)])
def test_out_of_reach_is_inconclusive_and_not_refuted(
    session: Session, latecomers: int, state: State
):
    experiment = given_experiment(session)
    mail(session, experiment, 600 - latecomers)
    mail(session, experiment, latecomers, first=601 - latecomers, at=TUESDAY + 5 * HOUR)
    click(session, 45)
    call = readouts.readout_of(session, experiment, now=CLOSED).call

    assert call.state is state
    assert ("can no longer be validated" in call.sentence) == call.provisional


def test_a_result_is_not_final_before_the_last_clicks_have_settled(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 600)
    click(session, 22)
    settling = readouts.readout_of(session, experiment, now=TUESDAY + WINDOW + 14 * MINUTE)
    settled = readouts.readout_of(session, experiment, now=TUESDAY + WINDOW + 15 * MINUTE)

    assert (settling.call.state, settled.call.state) == (State.WAITING, State.REFUTED)
    assert "the last clicks are settling" in settling.call.sentence


def test_cancelled_early_waits_for_every_window_and_keeps_the_planned_pass_count(session: Session):
    experiment = given_experiment(session, status=Status.CANCELLED)
    mail(session, experiment, 300)
    click(session, 61)
    during = readouts.readout_of(session, experiment, now=NOON).call
    after = readouts.readout_of(session, experiment, now=CLOSED).call

    assert during.state is State.WAITING
    assert "300 of 600 people" in during.sentence
    assert (after.state, after.pass_count) == (State.VALIDATED, 60)


def test_cancelled_early_with_fewer_than_planned_is_not_validated(session: Session):
    experiment = given_experiment(session, status=Status.CANCELLED)
    mail(session, experiment, 300)
    click(session, 36)  # 12 %: enough for 300 people, not for the 600 planned

    assert readouts.readout_of(session, experiment, now=CLOSED).call.state is State.INCONCLUSIVE


def test_cancelled_so_early_that_nothing_can_be_validated_it_says_so(session: Session):
    experiment = given_experiment(session, status=Status.CANCELLED)
    mail(session, experiment, 6)
    why = readouts.readout_of(session, experiment, now=NOON).why_not_yet

    assert "Only 6 people can still click, so it cannot be validated." in why


def test_people_who_were_skipped_do_not_hold_up_an_early_result(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 598)  # two of 600 unsubscribed elsewhere before their turn
    click(session, 60)
    readout = readouts.readout_of(session, experiment, now=NOON)

    assert (readout.call.state, readout.call.provisional) == (State.VALIDATED, True)
    assert readout.estimates[0].people_open == 538


def test_a_breached_guardrail_turns_validated_into_inconclusive_and_is_named(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 600)
    click(session, 72)
    store.change(session, {n: {"unsubscribed_at": NOON} for n in range(1, 21)})
    readout = readouts.readout_of(session, experiment, now=CLOSED)

    assert readout.call.state is State.INCONCLUSIVE
    assert "unsubscribe rate" in readout.call.sentence
    assert "20 of 600" in readout.call.sentence
    assert (readout.guardrails[0].state, readout.guardrails[0].ok) == ("breached", False)


def test_a_hundred_people_without_harm_do_not_prove_a_guardrail_safe(session: Session):
    experiment = given_experiment(session, enrolled=100)
    mail(session, experiment, 100)
    guardrail = readouts.readout_of(session, experiment, now=NOON).guardrails[0]

    assert (guardrail.state, guardrail.ok, guardrail.rate) == ("unknown", True, 0.0)


def test_the_sentence_counts_clicks_that_have_not_settled_and_says_so(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 600)
    click(session, 12)
    clicked = TUESDAY + HOUR + 5 * MINUTE
    sentence = readouts.readout_of(session, experiment, now=clicked).call.sentence
    later = readouts.readout_of(session, experiment, now=clicked + HOUR).call.sentence

    assert "12 of the 60 people needed have clicked, all of them still settling" in sentence
    assert "12 of the 60 people needed have clicked. " in later


def test_a_result_counts_as_many_people_as_everything_beside_it(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 600)
    click(session, 61)
    click(session, 1, first=101, at=NOON)
    readout = readouts.readout_of(session, experiment, now=NOON + MINUTE)

    assert readout.call.state is State.VALIDATED
    assert readout.call.sentence.startswith(
        "Validated, provisionally: 62 people have clicked, 1 of them not settled yet, and 60 of 600"
    )
    assert "It stands unless more than 1 click is re-judged" in readout.call.sentence
    assert readout.call.because[0].startswith("62 of 600 people (10.3 %) mailed have clicked")
    assert ("Clicked, a person", 62) in readout.funnel


def test_before_anybody_is_mailed_nothing_is_invented(session: Session):
    experiment = given_experiment(session, status=Status.RUNNING)
    readout = readouts.readout_of(session, experiment, now=NOON)
    (estimate,) = readout.estimates

    assert readout.call.state is State.WAITING
    assert readout.call.sentence == "Too early to say: nobody has been mailed yet."
    assert (estimate.rate, estimate.low, estimate.high) == (None, 0.0, 1.0)
    assert as_json(readout)["estimates"][0]["rate"] is None


def test_a_draft_has_a_readout_too(session: Session):
    experiment = given_experiment(session, status=Status.DRAFT)
    experiment.enrolled = experiment.pass_count = experiment.started_at = None

    assert readouts.readout_of(session, experiment, now=NOON).call.state is State.WAITING


def test_too_few_people_for_any_answer_are_told_so(session: Session):
    experiment = given_experiment(session, enrolled=1)
    mail(session, experiment, 1)
    call = readouts.readout_of(session, experiment, now=CLOSED).call

    assert call.state is State.INCONCLUSIVE
    assert "1 person" in call.sentence


def test_machines_stand_beside_people_and_the_range_shows_the_unsure(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 600)
    click(session, 58)
    click(session, 4, first=59, kind="maybe_")
    click(session, 124, first=63, kind="machine_")
    readout = readouts.readout_of(session, experiment, now=CLOSED)
    arm, reach = readout.arms[0], readout.range_with_unknown

    assert readout.headline == "Raw clicks 31 %. People: 9.7 %."
    assert (arm.human_clickers, arm.unknown_clickers, arm.machine_clickers) == (58, 4, 124)
    assert reach is not None
    assert (reach.low_rate, reach.high_rate) == (58 / 600, 62 / 600)
    assert not reach.survives
    assert readout.health.machine_share == pytest.approx(124 / 186)


def test_everybody_released_counts_whatever_became_of_their_mail(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 590)
    mail(session, experiment, 4, first=591, sent=False, bounced=True)
    mail(session, experiment, 3, first=595, sent=False, failed=True)
    mail(session, experiment, 2, first=598, sent=False, uncertain=True)
    mail(session, experiment, 1, first=600, bounced=True)
    arm = readouts.readout_of(session, experiment, now=CLOSED).arms[0]

    assert (arm.released, arm.sent, arm.delivered) == (600, 591, 590)
    assert (arm.failed, arm.bounced, arm.uncertain) == (3, 5, 2)


def test_matured_people_are_exact_within_the_hour(session: Session):
    experiment = given_experiment(session)
    for number, minutes in enumerate((0, 29, 30, 31, 61), start=1):
        mail(session, experiment, 1, first=number, at=TUESDAY + minutes * MINUTE)
    arm = readouts.readout_of(session, experiment, now=TUESDAY + WINDOW + 30 * MINUTE).arms[0]

    assert (arm.released, arm.matured, arm.live) == (5, 3, 2)


@pytest.mark.parametrize("minutes", [0, 1, 59, 60, 61, 119, 120])
def test_counters_and_outcomes_agree_on_who_has_matured(session: Session, minutes: int):
    experiment = given_experiment(session)
    released = [TUESDAY + 7 * number * MINUTE for number in range(20)]
    for number, at in enumerate(released, start=1):
        mail(session, experiment, 1, first=number, at=at)
    now = TUESDAY + WINDOW + minutes * MINUTE
    arm = readouts.readout_of(session, experiment, now=now).arms[0]

    assert arm.matured == sum(at + WINDOW <= now for at in released)


def test_counting_ends_for_everybody_at_the_stop_date(session: Session):
    stop = TUESDAY + 10 * HOUR
    experiment = given_experiment(session, design={"stop_at": stop.isoformat()})
    mail(session, experiment, 600)
    click(session, 22)
    readout = readouts.readout_of(session, experiment, now=stop + HOUR)

    assert readout.arms[0].matured == 600
    assert readout.call.state is State.REFUTED
    assert readout.call.answer_by == stop + 15 * MINUTE


def test_ten_things_that_do_not_count_leave_the_readout_unchanged(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 600)
    click(session, 40)
    before = readouts.readout_of(session, experiment, now=NOON)
    store.change(
        session, {n: {"clicked_at": NOON, "did_at": NOON, "clicks": 1} for n in range(9001, 9011)}
    )

    assert readouts.readout_of(session, experiment, now=NOON) == before


def test_a_key_result_gets_the_authors_arithmetic_as_what_it_is(session: Session):
    link = {"key_result_id": "k", "mode": "evidence", "reach": 12000, "carry": 0.25, "per_hit": 1}
    experiment = given_experiment(session, design={"key_results": [link]})
    mail(session, experiment, 600)
    click(session, 72)
    (evidence,) = readouts.readout_of(session, experiment, now=CLOSED).key_results

    assert (evidence.projected, evidence.realised) == (None, None)
    assert str(evidence.reason).startswith("Not projected")
    assert "12,000 people × 12.0 % × 25 % carried = +360" in str(evidence.assumption)
    assert "if all of it is caused by the slice" in str(evidence.assumption)


def test_the_json_is_the_contract(session: Session):
    body = as_json(ended(session, clickers=72))

    assert body["comparisons"] == []
    assert body["as_of"] == "2026-11-27T11:00:00Z"
    assert set(body["call"]) >= {
        "state", "provisional", "sentence", "because", "pass_count", "answer_by", "would_now_be",
    }  # fmt: skip
    assert set(body["estimates"][0]) >= {"arm", "people", "hits", "rate", "low", "high", "method"}


def test_the_course_over_time_adds_up(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 400)
    mail(session, experiment, 200, first=401, at=TUESDAY + 2 * HOUR)
    click(session, 10)
    click(session, 5, first=401, at=TUESDAY + 4 * HOUR)
    series = readouts.readout_of(session, experiment, now=CLOSED).series

    assert [(point.people, point.hits) for point in series] == [
        (400, 0),
        (400, 10),
        (600, 10),
        (600, 15),
    ]


@pytest.mark.parametrize("people", [10, 600])
def test_a_readout_asks_the_same_few_questions_for_any_number_of_people(
    session: Session, people: int
):
    experiment = given_experiment(session)
    mail(session, experiment, people)
    asked: list[str] = []
    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", lambda *args: asked.append(args[2]))
    readouts.readout_of(session, experiment, now=NOON)

    ours = [one for one in asked if "clock_timestamp" not in one]  # how the clocks stand
    assert len(ours) == 7


def test_a_readout_reads_the_clicks_in_the_readers_zone(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 600)
    call = readouts.readout_of(session, experiment, now=NOON, zone=ZoneInfo("Europe/Oslo")).call

    assert "Friday 27 November, 10:15" in call.sentence


def test_the_answer_comes_when_the_last_mail_has_left_and_its_window_has_closed(session: Session):
    experiment = given_experiment(session, status=Status.RUNNING, rate_per_minute=10)
    mail(session, experiment, 300)
    call = readouts.readout_of(session, experiment, now=TUESDAY + 30 * MINUTE).call

    assert call.answer_by == TUESDAY + timedelta(hours=73, minutes=15)


def test_an_answer_comes_no_earlier_than_was_planned_while_mails_are_to_come(session: Session):
    planned = TUESDAY + timedelta(days=9)
    looks = [{"number": 1, "due_at": iso(planned), "people": 600, "pass_count": 60}]
    experiment = given_experiment(session, status=Status.RUNNING, plan={"looks": looks})
    mail(session, experiment, 300)

    waits = readouts.readout_of(session, experiment, now=TUESDAY + HOUR).call.answer_by
    late = readouts.readout_of(session, experiment, now=planned).call.answer_by
    mail(session, experiment, 300, first=301)
    over = readouts.readout_of(session, experiment, now=TUESDAY + HOUR).call.answer_by

    closed = WINDOW + 15 * MINUTE
    assert (waits, over) == (planned, TUESDAY + closed)
    assert late == planned + 300 * MINUTE / 1_000 + closed  # a thousand a minute, as it was planned

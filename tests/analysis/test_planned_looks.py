"""Rules that are read more than once: on planned days, or whenever somebody looks."""

from datetime import datetime, timedelta

import pytest
from scipy.stats import binom
from sqlmodel import Session

from app.analysis import look_worker, planned_looks, snapshots
from app.analysis import readout as readouts
from app.analysis.readout_types import State
from app.experiments import plans
from app.experiments.design_schemas import Draft
from app.experiments.models import Experiment, Status
from app.stats.sequential import planned_boundaries
from app.tally import store
from tests.analysis.scenes import HOUR, MINUTE, TUESDAY, WINDOW, given_experiment, mail
from tests.duties import looks_due
from tests.experiments.scenes import document

WEEK = timedelta(days=7)


def given_looks(session: Session, *, method: str = "sequential", **rule: object) -> Experiment:
    """Six hundred people in two waves a week apart; nobody is mailed yet."""
    waves = [{"share": 0.5}, {"share": 0.5, "after_hours": 168}]
    looks_at = {"looks": 2} if method == "sequential" else {}
    draft = Draft.model_validate(
        document(
            rule={"kind": "threshold", "threshold": 0.08, "method": method} | looks_at | rule,
            waves=waves,
        )
    )
    frozen = plans.freeze(draft, {"insight": 600}, start=TUESDAY)
    return given_experiment(
        session,
        enrolled=600,
        status=Status.RUNNING,
        plan=frozen.as_json(),
        design=draft.model_dump(mode="json"),
    )


def clicked(session: Session, first: int, count: int, *, at: datetime) -> None:
    store.change(
        session,
        {n: {"clicked_at": at, "did_at": at, "clicks": 1} for n in range(first, first + count)},
    )


def first_wave(
    session: Session, experiment: Experiment, *, clickers: int, people: int = 300
) -> None:
    mail(session, experiment, people)
    clicked(session, 1, clickers, at=TUESDAY + HOUR)


def second_wave(session: Session, experiment: Experiment, *, clickers: int) -> None:
    mail(session, experiment, 300, first=301, at=TUESDAY + WEEK)
    clicked(session, 301, clickers, at=TUESDAY + WEEK + HOUR)
    experiment.status = Status.MEASURING


def day_of(experiment: Experiment, look: int) -> datetime:
    assert experiment.plan is not None
    return datetime.fromisoformat(experiment.plan["looks"][look - 1]["due_at"])


def held(session: Session, experiment: Experiment, *, now: datetime) -> list[planned_looks.Held]:
    for name in looks_due(session, now):
        assert name == experiment.id
        look_worker.hold(session, experiment, now=now)
    return planned_looks.held_of(session, [experiment.id])[experiment.id]


def test_the_plan_holds_the_table_of_boundaries_and_their_days(session: Session):
    experiment = given_looks(session)
    assert experiment.plan is not None
    table = planned_boundaries([300, 600], 0.08, confidence=0.95)

    assert [look["pass_count"] for look in experiment.plan["looks"]] == list(table)
    assert experiment.plan["waves"] == [300, 300]
    assert day_of(experiment, 2) - day_of(experiment, 1) == WEEK


def test_looking_at_the_page_makes_no_call_before_the_day_of_the_look(session: Session):
    experiment = given_looks(session)
    first_wave(session, experiment, clickers=60)
    early = TUESDAY + WINDOW + MINUTE
    readout = readouts.readout_of(session, experiment, now=early)

    assert held(session, experiment, now=early) == []
    assert readout.call.state is State.WAITING
    assert readout.looks[0].held_at is None
    assert "of 2 looks are over" in readout.why_not_yet[0]


def test_a_first_look_over_its_boundary_validates_and_never_changes(session: Session):
    experiment = given_looks(session)
    first_wave(session, experiment, clickers=45)
    now = day_of(experiment, 1)
    (look,) = held(session, experiment, now=now)
    told = readouts.readout_of(session, experiment, now=now)
    clicked(session, 200, 20, at=TUESDAY + 2 * HOUR)  # found by another version of the rules
    later = readouts.readout_of(session, experiment, now=now + HOUR)

    assert look.needed("insight") == planned_boundaries([300, 600], 0.08, confidence=0.95)[0]
    assert told.call.state is State.VALIDATED
    assert told.estimates[0].low > 0.08
    assert (later.looks[0].hits, later.call) == (45, told.call)


def test_a_boundary_follows_the_people_who_really_had_their_window(session: Session):
    experiment = given_looks(session)
    first_wave(session, experiment, clickers=20, people=240)
    (look,) = held(session, experiment, now=day_of(experiment, 1))

    assert look.needed("insight") == planned_boundaries([240, 600], 0.08, confidence=0.95)[0]


def test_the_last_look_waits_for_everybody_and_ends_it(session: Session):
    experiment = given_looks(session)
    first_wave(session, experiment, clickers=24)
    held(session, experiment, now=day_of(experiment, 1))
    second_wave(session, experiment, clickers=24)
    before = held(session, experiment, now=TUESDAY + WEEK + WINDOW)
    waiting = readouts.readout_of(session, experiment, now=TUESDAY + WEEK + WINDOW).call
    end = TUESDAY + WEEK + WINDOW + 15 * MINUTE
    frozen_early = snapshots.freeze_due(session, end)
    after = held(session, experiment, now=end)
    call = readouts.readout_of(session, experiment, now=end).call

    assert (len(before), frozen_early, len(after)) == (1, 0, 2)
    assert after[-1].last
    assert (waiting.state, call.state) == (State.WAITING, State.INCONCLUSIVE)
    assert snapshots.freeze_due(session, end) == 1


@pytest.mark.parametrize("clickers", [0, 3])
def test_far_under_the_threshold_is_refuted_at_the_end(session: Session, clickers: int):
    experiment = given_looks(session)
    first_wave(session, experiment, clickers=clickers)
    held(session, experiment, now=day_of(experiment, 1))
    second_wave(session, experiment, clickers=clickers)
    end = TUESDAY + WEEK + WINDOW + HOUR
    held(session, experiment, now=end)
    readout = readouts.readout_of(session, experiment, now=end)

    assert readout.call.state is State.REFUTED
    assert readout.estimates[0].high < 0.08


def test_after_a_cancel_the_look_is_held_once_everybody_has_had_their_window(session: Session):
    experiment = given_looks(session)
    first_wave(session, experiment, clickers=60, people=200)
    experiment.status = Status.CANCELLED
    end = TUESDAY + WINDOW + 15 * MINUTE
    (look,) = held(session, experiment, now=end)

    assert look.last
    assert readouts.readout_of(session, experiment, now=end).call.state is State.VALIDATED


def test_a_rule_for_any_time_says_yes_when_the_evidence_is_there_and_keeps_to_it(session: Session):
    experiment = given_looks(session, method="anytime")
    first_wave(session, experiment, clickers=50)
    open_still = readouts.readout_of(session, experiment, now=TUESDAY + HOUR).call
    closed = TUESDAY + WINDOW + 16 * MINUTE
    told = readouts.readout_of(session, experiment, now=closed)
    held(session, experiment, now=closed)
    second_wave(session, experiment, clickers=0)
    later = readouts.readout_of(session, experiment, now=closed + WEEK)

    assert open_still.state is State.WAITING
    assert told.call.state is State.VALIDATED
    assert told.estimates[0].low > 0.08
    assert later.call.state is State.VALIDATED
    assert later.estimates[0].hits == 50


def test_a_rule_for_any_time_ends_inconclusive_when_nothing_was_shown(session: Session):
    experiment = given_looks(session, method="anytime")
    first_wave(session, experiment, clickers=24)
    second_wave(session, experiment, clickers=26)
    end = TUESDAY + WEEK + WINDOW + HOUR

    assert held(session, experiment, now=end) == []
    assert readouts.readout_of(session, experiment, now=end).call.state is State.INCONCLUSIVE
    assert snapshots.freeze_due(session, end) == 1


def test_versions_may_be_compared_look_by_look(session: Session):
    experiment = given_looks(session)
    arms = [{"key": "plain", "weight": 1}, {"key": "loss", "weight": 1}]
    rule = {"kind": "comparison", "baseline": "plain", "mde": 0.02, "method": "sequential"}
    experiment.design = experiment.design | {
        "arms": arms,
        "rule": rule | {"looks": 2, "confidence": 0.95},
    }
    assert experiment.plan is not None
    experiment.plan = experiment.plan | {"arms": {"plain": 300, "loss": 300}}
    mail(session, experiment, 150, arm="plain")
    mail(session, experiment, 150, first=151, arm="loss")
    clicked(session, 1, 9, at=TUESDAY + HOUR)
    clicked(session, 151, 48, at=TUESDAY + HOUR)
    early = readouts.readout_of(session, experiment, now=TUESDAY + WINDOW + HOUR)
    held(session, experiment, now=day_of(experiment, 1))
    told = readouts.readout_of(session, experiment, now=day_of(experiment, 1))
    (row,) = told.comparisons

    assert early.call.state is State.WAITING
    assert told.call.state is row.state is State.VALIDATED
    assert row.confidence == 0.95  # all looks together
    assert row.p_value is not None
    assert row.p_value < 0.05
    assert (row.method, row.relative_low is not None) == ("exact conditional looks", True)


def test_the_gate_of_the_next_wave_closes_on_harm(session: Session):
    experiment = given_looks(session)
    first_wave(session, experiment, clickers=20)
    before = look_worker.Gate().closed_because(session, experiment, now=TUESDAY + WEEK)
    store.change(session, {n: {"unsubscribed_at": TUESDAY + HOUR} for n in range(1, 21)})
    after = look_worker.Gate().closed_because(session, experiment, now=TUESDAY + WEEK)

    assert before is None
    assert "unsubscribe rate of “insight” is over its limit: 20 of 300" in str(after)


def test_on_the_way_the_chance_of_a_later_yes_is_told(session: Session):
    experiment = given_looks(session)
    first_wave(session, experiment, clickers=30)
    held(session, experiment, now=day_of(experiment, 1))
    told = readouts.readout_of(session, experiment, now=day_of(experiment, 1)).why_not_yet
    assert experiment.plan is not None
    last = experiment.plan["looks"][1]
    missing = last["pass_count"] - 30
    twin = binom.sf(missing - 1, 300, 0.1)

    assert told[-1] == (
        f"If the others do as those until now, it will be validated {100 * twin:.0f} % of the time."
    )


def test_before_the_first_look_no_chance_is_told(session: Session):
    experiment = given_looks(session)
    first_wave(session, experiment, clickers=30)
    told = readouts.readout_of(session, experiment, now=TUESDAY + 2 * HOUR).why_not_yet

    assert not [fact for fact in told if "of the time" in fact]

"""Whoever ends an experiment sees the numbers when choosing the moment: it must bring no luck."""

import pytest
from sqlmodel import Session

from app.analysis import look_worker, planned_looks, snapshots
from app.analysis import readout as readouts
from app.analysis.readout_types import State
from app.experiments.models import Experiment, Status
from tests.analysis.scenes import CLOSED, HOUR, TUESDAY, WINDOW, click, given_experiment, mail
from tests.analysis.test_comparisons import clicks, given_comparison, read
from tests.analysis.test_planned_looks import WEEK, first_wave, given_looks

PLANNED = 600
ENDED = (Status.CANCELLED, Status.DECIDED)


@pytest.mark.parametrize("status", ENDED)
@pytest.mark.parametrize(
    ("mailed", "clicked", "state"),
    [
        (300, 5, State.INCONCLUSIVE),  # of 300 alone it would be under 8 %
        (500, 2, State.INCONCLUSIVE),
        (590, 10, State.REFUTED),  # even if the other ten had clicked
        (580, 59, State.INCONCLUSIVE),
        (300, 60, State.VALIDATED),
    ],
)
def test_a_threshold_is_told_only_whatever_the_others_would_have_done(
    session: Session, status: Status, mailed: int, clicked: int, state: State
):
    experiment = given_experiment(session, status=status)
    mail(session, experiment, mailed)
    click(session, clicked)
    readout = readouts.readout_of(session, experiment, now=CLOSED)
    (estimate,) = readout.estimates

    assert readout.call.state is state
    assert (estimate.low > 0.08) == (state is State.VALIDATED)
    assert (estimate.high < 0.08) == (state is State.REFUTED)
    assert any(f"ended after {mailed} of 600" in fact for fact in readout.call.because)


def held(session: Session, experiment: Experiment, hours: int) -> list[planned_looks.Held]:
    look_worker.hold(session, experiment, now=TUESDAY + hours * HOUR)
    return planned_looks.held_of(session, [experiment.id])[experiment.id]


@pytest.mark.parametrize(("mailed", "clicked"), [(200, 27), (300, 37), (200, 0), (300, 6)])
def test_between_planned_looks_a_cancel_asks_what_the_last_one_would(
    session: Session, mailed: int, clicked: int
):
    experiment = given_looks(session)
    first_wave(session, experiment, clickers=clicked, people=mailed)
    experiment.status = Status.CANCELLED
    (look,) = held(session, experiment, 73)
    call = readouts.readout_of(session, experiment, now=TUESDAY + 73 * HOUR)

    assert (look.last, look.needed("insight")) == (True, 60)
    assert call.call.state is State.INCONCLUSIVE
    assert call.estimates[0].low <= 0.08 <= call.estimates[0].high


@pytest.mark.parametrize("status", [*ENDED, Status.MEASURING])
@pytest.mark.parametrize("clicked", [0, 20, 60])
def test_it_is_ended_while_the_next_wave_waits(session: Session, status: Status, clicked: int):
    """Nobody is new at the last look: cancelled, or everybody of the second wave was skipped."""
    experiment = given_looks(session)
    first_wave(session, experiment, clickers=clicked)
    held(session, experiment, 73)
    before = readouts.readout_of(session, experiment, now=TUESDAY + 73 * HOUR)
    experiment.status = status
    after = TUESDAY + WINDOW + WEEK
    assert [one.last for one in held(session, experiment, 240)] == [False, True]
    readout = readouts.readout_of(session, experiment, now=after)

    told = State.INCONCLUSIVE if before.call.state is State.WAITING else before.call.state
    assert readout.call.state is told
    assert (readout.estimates[0].low > 0.08) == (told is State.VALIDATED)
    assert (readout.estimates[0].high < 0.08) == (told is State.REFUTED)
    assert snapshots.freeze_due(session, after) == 1


@pytest.mark.parametrize("status", [*ENDED, Status.MEASURING])
@pytest.mark.parametrize(("ahead", "state"), [(80, State.VALIDATED), (0, State.REFUTED)])
def test_one_look_at_two_versions_is_a_look_at_everybody(
    session: Session, status: Status, ahead: int, state: State
):
    experiment = given_comparison(session, {"plain": 1000, "loss": 1000})
    clicks(session, 1, 20)
    clicks(session, 1001, 20 + ahead)
    experiment.enrolled, experiment.status = 4_000, status
    readout = read(session, experiment)

    if status is Status.MEASURING:  # the others were skipped, which is no one's choice
        assert readout.call.state is readout.comparisons[0].state is state
        return
    assert readout.call.state is readout.comparisons[0].state is State.INCONCLUSIVE
    assert "2,000 of 4,000 people, and its one look was planned for all" in readout.call.sentence
    assert f"would have {state.value} it" in readout.call.sentence


def test_who_decides_once_all_are_sent_has_cut_nothing_short(session: Session):
    """Two of 600 had unsubscribed elsewhere before their turn."""
    experiment = given_experiment(session, status=Status.MEASURING, measuring_at=TUESDAY + HOUR)
    mail(session, experiment, 598)
    click(session, 10)
    as_it_was = readouts.readout_of(session, experiment, now=CLOSED)
    experiment.status = Status.DECIDED
    decided = readouts.readout_of(session, experiment, now=CLOSED)

    assert decided.call.state is State.REFUTED
    assert decided.call.because == as_it_was.call.because
    assert decided.estimates == as_it_was.estimates
    assert snapshots.freeze_due(session, CLOSED) == 1
    final = snapshots.latest_final(session, experiment.id)
    assert final is not None
    assert final.call == State.REFUTED

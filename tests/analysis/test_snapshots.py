"""The final call is stored once, and nothing that comes later alters it."""

from pathlib import Path

from sqlmodel import Session, select

from app.analysis import list_calls, snapshots
from app.analysis import readout as readouts
from app.analysis.readout_json import as_json, of_json
from app.analysis.readout_types import State
from app.experiments.models import Experiment, Status
from app.platform.events import Event
from app.tally import store
from app.tracking import folders
from app.tracking.folders import Folder
from tests.analysis.scenes import CLOSED, HOUR, TUESDAY, click, given_experiment, mail


def closed(session: Session, *, clickers: int = 60) -> Experiment:
    experiment = given_experiment(session)
    mail(session, experiment, 600)
    click(session, clickers)
    assert snapshots.freeze_due(session, CLOSED) == 1
    return experiment


def test_the_final_call_is_stored_with_its_counts_and_rules(session: Session):
    final = snapshots.latest_final(session, closed(session).id)

    assert final is not None
    assert (final.call, final.hits, final.people, final.rule_version) == ("validated", 60, 600, "1")
    assert [event.kind for event in session.exec(select(Event).order_by(Event.id))] == [
        "readout.final",
        "verdict.changed",
    ]


def test_a_call_is_frozen_once(session: Session):
    closed(session)

    assert snapshots.freeze_due(session, CLOSED + HOUR) == 0


def test_nothing_is_frozen_while_a_window_is_open(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 600)

    assert snapshots.freeze_due(session, TUESDAY + HOUR) == 0


def test_an_experiment_that_still_releases_is_not_final(session: Session):
    experiment = given_experiment(session, status=Status.RUNNING)
    mail(session, experiment, 300)

    assert snapshots.freeze_due(session, CLOSED) == 0


def test_a_cancelled_experiment_gets_its_final_call_too(session: Session):
    mail(session, given_experiment(session, status=Status.CANCELLED), 300)
    given_experiment(session, status=Status.CANCELLED)  # nobody was mailed: nothing to freeze

    assert snapshots.freeze_due(session, CLOSED) == 1


def test_a_machine_that_is_not_read_any_further_makes_no_frozen_call_different(session: Session):
    experiment = closed(session)
    folder = Folder(id="web-2", path=Path("/srv/web-2"))
    folders.register(session, folder, is_empty=False, lost=0, now=CLOSED)
    later = readouts.readout_of(session, experiment, now=CLOSED + HOUR)

    assert readouts.counted(session, experiment, now=CLOSED + HOUR).call.state is State.WAITING
    assert (later.call.state, later.call.would_now_be) == (State.VALIDATED, None)
    assert "Counted again now" not in " ".join(later.call.because)


def test_judging_again_later_alters_nothing_but_what_it_would_now_be(session: Session):
    experiment = closed(session)
    stored = readouts.readout_of(session, experiment, now=CLOSED)
    store.change(session, {1: {"clicked_at": None, "did_at": None}})
    later = readouts.readout_of(session, experiment, now=CLOSED + HOUR)

    assert (stored.call.final, stored.call.would_now_be) == (True, None)
    assert (later.call.state, later.call.would_now_be) == (State.VALIDATED, State.INCONCLUSIVE)
    assert later.call.sentence == stored.call.sentence
    assert later.estimates == stored.estimates
    assert later.arms == stored.arms
    assert "Counted again now" in later.call.because[-1]


def test_the_stored_call_is_what_was_shown_the_moment_before(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 600)
    click(session, 72)
    shown = readouts.readout_of(session, experiment, now=CLOSED)
    snapshots.freeze_due(session, CLOSED)
    stored = readouts.readout_of(session, experiment, now=CLOSED)

    assert stored.call.sentence == shown.call.sentence
    assert stored.call.answer_by == shown.call.answer_by
    assert stored.estimates == shown.estimates
    assert (
        list_calls.calls_of(session, [experiment], now=CLOSED)[experiment.id].state
        is State.VALIDATED
    )


def test_a_reason_that_was_stored_with_a_verdict_of_its_own_is_read_without(session: Session):
    body = as_json(readouts.readout_of(session, closed(session), now=CLOSED))
    row = dict.fromkeys(
        ("difference", "low", "high", "relative", "p_value", "chance_to_beat", "expected_loss")
    ) | {
        "arm": "loss",
        "baseline": "insight",
        "state": "inconclusive",
        "method": "",
        "confidence": 1,
    }
    body["comparisons"] = [row | {"reason": "Too early to tell: values are uneven."}]

    assert of_json(body).comparisons[0].reason == "Values are uneven."

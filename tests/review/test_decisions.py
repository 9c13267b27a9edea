"""A decision is kept with the readout that it rests on, and ends the sending."""

import pytest
from pydantic import ValidationError
from sqlmodel import Session, select

from app.analysis import readout as readouts
from app.analysis.models import Kind, Snapshot
from app.delivery.models import Send, State
from app.experiments.models import Experiment, Slice, Status
from app.platform.errors import Conflict, Invalid
from app.platform.events import Event
from app.review import store
from app.review.schemas import DecisionDraft
from app.tally.store import change
from tests.analysis.scenes import CLOSED, HOUR, TUESDAY, given_experiment, mail
from tests.review.scenes import decided, given_slice, measured


def test_a_decision_keeps_the_readout_it_rests_on(session: Session):
    experiment = measured(session)
    decision = decided(session, experiment)
    snapshot = session.get(Snapshot, decision.snapshot_id)

    assert snapshot is not None
    assert (snapshot.kind, snapshot.call, snapshot.hits) == (Kind.DECISION, "validated", 72)
    assert snapshot.body["call"]["sentence"] == decision.sentence
    assert store.decision_of(session, experiment.id) == decision


def test_experiment_and_slice_are_decided_and_it_is_told(session: Session):
    piece = given_slice(session)
    experiment = measured(session, slice_id=piece.id)
    decided(session, experiment)
    session.refresh(piece)

    assert (experiment.status, experiment.decided_at) == (Status.DECIDED, CLOSED)
    assert piece.status == "decided"
    told = {event.kind for event in session.exec(select(Event))}
    assert told == {"experiment.decided", "decision.made"}


@pytest.mark.parametrize("status", [Status.RUNNING, Status.PAUSED, Status.MEASURING])
def test_one_may_decide_while_it_runs(session: Session, status: Status):
    assert decided(session, measured(session, status=status)).decision == "build"


@pytest.mark.parametrize(
    "status", [Status.DRAFT, Status.SCHEDULED, Status.DECIDED, Status.CANCELLED]
)
def test_in_other_states_one_is_told_why_not(session: Session, status: Status):
    with pytest.raises(Conflict, match="cannot be decided now"):
        decided(session, given_experiment(session, status=status))


def test_a_second_decision_is_refused(session: Session):
    experiment = measured(session)
    decided(session, experiment)

    with pytest.raises(Conflict):
        decided(session, experiment, "stop")


def test_building_a_refuted_slice_needs_a_reason(session: Session):
    experiment = measured(session, clickers=22)
    with pytest.raises(Invalid) as refused:
        decided(session, experiment)

    assert [error.field for error in refused.value.errors] == ["reason"]
    assert decided(session, experiment, reason="The law asks for it.").reason


def test_building_what_does_harm_needs_a_reason(session: Session):
    experiment = measured(session)
    change(session, {number: {"unsubscribed_at": CLOSED} for number in range(1, 31)})

    with pytest.raises(Invalid, match="guardrail"):
        decided(session, experiment)


@pytest.mark.parametrize("choice", ["iterate", "stop"])
def test_a_refuted_slice_is_stopped_or_changed_without_a_reason(session: Session, choice: str):
    assert decided(session, measured(session, clickers=22), choice).call == "refuted"


def test_the_next_slice_is_born_in_the_same_feature(session: Session):
    piece = given_slice(session)
    experiment = measured(session, slice_id=piece.id)
    decision = decided(session, experiment, "iterate", next_slice="A weekly list")
    born = session.get(Slice, decision.next_slice_id)

    assert born is not None
    assert (born.title, born.feature_id, born.status) == ("A weekly list", piece.feature_id, "idea")


def test_without_a_slice_the_next_one_is_only_written_down(session: Session):
    decision = decided(session, measured(session), "iterate", next_slice="A weekly list")

    assert (decision.next_slice, decision.next_slice_id) == ("A weekly list", None)


def test_whoever_was_not_mailed_yet_never_will_be(session: Session):
    experiment = measured(session, status=Status.RUNNING)
    waiting = queued(experiment)
    session.add(waiting)
    session.flush()
    decided(session, experiment)
    session.refresh(waiting)

    assert waiting.state == State.SKIPPED


@pytest.mark.parametrize(
    "draft",
    [
        {"decision": "maybe", "learning": "x"},
        {"decision": "build", "learning": "  "},
        {"decision": "build", "learning": "x", "extra": 1},
        {"decision": "build", "learning": "x", "next_slice": "two\nlines"},
    ],
)
def test_a_malformed_decision_is_refused(draft: dict[str, object]):
    with pytest.raises(ValidationError):
        DecisionDraft.model_validate(draft)


def test_empty_fields_of_a_form_say_nothing():
    draft = DecisionDraft.model_validate(
        {"decision": "stop", "learning": " Nobody cared. ", "reason": "", "next_slice": " "}
    )

    assert (draft.learning, draft.reason, draft.next_slice) == ("Nobody cared.", None, None)


def queued(experiment: Experiment) -> Send:
    return Send(id=9_001, experiment_id=experiment.id, arm="insight", person_id="p", due_at=TUESDAY)


def test_building_on_what_is_too_early_to_tell_needs_a_reason(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 600, at=CLOSED - HOUR)

    with pytest.raises(Invalid, match="too early"):
        decided(session, experiment)


def test_after_the_decision_no_number_moves(session: Session):
    experiment = measured(session, clickers=72)
    decided(session, experiment)
    before = readouts.readout_of(session, experiment, now=CLOSED)
    change(session, {1: {"converted": 3, "clicked_at": None, "did_at": None}})
    after = readouts.readout_of(session, experiment, now=CLOSED + HOUR)

    assert after.arms == before.arms
    assert after.funnel == before.funnel
    assert after.call.sentence == before.call.sentence

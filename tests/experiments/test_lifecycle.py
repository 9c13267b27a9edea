from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from app.experiments import drafts, feature_outline, lifecycle
from app.experiments.design_schemas import LaunchDraft
from app.experiments.lifecycle import IllegalMove
from app.experiments.models import Experiment, Slice, Status
from app.experiments.outline_schemas import FeatureDraft, SliceDraft
from app.platform.errors import Conflict, Invalid
from app.platform.events import Event
from tests.experiments.scenes import NOW, draft, given_draft, launch

Act = Callable[[Session, Experiment], Any]
ACTS: dict[str, Act] = {
    "launch": launch,
    "start": lambda s, e: lifecycle.start(s, e, now=NOW),
    "pause": lambda s, e: lifecycle.pause(s, e, now=NOW),
    "resume": lambda s, e: lifecycle.resume(s, e, now=NOW),
    "cancel": lambda s, e: lifecycle.cancel(s, e, now=NOW),
    "decide": lambda s, e: lifecycle.finish_decided(s, e, now=NOW),
}
ALLOWED = {
    ("draft", "launch"): "scheduled",
    ("scheduled", "start"): "running",
    ("scheduled", "cancel"): "cancelled",
    ("running", "pause"): "paused",
    ("running", "cancel"): "cancelled",
    ("running", "decide"): "decided",
    ("paused", "resume"): "running",
    ("paused", "cancel"): "cancelled",
    ("paused", "decide"): "decided",
    ("measuring", "decide"): "decided",
}


def given(session: Session, status: str, **changes: Any) -> Experiment:
    experiment = given_draft(session, people=1, **changes)
    experiment.status = status
    session.add(experiment)
    session.flush()
    return experiment


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("status", list(Status))
def test_every_move_is_made_or_refused_with_a_sentence(session: Session, status: Status, act: str):
    experiment = given(session, status)
    target = ALLOWED.get((status.value, act))
    if target is None:
        with pytest.raises(IllegalMove, match="“Waste in euros” cannot be"):
            ACTS[act](session, experiment)
    else:
        ACTS[act](session, experiment)

    assert experiment.status == (target or status)


def test_a_launch_says_when_it_starts_and_how_fast(session: Session):
    experiment = given(session, "draft")
    later = NOW + timedelta(days=1)
    launch(session, experiment, at=later.isoformat(), rate_per_minute=60)

    assert (experiment.launched_at, experiment.scheduled_at) == (NOW, later)
    assert (experiment.launched_by, experiment.rate_per_minute) == ("Ann", 60)
    assert lifecycle.due_to_start(session, now=NOW) == []
    assert lifecycle.due_to_start(session, now=later) == [experiment.id]


def test_a_start_in_the_past_is_refused(session: Session):
    experiment = given(session, "draft")
    past = LaunchDraft(at=NOW - timedelta(hours=1))

    with pytest.raises(Invalid, match="past"):
        lifecycle.launch(session, experiment, past, by="Ann", now=NOW)


def test_a_design_is_locked_from_the_launch_on(session: Session):
    experiment = given(session, "scheduled")

    with pytest.raises(Conflict, match="locked"):
        drafts.replace(session, experiment, draft(name="Other"), by="Ann", now=NOW)


def test_every_move_is_told_as_an_event(session: Session):
    experiment = given(session, "running")
    lifecycle.pause(session, experiment, reason="The mail server refuses us.", now=NOW)

    told = session.exec(select(Event).where(Event.subject == experiment.id)).all()
    assert [(one.kind, one.facts["reason"]) for one in told] == [
        ("experiment.paused", "The mail server refuses us.")
    ]


def test_resuming_clears_the_reason(session: Session):
    experiment = given(session, "running")
    lifecycle.pause(session, experiment, reason="Too many bounces.", now=NOW)
    lifecycle.resume(session, experiment, now=NOW)

    assert experiment.paused_reason is None


def test_measuring_begins_once_and_not_while_it_is_paused(session: Session):
    running, paused = given(session, "running"), None
    lifecycle.begin_measuring(session, running.id, now=NOW)
    paused = given(session, "paused", name="Other", audience_id=running.audience_id)
    lifecycle.begin_measuring(session, paused.id, now=NOW)

    assert (running.status, running.measuring_at) == ("measuring", NOW)
    assert (paused.status, paused.measuring_at) == ("paused", None)


def test_a_slice_is_tested_and_then_decided_with_its_experiment(session: Session):
    feature = feature_outline.add_feature(session, FeatureDraft(title="Waste"), by="Ann", now=NOW)
    piece = feature_outline.add_slice(
        session, SliceDraft(feature_id=feature.id, title="Euros"), now=NOW
    )
    experiment = given(session, "draft", slice_id=piece.id)
    seen = []
    launch(session, experiment)
    seen.append(session.exec(select(Slice.status)).one())
    lifecycle.start(session, experiment, now=NOW)
    lifecycle.finish_decided(session, experiment, now=NOW)
    seen.append(session.exec(select(Slice.status)).one())

    assert seen == ["testing", "decided"]

"""Decide on an experiment: build, iterate or stop, with what was learned."""

from datetime import UTC, datetime, tzinfo

from sqlmodel import Session

from app.analysis import readout as readouts
from app.analysis import snapshots
from app.analysis.models import Kind, Snapshot
from app.analysis.readout_types import Readout, State
from app.delivery import queue_store
from app.experiments import feature_outline, feature_store, lifecycle
from app.experiments import store as experiments
from app.experiments.models import Experiment
from app.experiments.outline_schemas import SliceDraft
from app.identity import audit
from app.platform import events
from app.platform.errors import Invalid
from app.review import learnings, result_effects
from app.review.models import Choice, Decision
from app.review.schemas import DecisionDraft

_AGAINST = {  # what a build has to answer for
    State.REFUTED: "The result was refuted.",
    State.WAITING: "It is too early to say: nothing has been shown yet.",
}
_SKIPPED_AT_ONCE = 2_000  # the most rows a write transaction may touch; a worker does the rest


def decide(
    session: Session,
    experiment: Experiment,
    draft: DecisionDraft,
    *,
    by: str,
    now: datetime,
    zone: tzinfo = UTC,
) -> Decision:
    """Keep the decision with the readout it rests on; nobody else is mailed from here on.

    Key results with mode `evidence` keep their value: the result stands beside it. A contribution
    enters the ledger as soon as its windows have closed, on the day that it is in `zone` then.
    """
    experiment = experiments.locked(session, experiment.id)  # of two deciders the second is told
    lifecycle.check_move(experiment, "decided")
    readout = readouts.readout_of(session, experiment, now=now)
    _ask_for_a_reason(readout, draft)
    audit.tell(session, decision=draft.decision, call=readout.call.state)
    snapshot = snapshots.freeze(session, experiment, Kind.DECISION, now=now)
    decision = _kept(session, experiment, draft, snapshot, by=by, now=now)
    learnings.keep_words(session, experiment.id)
    result_effects.decided(session, experiment, readout, by=by, zone=zone, now=now)
    lifecycle.finish_decided(session, experiment, now=now)
    queue_store.skip_unreleased(
        session,
        experiment.id,
        why="the experiment was decided",
        limit=_SKIPPED_AT_ONCE,
        now=now,
    )
    return decision


def _ask_for_a_reason(readout: Readout, draft: DecisionDraft) -> None:
    if draft.decision is not Choice.BUILD or draft.reason:
        return
    if not all(guardrail.ok for guardrail in readout.guardrails):
        raise Invalid.at(
            "reason", "A guardrail is breached. Say why it should be built all the same."
        )
    if readout.call.state in _AGAINST:
        raise Invalid.at(
            "reason",
            f"{_AGAINST[readout.call.state]} Say why it should be built all the same.",
        )


def _kept(
    session: Session,
    experiment: Experiment,
    draft: DecisionDraft,
    snapshot: Snapshot,
    *,
    by: str,
    now: datetime,
) -> Decision:
    decision = Decision(
        experiment_id=experiment.id,
        snapshot_id=snapshot.id,
        call=snapshot.call,
        sentence=snapshot.body["call"]["sentence"],
        decision=draft.decision,
        learning=draft.learning,
        reason=draft.reason,
        next_slice=draft.next_slice,
        next_slice_id=_next_slice(session, experiment, draft, now=now),
        decided_by=by,
        at=now,
    )
    session.add(decision)
    session.flush()
    facts = {"name": experiment.name, "decision": decision.decision, "call": decision.call}
    events.record(session, "decision.made", subject=experiment.id, now=now, facts=facts)
    return decision


def _next_slice(
    session: Session, experiment: Experiment, draft: DecisionDraft, *, now: datetime
) -> str | None:
    """A slice of the same feature; without a slice of its own the title stands in the learning."""
    if draft.next_slice is None or experiment.slice_id is None:
        return None
    tested = feature_store.slice_of(session, experiment.slice_id)
    wanted = SliceDraft(feature_id=tested.feature_id, title=draft.next_slice)
    return feature_outline.add_slice(session, wanted, now=now).id

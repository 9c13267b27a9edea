"""What the worker does for rules that are read more than once: hold looks, watch the gate."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.analysis import (
    comparison_looks,
    current_call,
    gathered,
    guardrail_sentences,
    guardrails,
    planned_looks,
    splits,
    standings,
    store,
)
from app.analysis import look_course as courses
from app.analysis import readout as readouts
from app.analysis.gathered import Gathered, rule_of
from app.analysis.known_until import known_of
from app.analysis.planned_looks import Asked, Held
from app.analysis.readout_types import State
from app.analysis.threshold_call import Standing
from app.experiments import store as experiments
from app.experiments.models import Experiment
from app.platform import events
from app.platform.clock import iso
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.put_off import Work

_TOLD = (State.VALIDATED, State.REFUTED)


def duty(database: Database) -> Duty:
    """Hold each look whose day has come; of a rule for any time, the one that says yes."""

    def hold_look(experiment_id: str, now: datetime) -> int:
        with database.write() as session:
            held = hold(session, experiments.locked(session, experiment_id), now=now)
        return held is not None

    return Duty(
        work=Work.LOOK,
        items=lambda session, _now: store.with_looks(session),
        is_due=is_due,
        do=hold_look,
    )


def is_due(session: Session, experiment_id: str, now: datetime) -> bool:
    """Whether a look's day has come, or a rule for any time says yes now."""
    experiment = experiments.experiment_of(session, experiment_id)
    return _coming(experiment, gathered.gather(session, experiment, now=now)) is not None


def hold(session: Session, experiment: Experiment, *, now: datetime) -> Held | None:
    """Hold the look that is due, if it still is; what it saw never changes afterwards."""
    found = gathered.gather(session, experiment, now=now)
    planned = _coming(experiment, found)
    if planned is None:
        return None
    asked = _asked(experiment, planned, found)
    look = planned_looks.keep(session, experiment, planned, found.arms, asked=asked, now=now)
    events.record(
        session,
        "look.held",
        subject=experiment.id,
        now=now,
        facts={"number": look.number, "people": planned_looks.people(look.arms)},
    )
    return look


def is_complete(experiment: Experiment, held: Sequence[Held]) -> bool:
    """Whether the last look is over, where the rule has looks."""
    rule = rule_of(experiment)
    if experiment.plan is None or not (rule.method == "sequential" or rule.looks_by_people):
        return True
    return bool(held) and held[-1].last


class Gate:
    """Lets the next wave go unless harm is proven, or the split went wrong."""

    def is_known(
        self, session: Session, experiment: Experiment, moment: datetime, *, now: datetime
    ) -> bool:
        """Whether every click before a moment is in: what is waited for may be the harm."""
        return known_of(session, experiment, now=now).covers(moment)

    def closed_because(
        self, session: Session, experiment: Experiment, *, now: datetime
    ) -> str | None:
        """Why not, in a sentence."""
        found = gathered.gather(session, experiment, now=now)
        watched = guardrails.watch(experiment, found.totals)
        if breached := guardrails.breached(watched):
            return f"{guardrail_sentences.harm(breached)}."
        over = standings.standing_of(experiment, found).over
        if not splits.check(experiment.design, found.totals, over=over).ok:
            return splits.WRONG
        return None


def _coming(experiment: Experiment, found: Gathered) -> dict[str, Any] | None:
    """The row of the plan that would be kept as a look now."""
    rule, before = rule_of(experiment), found.held
    if rule.looks_by_people:
        return _by_people(experiment, found)
    if rule.method == "sequential":
        return _planned(experiment, found)
    if before or readouts.call_now(experiment, found).state not in _TOLD:
        return None
    return {"number": 1, "due_at": iso(found.known.now), "last": False, "whole": False}


def _by_people(experiment: Experiment, found: Gathered) -> dict[str, Any] | None:
    before = found.held
    if before and before[-1].last:
        return None
    standing = standings.standing_of(experiment, found)
    people = planned_looks.people(found.arms)
    now = found.known.now
    look = planned_looks.due_by_people(experiment, before, people, closed=standing.closed, now=now)
    return None if look is None else _spending(look, standing)


def _planned(experiment: Experiment, found: Gathered) -> dict[str, Any] | None:
    before, standing = found.held, standings.standing_of(experiment, found)
    look = planned_looks.due(experiment, before, closed=standing.closed, known=found.known)
    if look is None:
        return None
    is_new = planned_looks.people(found.arms) > (
        planned_looks.people(before[-1].arms) if before else 0
    )
    if not is_new and not look["last"]:
        return None  # nobody else has had their window: the look waits for somebody
    return _spending(look, standing)


def _spending(look: dict[str, Any], standing: Standing) -> dict[str, Any]:
    """All that is left of the error goes to the planned last look, and to none after a cancel."""
    return {**look, "whole": look["last"] and not standing.cut_short}


def _asked(experiment: Experiment, look: dict[str, Any], found: Gathered) -> dict[str, Asked]:
    """What the look asks of every version, given how the ones before were held."""
    rule, before, arms = rule_of(experiment), found.held, dict(found.arms)
    if rule.kind == "comparison":
        planned = (experiment.plan or {}).get("arms") or {}
        return comparison_looks.asked(before, arms, rule, planned, whole=look["whole"])
    if rule.method == "sequential" and planned_looks.people(arms):
        course = current_call.course_of(experiment, arms, before, rule, ended=look["last"])
        return {course.key: courses.asked(course, rule, whole=look["whole"])}
    return {}

"""What the worker does for rules that are read more than once: hold looks, watch the gate."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.analysis import (
    at_looks,
    guardrails,
    looking,
    looks,
    repeated,
    sentences,
    splits,
    standings,
    store,
)
from app.analysis import readout as readouts
from app.analysis.calls import Standing
from app.analysis.known import Known
from app.analysis.known import of as known_of
from app.analysis.looks import Asked, Held
from app.analysis.matured import Matured
from app.analysis.shapes import State
from app.experiments import store as experiments
from app.experiments.models import Experiment
from app.platform import events
from app.platform.clock import iso
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.put_off import Work

_Coming = tuple[dict[str, Any], dict[str, dict[str, Matured]]]
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
    return _coming(session, experiment, known=known_of(session, experiment, now=now)) is not None


def hold(session: Session, experiment: Experiment, *, now: datetime) -> Held | None:
    """Hold the look that is due, if it still is; what it saw never changes afterwards."""
    coming = _coming(session, experiment, known=known_of(session, experiment, now=now))
    if coming is None:
        return None
    planned, arms = coming
    asked = _asked(session, experiment, planned, arms)
    look = looks.keep(session, experiment, planned, arms, asked=asked, now=now)
    events.record(
        session,
        "look.held",
        subject=experiment.id,
        now=now,
        facts={"number": look.number, "people": looks.people(look.arms)},
    )
    return look


def is_complete(session: Session, experiment: Experiment) -> bool:
    """Whether the last look is over, where the rule has looks."""
    rule = standings.rule_of(experiment)
    if experiment.plan is None or not (rule.method == "sequential" or rule.looks_by_people):
        return True
    held = looks.held(session, experiment.id)
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
        known = known_of(session, experiment, now=now)
        totals = standings.totals_of(session, experiment, known=known)
        watched = guardrails.watch(experiment, totals)
        if breached := guardrails.breached(watched):
            return f"{sentences.harm(breached)}."
        over = standings.standing_of(experiment, totals, known=known).over
        if not splits.check(experiment.design, totals, over=over).ok:
            return splits.WRONG
        return None


def _coming(session: Session, experiment: Experiment, *, known: Known) -> _Coming | None:
    """What would be kept of a look now: the plan's row, and the counts."""
    rule = standings.rule_of(experiment)
    before = looks.held(session, experiment.id)
    if rule.looks_by_people:
        return _by_people(session, experiment, before, known=known)
    if rule.method == "sequential":
        return _planned(session, experiment, before, known=known)
    if before or readouts.call_now(session, experiment, known=known).state not in _TOLD:
        return None
    arms = looks.matured_now(session, experiment, known=known)
    return {"number": 1, "due_at": iso(known.now), "last": False, "whole": False}, arms


def _by_people(
    session: Session, experiment: Experiment, before: list[Held], *, known: Known
) -> _Coming | None:
    if before and before[-1].last:
        return None
    arms = looks.matured_now(session, experiment, known=known)
    standing = standings.standing_now(session, experiment, known=known)
    look = looks.due_by_people(
        experiment, before, looks.people(arms), closed=standing.closed, now=known.now
    )
    return None if look is None else (_spending(look, standing), arms)


def _planned(
    session: Session, experiment: Experiment, before: list[Held], *, known: Known
) -> _Coming | None:
    standing = standings.standing_now(session, experiment, known=known)
    look = looks.due(experiment, before, closed=standing.closed, known=known)
    if look is None:
        return None
    arms = looks.matured_now(session, experiment, known=known)
    is_new = looks.people(arms) > (looks.people(before[-1].arms) if before else 0)
    if not is_new and not look["last"]:
        return None  # nobody else has had their window: the look waits for somebody
    return _spending(look, standing), arms


def _spending(look: dict[str, Any], standing: Standing) -> dict[str, Any]:
    """All that is left of the error goes to the planned last look, and to none after a cancel."""
    return {**look, "whole": look["last"] and not standing.cut_short}


def _asked(
    session: Session,
    experiment: Experiment,
    look: dict[str, Any],
    arms: dict[str, dict[str, Matured]],
) -> dict[str, Asked]:
    """What the look asks of every version, given how the ones before were held."""
    rule, before = standings.rule_of(experiment), looks.held(session, experiment.id)
    if rule.kind == "comparison":
        planned = (experiment.plan or {}).get("arms") or {}
        return at_looks.asked(before, arms, rule, planned, whole=look["whole"])
    if rule.method == "sequential" and looks.people(arms):
        course = looking.course_of(experiment, arms, before, rule, ended=look["last"])
        return {course.key: repeated.asked(course, rule, whole=look["whole"])}
    return {}

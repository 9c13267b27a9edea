"""What the worker does for rules that are read more than once: hold looks, watch the gate."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.analysis import guardrails, looking, looks, repeated, sentences, splits, standings, store
from app.analysis import readout as readouts
from app.analysis.known import Known
from app.analysis.known import of as known_of
from app.analysis.looks import Held
from app.analysis.matured import Matured
from app.analysis.shapes import Rule, State
from app.experiments.models import Experiment
from app.platform import events
from app.platform.clock import iso

_Coming = tuple[dict[str, Any], dict[str, dict[str, Matured]], int | None]
_TOLD = (State.VALIDATED, State.REFUTED)


def due(session: Session, now: datetime) -> list[str]:
    """Experiments with a look whose day has come, or a rule for any time that says yes now."""
    return [
        experiment.id
        for experiment in store.with_looks(session)
        if _coming(session, experiment, known=known_of(session, experiment, now=now)) is not None
    ]


def hold(session: Session, experiment: Experiment, *, now: datetime) -> Held | None:
    """Hold the look that is due, if it still is; what it saw never changes afterwards."""
    coming = _coming(session, experiment, known=known_of(session, experiment, now=now))
    if coming is None:
        return None
    planned, arms, boundary = coming
    look = looks.keep(session, experiment, planned, arms, boundary=boundary, now=now)
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
    if standings.rule_of(experiment).method != "sequential" or experiment.plan is None:
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
        totals = standings.totals_of(
            session, experiment, known=known_of(session, experiment, now=now)
        )
        watched = guardrails.watch(experiment.design, totals)
        if breached := guardrails.breached(watched):
            return f"{sentences.harm(breached)}."
        if not splits.check(experiment.design, totals).ok:
            return splits.WRONG
        return None


def _coming(session: Session, experiment: Experiment, *, known: Known) -> _Coming | None:
    """What would be kept of a look now: the plan's row, the counts, the clicks needed."""
    rule = standings.rule_of(experiment)
    before = looks.held(session, experiment.id)
    if rule.method == "sequential":
        return _planned(session, experiment, rule, before, known=known)
    if before or readouts.call_of(session, experiment, now=known.now).state not in _TOLD:
        return None
    arms = looks.matured_now(session, experiment, known=known)
    return {"number": 1, "due_at": iso(known.now), "last": False}, arms, None


def _planned(
    session: Session, experiment: Experiment, rule: Rule, before: list[Held], *, known: Known
) -> _Coming | None:
    closed = standings.has_closed(session, experiment, known=known)
    look = looks.due(experiment, before, closed=closed, known=known)
    if look is None:
        return None
    arms = looks.matured_now(session, experiment, known=known)
    is_new = looks.people(arms) > (looks.people(before[-1].arms) if before else 0)
    if not is_new and not look["last"]:
        return None  # nobody else has had their window: the look waits for somebody
    boundary = None
    if rule.kind == "threshold" and is_new:
        course = looking.course_of(experiment, arms, before, rule, ended=closed)
        boundary = repeated.boundary(course, rule, last=look["last"])
    return look, arms, boundary

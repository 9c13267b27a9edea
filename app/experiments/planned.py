"""The plan of an experiment as it stands: of whoever would be in it now, or who is."""

from dataclasses import replace
from datetime import datetime, tzinfo

from sqlmodel import Session

from app.experiments import drafts, people_hours, rehearsal
from app.experiments.design import Plan, plan
from app.experiments.eligibility import Judge
from app.experiments.models import Experiment
from app.experiments.ports import Paces


def plan_of(
    session: Session,
    experiment: Experiment,
    judge: Judge,
    *,
    paces: Paces,
    zone: tzinfo,
    now: datetime,
) -> Plan:
    """The plan of an experiment: as counted while it is a draft, as settled once it started."""
    people = experiment.enrolled
    if people is None:
        people = rehearsal.eligible(session, judge).eligible if judge.audience_id else 0
    design = drafts.design_of(experiment)
    found = plan(
        design,
        people=people,
        start=experiment.started_at or max(experiment.scheduled_at or now, now),
        pace=paces.of(session, experiment, now=now),
        arms=(experiment.plan or {}).get("arms"),
        zones=people_hours.zones_of(session, design, zone),
    )
    return _settled(found, experiment)


def _settled(found: Plan, experiment: Experiment) -> Plan:
    """With the days that were settled at its start, whatever limits are now, and whoever waits."""
    plan = experiment.plan or {}
    kept = [datetime.fromisoformat(one["due_at"]) for one in plan.get("looks") or []]
    if not kept or len(kept) != len(found.looks):
        return found
    looks = tuple(replace(look, due_at=at) for look, at in zip(found.looks, kept, strict=True))
    last = plan.get("last_leaves")
    leaves = datetime.fromisoformat(last) if last else found.last_leaves
    return replace(found, looks=looks, answer_by=kept[-1], last_leaves=leaves)

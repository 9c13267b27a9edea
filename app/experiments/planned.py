"""The plan of an experiment as it stands: of whoever would be in it now, or who is."""

from datetime import datetime, tzinfo

from sqlmodel import Session

from app.experiments import drafts, people_hours, rehearsal
from app.experiments.design import Plan, plan
from app.experiments.eligibility import Judge
from app.experiments.models import Experiment


def plan_of(
    session: Session,
    experiment: Experiment,
    judge: Judge,
    *,
    now: datetime,
    rate_per_minute: int | None = None,
    zone: tzinfo,
) -> Plan:
    """The plan of an experiment: as counted while it is a draft, as settled once it started."""
    people = experiment.enrolled
    if people is None:
        people = rehearsal.eligible(session, judge).eligible if judge.audience_id else 0
    design = drafts.design_of(experiment)
    return plan(
        design,
        people=people,
        start=experiment.started_at or experiment.scheduled_at or now,
        rate_per_minute=rate_per_minute,
        arms=(experiment.plan or {}).get("arms"),
        zones=people_hours.zones_of(session, design, zone),
    )

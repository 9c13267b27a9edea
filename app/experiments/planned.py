"""The plan of an experiment as it stands: of whoever would be in it now, or who is."""

from datetime import datetime

from sqlmodel import Session

from app.experiments import drafts, people_hours, rehearsal
from app.experiments.design import Plan, plan
from app.experiments.eligibility import Judge
from app.experiments.models import Experiment
from app.platform.config import Settings


def plan_of(
    session: Session,
    experiment: Experiment,
    judge: Judge,
    *,
    now: datetime,
    settings: Settings,
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
        rate_per_minute=settings.pace_of(
            experiment.rate_per_minute, people, now=now, zone=settings.zone
        ),
        arms=(experiment.plan or {}).get("arms"),
        zones=people_hours.zones_of(session, design, settings.zone),
    )

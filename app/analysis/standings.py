"""Where an experiment stands between its launch and its last window, and when it ends."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.analysis import planned_looks
from app.analysis.counts import ArmTotals, together
from app.analysis.gathered import Gathered, rule_of, stop_at
from app.analysis.threshold_call import Standing
from app.experiments import leaving, people_hours, plans
from app.experiments.leaving import KeptPace, Pace
from app.experiments.models import Experiment, Status
from app.experiments.plans import SETTLES_AFTER

_RELEASES_NOBODY = (Status.MEASURING, Status.DECIDED, Status.CANCELLED)


def standing_of(experiment: Experiment, gathered: Gathered) -> Standing:
    """Where an experiment stands between launch and its last window, all arms together."""
    known, total = gathered.known, together(gathered.totals.values())
    planned = experiment.enrolled or 0
    over = experiment.status in _RELEASES_NOBODY or bool(planned and total.released >= planned)
    ends_at = _ends_at(experiment, total, now=known.now, over=over)
    return Standing(
        arm=total,
        planned=planned,
        pass_count=experiment.pass_count,
        over=over,
        ended=_was_ended(experiment),
        closed=over and total.released > 0 and ends_at is not None and known.covers(ends_at),
        answer_by=ends_at,
    )


def _was_ended(experiment: Experiment) -> bool:
    """By somebody, while mails were to come; who decides when all are sent takes nobody away."""
    if experiment.status == Status.DECIDED:
        return experiment.measuring_at is None
    return bool(experiment.status == Status.CANCELLED)


def _ends_at(
    experiment: Experiment, total: ArmTotals, *, now: datetime, over: bool
) -> datetime | None:
    """When the last window has closed and its clicks have settled.

    While mails are to come, no earlier than was planned at the start: that knew the rates, the days
    of a warm-up and the waves that hold them up.
    """
    if not experiment.started_at:
        return None
    window = timedelta(hours=rule_of(experiment).window_hours)
    last = total.last_release if over else _last_leaves(experiment, total, now)
    if last is None:
        return None
    stop = stop_at(experiment)
    closes = min(last + window, stop) if stop else last + window
    settled = closes + SETTLES_AFTER
    return settled if over else max([settled, *planned_looks.moments(experiment)])


def _last_leaves(experiment: Experiment, total: ArmTotals, now: datetime) -> datetime:
    """When the last mail will have left at the latest, in the hours of whoever is to come."""
    left = (experiment.enrolled or 0) - total.released
    if left <= 0:
        return now
    plan = experiment.plan or {}
    mails = plans.mailed(left, plan.get("arms") or {})
    mail_hours = people_hours.hours_of(experiment.design)
    return leaving.lasts([(now, mails)], _pace_of(experiment, plan), (), mail_hours)[-1]


def _pace_of(experiment: Experiment, plan: Mapping[str, Any]) -> Pace:
    """What was reckoned with at the start; where it was not kept, the rate of the launch."""
    kept = plan.get("pace")
    return KeptPace(**kept).read() if kept else Pace(experiment.rate_per_minute)

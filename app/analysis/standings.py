"""Where an experiment stands: its rule as locked, what every arm has come to, when it ends."""

from datetime import datetime, timedelta

from sqlmodel import Session

from app.analysis import counts
from app.analysis.calls import Standing
from app.analysis.counts import ArmTotals, together
from app.analysis.known import Known
from app.analysis.shapes import Rule
from app.experiments.metrics import metric_of, usual_method
from app.experiments.models import Experiment, Status
from app.experiments.plans import SETTLES_AFTER
from app.experiments.terms import HOLDOUT

_RELEASES_NOBODY = (Status.MEASURING, Status.DECIDED, Status.CANCELLED)


def has_closed(session: Session, experiment: Experiment, *, known: Known) -> bool:
    """Every window has closed, and every click of its time is in and settled: it can be final."""
    return standing_now(session, experiment, known=known).closed


def standing_now(session: Session, experiment: Experiment, *, known: Known) -> Standing:
    """Where an experiment stands, by the counters of this moment."""
    return standing_of(experiment, totals_of(session, experiment, known=known), known=known)


def rule_of(experiment: Experiment) -> Rule:
    """The rule as it was locked at launch."""
    rule, metric = experiment.design["rule"], experiment.design["metric"]
    return Rule(
        kind=rule["kind"],
        threshold=rule.get("threshold"),
        confidence=rule.get("confidence", 0.95),
        method=rule.get("method") or usual_method(rule["kind"]),
        window_hours=metric.get("window_hours") or metric_of(metric["kind"]).window_hours,
        baseline=rule.get("baseline") or "",
        mde=rule.get("mde") or 0.0,
        metric=metric["kind"],
        covariate=bool(metric.get("covariate")),
        link=metric.get("link"),
    )


def totals_of(session: Session, experiment: Experiment, *, known: Known) -> dict[str, ArmTotals]:
    """What every arm has come to, arms without released people included, in the design's order."""
    rule = rule_of(experiment)
    found = counts.totals(
        session,
        experiment.id,
        window=timedelta(hours=rule.window_hours),
        stop_at=_stop_at(experiment),
        is_judged=metric_of(rule.metric).is_judged,
        now=known.until,
    )
    keys = [arm["key"] for arm in experiment.design["arms"]]
    if experiment.design.get("holdout"):
        keys.append(HOLDOUT)
    return {key: found.get(key, ArmTotals(key)) for key in keys}


def standing_of(experiment: Experiment, totals: dict[str, ArmTotals], *, known: Known) -> Standing:
    """Where an experiment stands between launch and its last window, all arms together."""
    total = together(totals.values())
    planned = experiment.enrolled or 0
    over = experiment.status in _RELEASES_NOBODY or bool(planned and total.released >= planned)
    ends_at = _ends_at(experiment, total, now=known.now, over=over)
    return Standing(
        arm=total,
        planned=planned,
        pass_count=experiment.pass_count,
        over=over,
        ended=experiment.status in (Status.DECIDED, Status.CANCELLED),
        closed=over and total.released > 0 and ends_at is not None and known.covers(ends_at),
        answer_by=ends_at,
    )


def _ends_at(
    experiment: Experiment, total: ArmTotals, *, now: datetime, over: bool
) -> datetime | None:
    """When the last window has closed and its clicks have settled."""
    if not experiment.started_at:
        return None
    window = timedelta(hours=rule_of(experiment).window_hours)
    last = total.last_release if over else now + _still_to_send(experiment, total)
    if last is None:
        return None
    stop_at = _stop_at(experiment)
    closes = min(last + window, stop_at) if stop_at else last + window
    return closes + SETTLES_AFTER


def _still_to_send(experiment: Experiment, total: ArmTotals) -> timedelta:
    left = (experiment.enrolled or 0) - total.released
    rate = experiment.rate_per_minute
    return timedelta(minutes=left / rate) if rate else timedelta(0)


def _stop_at(experiment: Experiment) -> datetime | None:
    written = experiment.design.get("stop_at")
    return datetime.fromisoformat(written) if written else None

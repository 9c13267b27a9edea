"""What pages say while a daily limit rises: how many leave today, and when the last one does."""

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session

from app.delivery import outflow, rate_store
from app.delivery.outflow import Outflow
from app.experiments import leaving, people_hours, plans, waves
from app.experiments.leaving import Part
from app.experiments.models import Experiment, Status
from app.platform.config import Settings
from app.web.kit import formatting


def before_launch(session: Session, settings: Settings, *, now: datetime) -> str:
    """What today is left for; the plan says when the last mail leaves."""
    told = _today(session, settings, now=now)
    others = outflow.waiting(session, but=None) if told else 0
    wait = f"; {formatting.plural(others, 'mail waits', 'mails wait')} already" if others else ""
    return f"{told}{wait}." if told else ""


def while_leaving(
    session: Session, settings: Settings, experiment: Experiment, *, queued: int, now: datetime
) -> str:
    """Of so many people who wait for their mail; nothing where no limit rises, or nobody waits."""
    is_under_way = experiment.status == Status.RUNNING and queued > 0
    told = _today(session, settings, now=now) if is_under_way else ""
    if not told:
        return ""
    pace = Outflow(settings).of(session, experiment, now=now)
    mail_hours = people_hours.hours_of(experiment.design)
    last = leaving.lasts([*_to_come(experiment, queued, now)], pace, (), mail_hours)[-1]
    day = pace.day(last)
    if day == pace.day(now):
        return f"{told}."
    on = formatting.weekday(day)
    return f"{told}; the last of these leaves on {on} at the latest, unless more are launched."


def _today(session: Session, settings: Settings, *, now: datetime) -> str:
    warming, today = settings.warming, now.astimezone(settings.zone).date()
    limit = warming.limit(today) if warming else None
    if limit is None:
        return ""
    left = rate_store.left_of_day(session, today, limit)
    some = formatting.plural(left, "more mail", "more mails") if left else "no more mails"
    return f"The warm-up lets {some} leave today, of all experiments"


def _to_come(experiment: Experiment, queued: int, now: datetime) -> Iterator[Part]:
    """Of those who wait: whoever may leave now, then each wave that is not begun."""
    plan = experiment.plan or {}
    arms, sizes = plan.get("arms") or {}, plan.get("waves") or []
    later = [*zip(waves.due_times(experiment, now=now), sizes, strict=False)]
    later = later[experiment.open_wave + 1 :]
    begun = max(0, queued - sum(people for _, people in later))
    yield now, plans.mailed(begun, arms)
    for begins, people in later:
        yield max(now, begins), plans.mailed(people, arms)

"""How fast mails of an experiment will leave: by its rate and all rates, beside who else waits."""

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.delivery import rate_store
from app.delivery.models import SendCount, State
from app.experiments.leaving import Pace
from app.experiments.models import Experiment, Status
from app.platform.config import Settings


class Outflow:
    """By an installation's settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def of(self, session: Session, experiment: Experiment, *, now: datetime) -> Pace:
        """Of an experiment, launched or not."""
        return self.pace(session, experiment.rate_per_minute, but=experiment.id, now=now)

    def pace(
        self, session: Session, rate: int | None, *, but: str | None = None, now: datetime
    ) -> Pace:
        """Of mails at a rate of their own. `but`: an experiment that is not one of the others."""
        settings = self._settings
        slowest, warming = settings.slower_of(rate), settings.warming
        today = now.astimezone(settings.zone).date()
        if warming is None or warming.limit(today) is None:
            return Pace(slowest, None, settings.zone)
        gone = rate_store.gone_on(session, today)
        return Pace(slowest, warming, settings.zone, today, gone, waiting(session, but=but))


def waiting(session: Session, *, but: str | None) -> int:
    """How many mails of other experiments wait to leave. Read from counts of the database."""
    question = (
        select(func.coalesce(func.sum(col(SendCount.sends)), 0))
        .join(Experiment, col(Experiment.id) == col(SendCount.experiment_id))
        .where(
            col(SendCount.state) == State.QUEUED,
            col(Experiment.status) == Status.RUNNING,
            col(Experiment.id) != (but or ""),
        )
    )
    return int(session.execute(question).scalar_one())

"""From its first reservation a person counts, whatever follows."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session

from app.delivery.settling import Reserved
from app.experiments.models import Experiment
from app.tally import store as tally
from app.tally.models import Outcome


def release(session: Session, experiment: Experiment, people: Iterable[Reserved]) -> None:
    """Count people in their arm, each with the moment at which their window closes."""
    window = timedelta(hours=float(experiment.design["metric"]["window_hours"]))
    stop = stop_of(experiment)
    tally.release(
        session,
        [
            Outcome(
                send_id=one.send_id,
                experiment_id=one.experiment_id,
                arm=one.arm,
                released_at=one.released_at,
                closes_at=_closing(one.released_at + window, stop),
            )
            for one in people
        ],
    )


def stop_of(experiment: Experiment) -> datetime | None:
    """When counting ends for everybody, if the design says so."""
    stop = experiment.design.get("stop_at")
    return datetime.fromisoformat(str(stop)) if stop else None


def _closing(end_of_window: datetime, stop: datetime | None) -> datetime:
    return end_of_window if stop is None else min(end_of_window, stop)

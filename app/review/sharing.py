"""A readout is shared once there is one."""

from datetime import datetime

from sqlmodel import Session

from app.experiments import store
from app.experiments.models import Experiment
from app.identity import share_links
from app.identity.callers import Principal
from app.identity.share_links import Made
from app.platform.errors import Conflict


def share(session: Session, experiment_id: str, *, days: int, by: Principal, now: datetime) -> Made:
    """A link by which anybody reads it for so many days. Raises Conflict, Invalid and NotFound."""
    refuse_nothing(store.experiment_of(session, experiment_id))
    return share_links.make(session, experiment_id, days=days, by=by, now=now)


def refuse_nothing(experiment: Experiment) -> None:
    """Raises Conflict where nothing was sent yet."""
    if experiment.started_at is None:
        raise Conflict("There is no readout before the first mail has left.")

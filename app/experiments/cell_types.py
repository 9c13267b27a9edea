"""How the cells of an experiment's people are read: as its audience has it, frozen at launch."""

from sqlmodel import Session

from app.audience import profile
from app.audience.columns import UNTYPED, Columns
from app.experiments.models import Experiment, Status


def columns_of(session: Session, experiment: Experiment) -> Columns:
    """The columns of a draft's audience now; from the launch on, what they were then.

    What was launched before columns had types is mailed as it was promised: untyped.
    """
    if experiment.columns is not None:
        return Columns.of(experiment.columns)
    if experiment.status == Status.DRAFT:
        return profile.columns_of(session, experiment.audience_id)
    return UNTYPED

"""By which rules hits are judged: those of the launch, until somebody adopts newer ones."""

from collections.abc import Sequence

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.experiments.models import Experiment


def adopt(session: Session, experiment_id: str | None, *, version: str) -> None:
    """Judge an experiment's hits (None: everybody's) by rules of this version from now on."""
    launched = update(Experiment).where(col(Experiment.rule_version) != version)
    if experiment_id is not None:
        launched = launched.where(col(Experiment.id) == experiment_id)
    session.execute(launched.values(rule_version=version))


def versions_of(session: Session, experiment_ids: Sequence[str]) -> dict[str, str]:
    """The version of each that was launched. Asked each time: it is adopted from elsewhere."""
    question = select(Experiment.id, Experiment.rule_version)
    question = question.where(
        col(Experiment.id).in_(experiment_ids), col(Experiment.rule_version).is_not(None)
    )
    return {one: version or "" for one, version in session.execute(question)}

"""All SQL of an organisation's own templates."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from app.experiments.models import ExperimentTemplate
from app.platform.errors import NotFound


def every(session: Session) -> Sequence[ExperimentTemplate]:
    """An organisation's own templates, by name."""
    return session.exec(select(ExperimentTemplate).order_by(col(ExperimentTemplate.name))).all()


def named(session: Session, name: str) -> ExperimentTemplate | None:
    """The template with this name."""
    wanted = select(ExperimentTemplate).where(ExperimentTemplate.name == name)
    return session.exec(wanted).first()


def of(session: Session, template_id: str) -> ExperimentTemplate:
    """A template. Raises NotFound."""
    row = session.get(ExperimentTemplate, template_id)
    if row is None:
        raise NotFound("There is no such template.")
    return row

"""All SQL of an organisation's own templates."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from app.experiments.models import ExperimentTemplate
from app.platform.errors import NotFound
from app.platform.paging import Order, Part, part

_TEMPLATES = Order("experiment templates")


def every(session: Session) -> Sequence[ExperimentTemplate]:
    """An organisation's own templates, by name."""
    return session.exec(select(ExperimentTemplate).order_by(col(ExperimentTemplate.name))).all()


def page(session: Session, *, cursor: str | None, limit: int) -> Part[ExperimentTemplate]:
    """The same in the order they were kept."""
    every_one = select(ExperimentTemplate)
    return part(session, every_one, _TEMPLATES, ExperimentTemplate.id, cursor=cursor, limit=limit)


def named(session: Session, name: str) -> ExperimentTemplate | None:
    """The template with this name."""
    wanted = select(ExperimentTemplate).where(ExperimentTemplate.name == name)
    return session.exec(wanted).first()


def template_by_id(session: Session, template_id: str) -> ExperimentTemplate:
    """A template. Raises NotFound."""
    row = session.get(ExperimentTemplate, template_id)
    if row is None:
        raise NotFound("There is no such template.")
    return row

"""The SQL of links: where those of an arm lead, and what moves when one is edited."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Row,
    func,
    insert,
    select,
)
from sqlmodel import Session, col

from app.delivery.models import (
    Destination,
    DestinationSet,
)
from app.experiments.models import Experiment

_DESTINATION = Destination.__table__  # type: ignore[attr-defined]  # as above
_LINK = tuple(_DESTINATION.c[name] for name in ("set_id", "link", "kind", "label", "address"))


def add_set(session: Session, row: DestinationSet, links: Sequence[Mapping[str, object]]) -> None:
    """Keep where the links of an arm lead."""
    session.add(row)
    session.flush()
    if links:
        session.execute(insert(Destination), links)


def set_of(session: Session, experiment_id: str, arm: str) -> DestinationSet | None:
    """The links that an arm's sends carry."""
    question = select(DestinationSet).where(
        col(DestinationSet.experiment_id) == experiment_id,
        col(DestinationSet.arm) == arm,
        col(DestinationSet.purpose) == "send",
    )
    return session.scalars(question).first()


def sets_of(session: Session, experiment_id: str) -> dict[str, DestinationSet]:
    """The same of every arm that has some, by its key."""
    question = select(DestinationSet).where(
        col(DestinationSet.experiment_id) == experiment_id,
        col(DestinationSet.purpose) == "send",
    )
    return {row.arm: row for row in session.scalars(question)}


def arms_of(session: Session, set_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """One row per set of links that sends carry: whose it is, and how many it has."""
    question = (
        select(
            col(DestinationSet.id),
            col(DestinationSet.experiment_id),
            col(DestinationSet.arm),
            col(DestinationSet.links),
            col(Experiment.design),
            col(Experiment.rule_version),
        )
        .join(Experiment, col(Experiment.id) == col(DestinationSet.experiment_id))
        .where(col(DestinationSet.id).in_(set_ids), col(DestinationSet.purpose) == "send")
    )
    return session.execute(question).all()


def destinations_of(session: Session, set_id: int) -> Sequence[Row[Any]]:
    """One row per link of a set, in their order: link, kind, label, address."""
    question = select(*_LINK).where(_DESTINATION.c.set_id == set_id)
    return session.execute(question.order_by(_DESTINATION.c.link)).all()


def labels_of(session: Session, set_ids: Sequence[int]) -> dict[int, dict[int, str]]:
    """What the links of some sets are called: by set, then by place."""
    question = select(*_LINK).where(_DESTINATION.c.set_id.in_(set_ids))
    found: dict[int, dict[int, str]] = {}
    for row in session.execute(question):
        found.setdefault(row.set_id, {})[row.link] = row.label
    return found


def all_destinations(session: Session) -> Sequence[Row[Any]]:
    """One row per link of every set, for the snapshot of the redirect."""
    question = select(*_LINK).order_by(_DESTINATION.c.set_id, _DESTINATION.c.link)
    return session.execute(question).all()


def destinations_version(session: Session) -> int:
    """A number that moves whenever a destination is edited. New sets need no notice."""
    return session.scalar(select(func.coalesce(func.sum(Destination.version - 1), 0))) or 0


def destinations_state(session: Session) -> tuple[int, int]:
    """What moves with every edited destination, and with every new set."""
    newest = session.scalar(select(func.coalesce(func.max(DestinationSet.id), 0))) or 0
    return destinations_version(session), newest


def links_of(session: Session, experiment_id: str) -> list[Destination]:
    """Where the links of an experiment's sends lead, by arm and place."""
    question = (
        select(Destination)
        .join(DestinationSet, col(DestinationSet.id) == col(Destination.set_id))
        .where(
            col(DestinationSet.experiment_id) == experiment_id,
            col(DestinationSet.purpose) == "send",
        )
        .order_by(col(Destination.arm), col(Destination.link))
    )
    return list(session.scalars(question).all())

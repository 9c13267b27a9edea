"""The SQL of cooling off and of exclusions: who had a mail of whom, and who is spoken for.

A mail counts, not an enrolment: whoever got nothing (holdout, passed over, refused) is free.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlmodel import Session, col

from app.experiments.models import Enrolment, Experiment, Status
from app.experiments.terms import HOLDOUT
from app.tally.models import Outcome

_STILL_RELEASING = (Status.SCHEDULED, Status.RUNNING, Status.PAUSED)


def mailed(session: Session, person_ids: Sequence[str], *, since: datetime, but: str) -> set[str]:
    """Of these people, those who had a mail of another experiment since then, or soon may."""
    question = (
        select(col(Enrolment.person_id))
        .join(Outcome, col(Outcome.send_id) == col(Enrolment.id))
        .where(
            col(Enrolment.person_id).in_(person_ids),
            col(Enrolment.experiment_id) != but,
            may_have_arrived(since),
        )
    )
    return set(session.scalars(question))


def may_have_arrived(since: datetime) -> ColumnElement[bool]:
    """A released mail that arrived since then, or may have, or is on its way still."""
    on_its_way = ~col(Outcome.sent) & ~col(Outcome.uncertain)
    at = func.coalesce(col(Outcome.mailed_at), col(Outcome.released_at))
    refused = col(Outcome.failed) | col(Outcome.bounced)
    return (col(Outcome.arm) != HOLDOUT) & ~refused & (on_its_way | (at > since))


def spoken_for(session: Session, person_ids: Sequence[str], *, but: str) -> set[str]:
    """Of these people, those whom another experiment has enrolled and not released yet.

    In whatever arm: whoever is left out for it would otherwise tell the arms apart.
    """
    question = _enrolled(person_ids, but=but).where(
        col(Experiment.status).in_(_STILL_RELEASING), ~_is_released()
    )
    return set(session.scalars(question))


def took_part(
    session: Session, person_ids: Sequence[str], *, experiment_ids: Sequence[str], but: str
) -> set[str]:
    """Of these people, those in the named experiments, unless it passed them over."""
    question = _enrolled(person_ids, but=but).where(
        col(Experiment.id).in_(experiment_ids),
        col(Experiment.status).in_(_STILL_RELEASING) | _is_released(),
    )
    return set(session.scalars(question))


def _enrolled(person_ids: Sequence[str], *, but: str) -> Select[str]:
    return (
        select(col(Enrolment.person_id))
        .join(Experiment, col(Experiment.id) == col(Enrolment.experiment_id))
        .where(col(Enrolment.person_id).in_(person_ids), col(Experiment.id) != but)
    )


def _is_released() -> ColumnElement[bool]:
    return exists().where(col(Outcome.send_id) == col(Enrolment.id))

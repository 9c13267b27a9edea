"""The SQL of cooling off and of exclusions: who had a mail of whom, and who is spoken for.

A mail counts, not an enrolment: whoever got nothing (holdout, passed over, refused) is free, and
whoever was in a rehearsal, which mails nobody.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, literal, select, union_all
from sqlmodel import Session, col

from app.experiments.models import Enrolment, Experiment, Status
from app.experiments.vocabulary import HOLDOUT
from app.platform.db import among
from app.tally.models import Outcome

_STILL_RELEASING = (Status.SCHEDULED, Status.RUNNING, Status.PAUSED)


def kept_away(
    session: Session,
    person_ids: Sequence[str],
    *,
    since: datetime | None,
    experiment_ids: Sequence[str],
    but: str,
) -> dict[str, str]:
    """Of these people, those whom other experiments keep from this one, and why.

    `cooling_off`: a mail since then, or spoken for; `excluded`: took part in one of these. Asked
    at once: whoever is released meanwhile is either spoken for or mailed, and never neither.
    """
    mine = among(session, Enrolment.person_id, person_ids)
    asked = [_took_part(experiment_ids)] if experiment_ids else []
    asked += [_spoken_for(), _mailed(since)] if since else []
    if not asked:
        return {}
    question = union_all(*(one.where(mine, col(Enrolment.experiment_id) != but) for one in asked))
    found = session.execute(question).all()
    reasons = ("cooling_off", "excluded")  # the last one is told
    return {person: why for told in reasons for person, why in found if why == told}


def _mailed(since: datetime) -> Select[str, str]:
    """Who had a mail of another experiment since then, or soon may."""
    return (
        _of_experiments("cooling_off")
        .join(Outcome, col(Outcome.send_id) == col(Enrolment.id))
        .where(may_have_arrived(since))
    )


def may_have_arrived(since: datetime) -> ColumnElement[bool]:
    """A released mail that arrived since then, or may have, or is on its way still."""
    on_its_way = ~col(Outcome.sent) & ~col(Outcome.uncertain)
    at = func.coalesce(col(Outcome.mailed_at), col(Outcome.released_at))
    refused = col(Outcome.failed) | col(Outcome.bounced)
    return (col(Outcome.arm) != HOLDOUT) & ~refused & (on_its_way | (at > since))


def _spoken_for() -> Select[str, str]:
    """Whom another experiment has enrolled and not released yet.

    In whatever arm: whoever is left out for it would otherwise tell the arms apart.
    """
    return _of_experiments("cooling_off").where(
        col(Experiment.status).in_(_STILL_RELEASING), ~_is_released()
    )


def _took_part(experiment_ids: Sequence[str]) -> Select[str, str]:
    """Who is in the named experiments, unless it passed them over."""
    return _of_experiments("excluded").where(
        col(Experiment.id).in_(experiment_ids),
        col(Experiment.status).in_(_STILL_RELEASING) | _is_released(),
    )


def _of_experiments(why: str) -> Select[str, str]:
    is_its = col(Experiment.id) == col(Enrolment.experiment_id)
    enrolled = select(col(Enrolment.person_id), literal(why)).join(Experiment, is_its)
    return enrolled.where(~col(Experiment.rehearsal))


def _is_released() -> ColumnElement[bool]:
    return exists().where(col(Outcome.send_id) == col(Enrolment.id))

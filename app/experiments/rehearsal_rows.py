"""The SQL of rehearsals: which draft's mails are to be composed next."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_
from sqlmodel import Session, col, select

from app.audience.models import Audience
from app.experiments.models import Experiment, Rehearsal, Status

_RECENT = timedelta(days=14)  # ours: nobody waits for a draft that lay longer


def drafts(session: Session, *, least: int, now: datetime) -> Sequence[str]:
    """Drafts whose people are many and not all looked at; what was changed last comes first."""
    query = (
        select(Experiment.id)
        .join(Audience, col(Audience.id) == col(Experiment.audience_id))
        .outerjoin(Rehearsal, col(Rehearsal.experiment_id) == col(Experiment.id))
        .where(
            Experiment.status == Status.DRAFT,
            Audience.people > least,
            Experiment.updated_at > now - _RECENT,
            or_(
                col(Rehearsal.experiment_id).is_(None),
                col(Rehearsal.done).is_(False),
                col(Rehearsal.design_at) != col(Experiment.updated_at),
                col(Rehearsal.audience_id) != col(Experiment.audience_id),
                col(Rehearsal.revision) != col(Audience.revision),
            ),
        )
        .order_by(col(Experiment.updated_at).desc(), col(Experiment.id))
    )
    return session.exec(query).all()

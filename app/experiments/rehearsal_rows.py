"""The SQL of rehearsals: whose mails are to be composed next, and what came of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, insert, or_, tuple_
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from app.audience.members import Member
from app.audience.models import Audience, Import
from app.experiments.eligibility import Judge, Known
from app.experiments.models import Experiment, Rehearsal, Status, Unwritable
from app.experiments.ports import Fault, Reason

_RECENT = timedelta(days=14)  # ours: nobody waits for a draft that lay longer
_LET_GO = 1_000  # rows of earlier runs that go in one transaction


def to_compose(session: Session, *, frame: str, today: str, now: datetime) -> Sequence[str]:
    """Experiments whose people are not all looked at; what was changed last comes first.

    Drafts, and launches that wait for their time: whoever falls away until then
    is known before. Columns are whole again when the file that changes them is read.
    """
    waits = and_(
        col(Experiment.status) == Status.SCHEDULED,
        or_(col(Experiment.scheduled_at) > now, col(Experiment.undo_seconds) > 0),
    )
    draft = and_(
        col(Experiment.status) == Status.DRAFT,
        col(Experiment.updated_at) > now - _RECENT,
    )
    is_read = exists().where(
        col(Import.audience_id) == col(Audience.id), col(Import.status) == "running"
    )
    query = (
        select(Experiment.id)
        .join(Audience, col(Audience.id) == col(Experiment.audience_id))
        .outerjoin(Rehearsal, col(Rehearsal.experiment_id) == col(Experiment.id))
        .where(
            or_(waits, draft),
            ~is_read,
            or_(
                col(Rehearsal.experiment_id).is_(None),
                col(Rehearsal.done).is_(False),
                col(Rehearsal.design_at) != col(Experiment.updated_at),
                col(Rehearsal.audience_id) != col(Experiment.audience_id),
                col(Rehearsal.revision) != col(Audience.revision),
                col(Rehearsal.frame) != frame,
                and_(
                    col(Experiment.status) == Status.DRAFT, col(Rehearsal.day).not_in(("", today))
                ),
            ),
        )
        .order_by(col(Experiment.updated_at).desc(), col(Experiment.id))
    )
    return session.exec(query).all()


def held(session: Session, judge: Judge) -> Rehearsal | None:
    """The rehearsal of this design, these mails, people and columns, as far as it is."""
    query = select(Rehearsal).where(*_holds(judge))
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def known(session: Session, judge: Judge, people: Sequence[Member]) -> Known:
    """What a rehearsal found out about these people, who are in order of their ids.

    Asked after they were read: then it holds.
    """
    if not people:
        return {}
    among = col(Unwritable.person_id).between(people[0].person_id, people[-1].person_id)
    is_its = and_(
        col(Unwritable.experiment_id) == col(Rehearsal.experiment_id),
        col(Unwritable.run) == col(Rehearsal.run),
    )
    query = (
        sa_select(col(Rehearsal.done), col(Rehearsal.after), Unwritable)
        .outerjoin(Unwritable, is_its & among)
        .where(*_holds(judge))
    )
    rows = session.execute(query).all()
    if not rows:
        return {}
    done, after, _ = rows[0]
    ids = [person.person_id for person in people if done or person.person_id <= (after or "")]
    faults = {row.person_id: _fault(row) for *_, row in rows if row is not None}
    return {one: faults.get(one) for one in ids}


def _holds(judge: Judge) -> tuple[ColumnElement[bool], ...]:
    """It is of these mails, and of the audience as it is."""
    revision = select(Audience.revision).where(Audience.id == judge.audience_id).scalar_subquery()
    return (
        col(Rehearsal.experiment_id) == judge.experiment_id,
        col(Rehearsal.made_of) == judge.made_of.hash,
        col(Rehearsal.audience_id) == judge.audience_id,
        col(Rehearsal.revision) == revision,
    )


def _fault(row: Unwritable) -> Fault:
    return Fault(Reason(row.reason), row.detail, row.about)


def add_faults(session: Session, row: Rehearsal, faults: Mapping[str, Fault]) -> None:
    """Note whose mail could not be written in this run; what earlier runs noted goes by and by."""
    rows = [
        {
            "experiment_id": row.experiment_id,
            "run": row.run,
            "person_id": person_id,
            "reason": fault.reason,
            "detail": fault.detail,
            "about": fault.about,
        }
        for person_id, fault in faults.items()
    ]
    if rows:
        session.execute(insert(Unwritable), rows)
    of_earlier = (
        col(Unwritable.experiment_id) == row.experiment_id,
        col(Unwritable.run) != row.run,
    )
    some = select(Unwritable.run, Unwritable.person_id).where(*of_earlier).limit(_LET_GO)
    one = tuple_(col(Unwritable.run), col(Unwritable.person_id))
    session.execute(delete(Unwritable).where(of_earlier[0], one.in_(some)))

"""The SQL of rehearsals: whose mails are to be composed next, and what came of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, exists, insert, or_, tuple_
from sqlmodel import Session, col, select

from app.audience import store as audience
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
    row = session.get(Rehearsal, judge.experiment_id, populate_existing=True)
    if row is None or (row.made_of, row.audience_id) != (judge.made_of.hash, judge.audience_id):
        return None
    people = audience.audience_of(session, judge.audience_id)
    session.refresh(people)
    return row if row.revision == people.revision else None


def known(session: Session, judge: Judge, people: Sequence[Member]) -> Known:
    """What a rehearsal found out about these people. Asked after they were read: then it holds."""
    row = held(session, judge)
    if row is None or not people:
        return {}
    ids = [one.person_id for one in people if row.done or one.person_id <= (row.after or "")]
    found: dict[str, Fault | None] = dict.fromkeys(ids)
    query = select(Unwritable).where(
        Unwritable.experiment_id == judge.experiment_id,
        Unwritable.run == row.run,
        col(Unwritable.person_id).in_(ids),
    )
    for one in session.exec(query):
        found[one.person_id] = Fault(Reason(one.reason), one.detail, one.about)
    return found


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

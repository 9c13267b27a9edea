"""All SQL of tracking."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col

from app.links.token import NOBODY
from app.platform.journal import Segment
from app.platform.paging import Order, Part, part
from app.tally.models import Outcome
from app.tracking.models import Answer, Hit, JournalSegment, Reaction

_HITS = Order("hits", (int,))

_HIT = Hit.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table classes
_SEGMENT = JournalSegment.__table__  # type: ignore[attr-defined]  # as above
_REACTION = Reaction.__table__  # type: ignore[attr-defined]  # as above


def offset_of(session: Session, segment: Segment) -> int:
    """How far a segment is ingested."""
    row = session.get(JournalSegment, segment.id)
    return row.offset if row else 0


def advance(session: Session, segment: Segment, *, old: int, new: int, now: datetime) -> bool:
    """Claim the lines between two offsets. False: somebody else ingested them meanwhile."""
    fields = {"id": segment.id, "folder": str(segment.path.parent), "read_at": now, "offset": 0}
    session.execute(new_only(session, JournalSegment), [fields])
    moved = session.execute(
        update(_SEGMENT)
        .where(_SEGMENT.c.id == segment.id, _SEGMENT.c.offset == old)
        .values(offset=new, read_at=now)
        .returning(_SEGMENT.c.id)
    )
    return moved.first() is not None


def due_reactions(session: Session, *, now: datetime, limit: int) -> list[int]:
    """Sends whose hits are to be judged again."""
    question = select(_REACTION.c.send_id).where(_REACTION.c.due_at <= now)
    return list(session.scalars(question.order_by(_REACTION.c.due_at).limit(limit)))


def add_hits(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Keep new hits. One that is there already (same segment, same offset) is passed over."""
    if rows:
        session.execute(new_only(session, Hit), rows)


def sends_with_hits(
    session: Session, *, experiment_id: str | None, after: int, limit: int
) -> list[int]:
    """The next sends that have hits, in the order of their ids.

    Hits of nobody are judged once: what they were judged by is forgotten.
    """
    question = select(_HIT.c.send_id).distinct().where(_HIT.c.send_id > after)
    question = question.where(_HIT.c.send_id != NOBODY)
    if experiment_id is not None:
        question = question.where(_HIT.c.experiment_id == experiment_id)
    return list(session.scalars(question.order_by(_HIT.c.send_id).limit(limit)))


def hits_page(session: Session, experiment_id: str, *, cursor: str | None, limit: int) -> Part[Hit]:
    """Hits of an experiment, in the order of arrival."""
    question = select(Hit).where(col(Hit.experiment_id) == experiment_id)
    return part(session, question, _HITS, Hit.id, cursor=cursor, limit=limit)


def hits_of_send(session: Session, send_id: int) -> Sequence[Hit]:
    """The hits of one send, in the order in which they came."""
    question = select(Hit).where(col(Hit.send_id) == send_id)
    return session.scalars(question.order_by(col(Hit.at), col(Hit.id))).all()


def forget_links(session: Session, experiment_id: str) -> None:
    """Forget what the counters of links hold for an experiment's sends."""
    sends = select(_HIT.c.send_id).where(_HIT.c.experiment_id == experiment_id)
    session.execute(update(_REACTION).where(_REACTION.c.send_id.in_(sends)).values(links={}))


def answers_of(session: Session, experiment_id: str) -> Sequence[Answer]:
    """The answers of an experiment's people, newest first."""
    question = select(Answer).join(Outcome, col(Outcome.send_id) == col(Answer.send_id))
    question = question.where(col(Outcome.experiment_id) == experiment_id)
    return session.scalars(question.order_by(col(Answer.at).desc(), col(Answer.send_id))).all()


def new_only(session: Session, model: type[SQLModel]) -> Insert:
    """An INSERT that passes over rows that are there: said differently to each database."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(model).on_conflict_do_nothing()
    return sqlite.insert(model).on_conflict_do_nothing()

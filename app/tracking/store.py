"""All SQL of tracking."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, Row, bindparam, select, update
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


def locked_reactions(session: Session, send_ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Make sure that each send has a reaction, and hold them until the transaction ends."""
    ids = sorted(send_ids)
    blank: dict[str, object] = {"judged_version": "", "due_at": None, "links": {}}
    session.execute(new_only(session, Reaction), [{"send_id": i, **blank} for i in ids])
    rows = session.execute(
        select(_REACTION)
        .where(_REACTION.c.send_id.in_(ids))
        .order_by(_REACTION.c.send_id)
        .with_for_update()
    )
    return {row.send_id: row for row in rows}


def set_reactions(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Note how a send was judged: `row_id`, `judged_version`, `due_at`, `links`."""
    if rows:
        fields = ("judged_version", "due_at", "links")
        session.connection().execute(_by_key(_REACTION.c.send_id, fields), rows)


def due_reactions(session: Session, *, now: datetime, limit: int) -> list[int]:
    """Sends whose hits are to be judged again."""
    question = select(_REACTION.c.send_id).where(_REACTION.c.due_at <= now)
    return list(session.scalars(question.order_by(_REACTION.c.due_at).limit(limit)))


def hits_of(session: Session, send_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """All hits of some sends, in the order in which they came."""
    question = select(_HIT).where(_HIT.c.send_id.in_(send_ids))
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in session.execute(question.order_by(_HIT.c.send_id, _HIT.c.at, _HIT.c.id)):
        found[row.send_id].append(row)
    return found


def add_hits(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Keep new hits. One that is there already (same segment, same offset) is passed over."""
    if rows:
        session.execute(new_only(session, Hit), rows)


def set_verdicts(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Change what was thought of hits: `row_id` and all fields of a verdict."""
    if rows:
        fields = ("experiment_id", "arm", "verdict", "rule", "rule_version", "reason", "via_proxy")
        session.connection().execute(_by_key(_HIT.c.id, fields), rows)


def set_counts(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Fold further repeats into hits: `row_id` and `count`."""
    if rows:
        session.connection().execute(_by_key(_HIT.c.id, ("count",)), rows)


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


def _by_key(key: Any, fields: Sequence[str]) -> Any:
    values: dict[str, Any] = {name: bindparam(name) for name in fields}
    return update(key.table).where(key == bindparam("row_id")).values(values)


def new_only(session: Session, model: type[SQLModel]) -> Insert:
    """An INSERT that passes over rows that are there: said differently to each database."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(model).on_conflict_do_nothing()
    return sqlite.insert(model).on_conflict_do_nothing()

"""All SQL of tracking."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Insert, ScalarSelect, case, func, select, text, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, col

from app.links.token import NOBODY
from app.platform.journal import Segment
from app.platform.paging import Order, Part, part, part_within
from app.tracking.models import Answer, Hit, HitCount, JournalSegment, Reaction
from app.tracking.ranges import AddressClass
from app.tracking.verdicts import VERSION, Verdict

_HITS = Order("hits", (int,))
_COUNTED = Order("counted hits", (int, datetime, str, int, str))
_BEFORE_ALL = (0, datetime(1970, 1, 1, tzinfo=UTC), "", 0, "")

_HIT = Hit.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table classes
_SEGMENT = JournalSegment.__table__  # type: ignore[attr-defined]  # as above
_REACTION = Reaction.__table__  # type: ignore[attr-defined]  # as above


def offsets_of(session: Session, segments: Iterable[Segment]) -> dict[str, int]:
    """How far segments are ingested, by their ids."""
    names = [segment.id for segment in segments]
    question = select(_SEGMENT.c.id, _SEGMENT.c.offset).where(_SEGMENT.c.id.in_(names))
    return dict.fromkeys(names, 0) | {row.id: row.offset for row in session.execute(question)}


def advance(session: Session, segment: Segment, *, old: int, new: int, now: datetime) -> bool:
    """Claim the lines between two offsets. False: somebody else ingested them meanwhile."""
    move = (
        update(_SEGMENT)
        .where(_SEGMENT.c.id == segment.id, _SEGMENT.c.offset == old)
        .values(offset=new, read_at=now)
        .returning(_SEGMENT.c.id)
    )
    if session.execute(move).first() is not None:
        return True
    if old:
        return False
    fields = {"id": segment.id, "folder": str(segment.path.parent), "read_at": now, "offset": 0}
    session.execute(new_only(session, JournalSegment), [fields])
    return session.execute(move).first() is not None


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
    """Hits of an experiment, in the order of arrival; behind them what is only counted."""
    mine = col(HitCount.experiment_id) == experiment_id
    if cursor is not None and _COUNTED.holds(cursor):
        key = (HitCount.send_id, HitCount.since, HitCount.kind, HitCount.link, HitCount.method)
        found = part(
            session, select(HitCount).where(mine), _COUNTED, *key, cursor=cursor, limit=limit
        )
        return Part(map(as_hit, found), found.next)
    within = (col(Hit.experiment_id), experiment_id)
    hits = part_within(
        session, select(Hit), _HITS, col(Hit.id), within=within, cursor=cursor, limit=limit
    )
    if hits.next is None and session.scalars(select(HitCount).where(mine).limit(1)).first():
        hits.next = _COUNTED.cursor_of(_BEFORE_ALL)
    return hits


def hits_of_send(session: Session, send_id: int, *, limit: int) -> Sequence[Hit]:
    """The newest hits of one mail, the first of them first."""
    question = select(Hit).where(col(Hit.send_id) == send_id)
    newest = question.order_by(col(Hit.at).desc(), col(Hit.id).desc()).limit(limit)
    return session.scalars(newest).all()[::-1]


def as_hit(row: HitCount) -> Hit:
    """What is only counted, for whoever lists hits: one for all of an hour, judged by nobody."""
    name = ("counted", str(row.send_id), f"{row.since:%Y%m%dT%H%M%S}", row.kind, str(row.link))
    return Hit(
        segment_id="-".join((*name, row.method)),
        segment_offset=0,
        send_id=row.send_id,
        experiment_id=row.experiment_id,
        arm=row.arm,
        kind=row.kind,
        link=row.link,
        at=row.since,
        method=row.method,
        user_agent="",
        address_class=AddressClass.UNKNOWN,
        address_key="",
        verdict=Verdict.UNKNOWN,
        rule="R00",
        rule_version=VERSION,
        reason="only counted: past 100 in a minute, or 1,000 of this mail",
        count=row.count,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """How many of an experiment's people said yes and no, and the newest that they wrote."""

    yes: int
    no: int
    comments: Sequence[Answer]


def answers_told(session: Session, experiment_id: str, *, limit: int) -> Told:
    """The answers of an experiment's people."""
    mine, said = col(Answer.experiment_id) == experiment_id, text("answer.comment <> ''")
    useful = col(Answer.useful)
    counts = select(
        func.count(case((useful.is_(True), 1))).label("yes"),
        func.count(case((useful.is_(False), 1))).label("no"),
    )
    order = (col(Answer.at).desc(), col(Answer.send_id).desc())
    newest = select(Answer).where(mine, said).order_by(*order).limit(limit).subquery()
    counted, comment = counts.where(mine).subquery(), aliased(Answer, newest)
    question = (
        select(counted.c.yes, counted.c.no, comment)
        .select_from(counted)
        .outerjoin(comment, true())
        .order_by(col(comment.at).desc(), col(comment.send_id).desc())
    )
    found = session.execute(question).all()
    return Told(found[0].yes, found[0].no, [row[2] for row in found if row[2] is not None])


def new_only(session: Session, model: type[SQLModel]) -> Insert:
    """An INSERT that passes over rows that are there: said differently to each database."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(model).on_conflict_do_nothing()
    return sqlite.insert(model).on_conflict_do_nothing()


def first_reaction_due() -> ScalarSelect[datetime]:
    """When the send's hits were to be judged again that wait longest."""
    return select(func.min(_REACTION.c.due_at)).scalar_subquery()

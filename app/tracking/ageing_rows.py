"""The SQL of ageing: which hits are old, and what is taken from them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select, update
from sqlmodel import Session, col

from app.tracking.models import Ageing, Hit, HitCount, Reaction

_HIT = Hit.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table classes
_SHRINK = (
    update(_HIT)
    .where(_HIT.c.id == bindparam("row_id"))
    .values(user_agent=bindparam("family"), intact=False)
)
_BROWSERS = "browsers"


class Browser(NamedTuple):
    """A hit's browser, and when it came."""

    id: int
    send_id: int
    at: datetime
    user_agent: str


def oldest(session: Session, *, before: datetime, limit: int) -> list[tuple[int, int]]:
    """The first hits, as far as they are old: their numbers and their sends'."""
    question = select(_HIT.c.id, _HIT.c.send_id, _HIT.c.at).order_by(_HIT.c.id).limit(limit)
    return [(row.id, row.send_id) for row in session.execute(question) if row.at < before]


def drop(session: Session, old: Sequence[tuple[int, int]], *, before: datetime) -> None:
    """Delete hits; their sends' outcomes and counters stay as they are, for ever."""
    sends = sorted({send_id for _, send_id in old})
    mine = col(Reaction.send_id).in_(sends)
    session.execute(update(Reaction).where(mine).values(gone=True, due_at=None, memory=""))
    counted = col(HitCount.send_id).in_(sends), col(HitCount.since) < before
    session.execute(delete(HitCount).where(*counted))
    session.execute(delete(Hit).where(col(Hit.id).in_([hit_id for hit_id, _ in old])))


def looked_at(session: Session) -> int:
    """The last hit whose browser was looked at."""
    row = session.get(Ageing, _BROWSERS)
    return row.after if row else 0


def ran_at(session: Session) -> datetime | None:
    """When anybody last looked."""
    row = session.get(Ageing, _BROWSERS)
    return row.ran_at if row else None


def following(session: Session, *, after: int, limit: int) -> list[Browser]:
    """The hits behind one, in the order of their numbers."""
    question = select(_HIT.c.id, _HIT.c.send_id, _HIT.c.at, _HIT.c.user_agent).where(
        _HIT.c.id > after
    )
    return [Browser(*row) for row in session.execute(question.order_by(_HIT.c.id).limit(limit))]


def shrink(session: Session, families: Sequence[tuple[Browser, str]]) -> None:
    """Leave of browsers their families; what rules said of them stays said."""
    if families:
        rows = [{"row_id": hit.id, "family": name} for hit, name in families]
        session.connection().execute(_SHRINK, rows)
        mine = col(Reaction.send_id).in_(sorted({hit.send_id for hit, _ in families}))
        session.execute(update(Reaction).where(mine).values(memory=""))


def note(session: Session, after: int, *, now: datetime) -> None:
    """The next round begins behind this hit."""
    session.merge(Ageing(name=_BROWSERS, after=after, ran_at=now))


def first(session: Session) -> datetime | None:
    """When the oldest hit came that is kept."""
    question = select(_HIT.c.at).order_by(_HIT.c.id).limit(1)
    return session.scalars(question).first()

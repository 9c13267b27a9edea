"""What each of the team is to know: the lines behind their bell, and what else comes by mail."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ScalarSelect, delete, func, update
from sqlmodel import Session, col, select

from app.identity.models import News, NoticeChoice, User, Watch
from app.platform.errors import NotFound
from app.platform.ids import new_id
from app.platform.paging import Order, Part, part
from app.platform.statements import added_once

_ORDER = Order("notices", is_descending=True)
_KEPT = timedelta(days=180)  # chosen by us: what nobody looked at for half a year is no news


def add(
    session: Session,
    user_id: str,
    *,
    fact: str,
    kind: str,
    sentence: str,
    href: str,
    now: datetime,
) -> bool:
    """Tell somebody a fact; False where they were told it already. What is very old goes."""
    values: dict[str, Any] = {"id": new_id(), "user_id": user_id, "fact": fact, "kind": kind}
    values |= {"sentence": sentence, "href": href, "at": now, "read_at": None}
    if not added_once(session, News, values, unless=("user_id", "fact")):
        return False
    old = (col(News.user_id) == user_id) & (col(News.at) < now - _KEPT)
    session.execute(delete(News).where(old))
    return True


def page(session: Session, user_id: str | None, *, cursor: str | None, limit: int) -> Part[News]:
    """What somebody was told, the newest first."""
    mine = select(News).where(News.user_id == user_id)
    return part(session, mine, _ORDER, News.id, cursor=cursor, limit=limit)


def unread() -> ScalarSelect[int]:
    """How many lines a user of the query around it has not read."""
    mine = (col(News.user_id) == col(User.id)) & col(News.read_at).is_(None)
    return select(func.count()).select_from(News).where(mine).correlate(User).scalar_subquery()


def read(session: Session, user_id: str | None, news_id: str, *, now: datetime) -> News:
    """Somebody has seen a line of theirs. Raises NotFound."""
    row = session.get(News, news_id)
    if row is None or row.user_id != user_id:
        raise NotFound("There is no such notice of yours.")
    row.read_at = row.read_at or now
    session.add(row)
    return row


def read_all(session: Session, user_id: str | None, *, now: datetime) -> None:
    """Somebody has seen every line of theirs."""
    mine = (col(News.user_id) == user_id) & col(News.read_at).is_(None)
    session.execute(update(News).where(mine).values(read_at=now))


def choices_of(session: Session, user_id: str) -> Mapping[str, bool]:
    """What somebody chose of each kind: whether it comes by mail."""
    rows = session.exec(select(NoticeChoice).where(NoticeChoice.user_id == user_id)).all()
    return {row.kind: row.by_mail for row in rows}


def choose(session: Session, user_id: str, chosen: Mapping[str, bool]) -> None:
    """Say of kinds whether they come by mail; the others stay as they are."""
    for kind, by_mail in chosen.items():
        session.merge(NoticeChoice(user_id=user_id, kind=kind, by_mail=by_mail))


def forget(session: Session, user_id: str) -> None:
    """Somebody left: nothing is kept of what they were told, watched or chose."""
    for model in (News, Watch, NoticeChoice):
        session.execute(delete(model).where(col(model.user_id) == user_id))

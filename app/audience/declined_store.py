"""All SQL of kinds of mail that people turned off."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, literal, union_all, update
from sqlmodel import Session, col, select

from app.audience.models import Declined, Suppression
from app.audience.suppression_store import AGAIN, RECIPIENT, inserting
from app.platform.db import among
from app.platform.errors import NotFound
from app.platform.paging import Order, Part, part

_LISTED = Order("declined", (datetime, str), is_descending=True)


def decline(
    session: Session, email_key: str, kinds: Iterable[str], *, by: str, now: datetime
) -> list[str]:
    """No more mail of these kinds; the ids of those that were wanted until now."""
    wanted = sorted(set(kinds))
    rows = [
        Declined(email_key=email_key, mail_kind=kind, created_at=now, created_by=by)
        for kind in wanted
    ]
    confirmed = update(Declined).where(
        col(Declined.email_key) == email_key, col(Declined.mail_kind).in_(wanted)
    )  # as with suppressions: what is said once more cannot be taken back by whoever said it first
    session.execute(confirmed.values(created_by=AGAIN).execution_options(synchronize_session=False))
    for row in rows:
        statement = inserting(session)(Declined).values(row.model_dump())
        session.execute(statement.on_conflict_do_nothing())
    held = {one.id for one in kinds_of(session, email_key).values()}
    return [row.id for row in rows if row.id in held]


def decline_rows(session: Session, wishes: Iterable[tuple[str, str, datetime]], *, by: str) -> None:
    """The same of many: each an address key, a kind, and since when."""
    rows = [
        Declined(email_key=key, mail_kind=kind, created_at=since, created_by=by).model_dump()
        for key, kind, since in sorted(wishes)
    ]
    if rows:
        statement = inserting(session)(Declined).on_conflict_do_nothing()
        session.connection().execute(statement, rows)


def kinds_of(session: Session, email_key: str) -> Mapping[str, Declined]:
    """What kinds of mail an address gets no more."""
    rows = session.exec(select(Declined).where(Declined.email_key == email_key)).all()
    return {row.mail_kind: row for row in rows}


def declined(session: Session, keys: Iterable[str], mail_kind: str) -> set[str]:
    """Of these address keys, those that get no mail of this kind."""
    query = select(Declined.email_key).where(
        Declined.mail_kind == mail_kind, among(session, Declined.email_key, list(keys))
    )
    return set(session.exec(query).all())


def unwanted(session: Session, keys: Iterable[str], mail_kind: str) -> tuple[set[str], set[str]]:
    """Of these address keys, those that get no mail at all, and those that get none of this kind.

    One question: pages that look at everybody ask no more of them.
    """
    asked = list(keys)
    at_all = select(Suppression.email_key, literal(0)).where(
        among(session, Suppression.email_key, asked)
    )
    of_kind = select(Declined.email_key, literal(1)).where(
        Declined.mail_kind == mail_kind, among(session, Declined.email_key, asked)
    )
    found: tuple[set[str], set[str]] = (set(), set())
    for key, is_of_kind in session.execute(union_all(at_all, of_kind)):
        found[is_of_kind].add(key)
    return found


def listed(session: Session, *, cursor: str | None = None, limit: int = 100) -> Part[Declined]:
    """Every one of them, newest first."""
    columns = (col(Declined.created_at), col(Declined.id))
    return part(session, select(Declined), _LISTED, *columns, cursor=cursor, limit=limit)


def take_back(session: Session, ids: Sequence[str], *, email_key: str) -> int:
    """Mail of these kinds may go to this address again; how many there were."""
    statement = delete(Declined).where(
        col(Declined.id).in_(list(ids)),
        col(Declined.email_key) == email_key,
        col(Declined.created_by) == RECIPIENT,
    )
    return int(session.connection().execute(statement).rowcount)


def lift(session: Session, declined_id: str) -> None:
    """Mail of this kind may go to this address again."""
    if session.get(Declined, declined_id) is None:
        raise NotFound("There is no turned-off kind of mail with this id.")
    session.execute(delete(Declined).where(col(Declined.id) == declined_id))

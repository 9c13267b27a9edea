"""All SQL of agents that were let in."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, or_, update
from sqlmodel import Session, col, select

from app.identity.models import AgentGrant, AgentProgram, AgentToken, User


def program(session: Session, client_id: str) -> AgentProgram | None:
    """One that registered itself."""
    return session.get(AgentProgram, client_id)


def note_program(session: Session, client_id: str, *, now: datetime) -> None:
    """Somebody let it in."""
    row = update(AgentProgram).where(col(AgentProgram.id) == client_id)
    session.execute(row.values(used_at=now))


def forget_programs(session: Session, *, unused: datetime, used: datetime) -> None:
    """Those that registered before `unused` and were never let in, or not since `used`."""
    is_unused = and_(col(AgentProgram.used_at).is_(None), col(AgentProgram.created_at) <= unused)
    session.execute(delete(AgentProgram).where(or_(is_unused, col(AgentProgram.used_at) <= used)))


def forget_unused(session: Session, *, kept: int) -> None:
    """Of those that nobody let in, keep so many: the newest."""
    unused = select(AgentProgram.id).where(col(AgentProgram.used_at).is_(None))
    newest = unused.order_by(
        col(AgentProgram.created_at).desc(), col(AgentProgram.id).desc()
    ).offset(kept)
    beyond = session.exec(newest).all()
    session.execute(delete(AgentProgram).where(col(AgentProgram.id).in_(beyond)))


def grant_of_code(session: Session, hashed: str) -> AgentGrant | None:
    """Whatever this code was given for, used or not."""
    return session.exec(select(AgentGrant).where(AgentGrant.code_hash == hashed)).one_or_none()


def take_code(session: Session, hashed: str, *, now: datetime) -> bool:
    """Use a code up; of two who come with it, one is told that it was there."""
    unused = and_(
        col(AgentGrant.code_hash) == hashed,
        col(AgentGrant.code_used_at).is_(None),
        col(AgentGrant.ended_at).is_(None),
    )
    taken = update(AgentGrant).where(unused).values(code_used_at=now)
    return session.execute(taken.returning(col(AgentGrant.id))).first() is not None


def take_refresh(session: Session, hashed: str, *, now: datetime) -> bool:
    """Use a refresh token up, likewise."""
    unused = and_(
        col(AgentToken.hash) == hashed,
        col(AgentToken.used_at).is_(None),
        col(AgentToken.expires_at) > now,
    )
    taken = update(AgentToken).where(unused).values(used_at=now)
    return session.execute(taken.returning(col(AgentToken.hash))).first() is not None


def token(session: Session, hashed: str) -> tuple[AgentToken, AgentGrant] | None:
    """A token, old or not, and what it was given for."""
    found = session.exec(
        select(AgentToken, AgentGrant)
        .join(AgentGrant, col(AgentGrant.id) == AgentToken.grant_id)
        .where(AgentToken.hash == hashed)
    ).one_or_none()
    return (found[0], found[1]) if found else None


def opened(session: Session, hashed: str, *, now: datetime) -> tuple[AgentGrant, User] | None:
    """What an access token opens, and for whom; None where it opens nothing any more."""
    found = session.exec(
        select(AgentGrant, User)
        .join(AgentToken, col(AgentToken.grant_id) == AgentGrant.id)
        .join(User, col(User.id) == AgentGrant.user_id)
        .where(
            AgentToken.hash == hashed,
            AgentToken.kind == "access",
            col(AgentToken.expires_at) > now,
            _goes_on(now),
            col(User.removed_at).is_(None),
        )
    ).one_or_none()
    return (found[0], found[1]) if found else None


def grant(session: Session, grant_id: str) -> AgentGrant | None:
    """What somebody allowed, over or not."""
    return session.get(AgentGrant, grant_id)


def grants_of(session: Session, user_id: str, *, now: datetime) -> Sequence[AgentGrant]:
    """What somebody allowed and is in use, newest first."""
    mine = select(AgentGrant).where(
        AgentGrant.user_id == user_id, _goes_on(now), col(AgentGrant.code_used_at).is_not(None)
    )
    return session.exec(mine.order_by(col(AgentGrant.id).desc())).all()


def end(session: Session, grant_id: str, *, now: datetime) -> bool:
    """It opens nothing from now on; False: it had ended before."""
    alive = and_(col(AgentGrant.id) == grant_id, col(AgentGrant.ended_at).is_(None))
    ended = update(AgentGrant).where(alive).values(ended_at=now).returning(col(AgentGrant.id))
    return session.execute(ended).first() is not None


def end_of(session: Session, user_id: str, *, now: datetime) -> int:
    """End all that somebody allowed."""
    alive = and_(col(AgentGrant.user_id) == user_id, col(AgentGrant.ended_at).is_(None))
    ended = update(AgentGrant).where(alive).values(ended_at=now).returning(col(AgentGrant.id))
    return len(session.execute(ended).all())


def end_every(session: Session, *, now: datetime) -> None:
    """End all that anybody allowed."""
    alive = col(AgentGrant.ended_at).is_(None)
    session.execute(update(AgentGrant).where(alive).values(ended_at=now))


def forget_tokens(session: Session, *, now: datetime) -> None:
    """Those that are too old to open anything, or to tell a thief by."""
    session.execute(delete(AgentToken).where(col(AgentToken.expires_at) <= now))


def going_on(session: Session, user_id: str, *, now: datetime) -> int:
    """How many answers of somebody still count: those that wait for their program, too."""
    mine = select(func.count()).where(AgentGrant.user_id == user_id, _goes_on(now))
    return session.exec(mine).one()


def _goes_on(now: datetime) -> ColumnElement[bool]:
    return and_(col(AgentGrant.ended_at).is_(None), col(AgentGrant.until) > now)

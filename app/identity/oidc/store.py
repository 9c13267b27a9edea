"""All SQL of logging in by a provider."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from app.identity.models import LogInAttempt, LoginSession, ToldLogOut, User


def user_of(session: Session, *, issuer: str, subject: str) -> User | None:
    """Somebody whom the provider knows, removed or not."""
    question = select(User).where(User.issuer == issuer, User.subject == subject)
    return session.exec(question).one_or_none()


def take_attempt(session: Session, attempt_id: str) -> LogInAttempt | None:
    """The attempt, used up; of two who come back with it, one gets it."""
    mine = delete(LogInAttempt).where(col(LogInAttempt.id) == attempt_id)
    return session.execute(mine.returning(LogInAttempt)).scalar_one_or_none()


def forget_old(session: Session, *, now: datetime) -> None:
    """Attempts that nobody came back from, and log-outs that cannot be told again."""
    session.execute(delete(LogInAttempt).where(col(LogInAttempt.expires_at) <= now))
    session.execute(delete(ToldLogOut).where(col(ToldLogOut.expires_at) <= now))


def note_told(session: Session, hashed: str, *, until: datetime) -> bool:
    """Whether this log-out is told for the first time."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = insert(ToldLogOut).values(hash=hashed, expires_at=until).on_conflict_do_nothing()
    return session.execute(row.returning(col(ToldLogOut.hash))).first() is not None


def end_sessions(session: Session, *, issuer: str, sid: str | None, user_id: str | None) -> int:
    """End the sessions that came from the provider: one of its sessions, or all of somebody's."""
    ended = delete(LoginSession).where(col(LoginSession.issuer) == issuer)
    if sid is not None:
        ended = ended.where(col(LoginSession.sid) == sid)
    if user_id is not None:
        ended = ended.where(col(LoginSession.user_id) == user_id)
    return len(session.execute(ended.returning(col(LoginSession.id))).all())

"""All SQL of the second step."""

from datetime import datetime

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from app.identity.models import HalfLogIn, RecoveryCode, SecondStep


def use_step(session: Session, user_id: str, step: int) -> bool:
    """Use a code up, and those before it; False where it was used."""
    mine = (col(SecondStep.user_id) == user_id) & (col(SecondStep.used_step) < step)
    used = update(SecondStep).where(mine).values(used_step=step)
    return session.execute(used.returning(col(SecondStep.user_id))).first() is not None


def use_code(session: Session, hashed: str) -> bool:
    """Use a recovery code up; False where there is none like it."""
    used = delete(RecoveryCode).where(col(RecoveryCode.hash) == hashed)
    return session.execute(used.returning(col(RecoveryCode.hash))).first() is not None


def codes_left(session: Session, user_id: str) -> int:
    """How many there are."""
    mine = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id)
    return session.exec(mine).one()


def forget_codes(session: Session, user_id: str) -> None:
    """None of them opens any more."""
    session.execute(delete(RecoveryCode).where(col(RecoveryCode.user_id) == user_id))


def forget(session: Session, user_id: str) -> None:
    """App, codes, and who is half in."""
    forget_codes(session, user_id)
    forget_halves(session, user_id)
    session.execute(delete(SecondStep).where(col(SecondStep.user_id) == user_id))


def forget_halves(session: Session, user_id: str) -> None:
    """Whoever knew the password of before does not come in by it."""
    session.execute(delete(HalfLogIn).where(col(HalfLogIn.user_id) == user_id))


def forget_old(session: Session, *, now: datetime) -> None:
    """Those who never said the code."""
    session.execute(delete(HalfLogIn).where(col(HalfLogIn.expires_at) <= now))

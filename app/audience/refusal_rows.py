"""The SQL of refused lines, beside what `store` asks of them."""

from collections.abc import Sequence

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.audience.models import Refusal


def drop(session: Session, import_id: str) -> None:
    """The file is read once more."""
    session.execute(delete(Refusal).where(col(Refusal.import_id) == import_id))


def on_lines(session: Session, import_id: str, lines: Sequence[int]) -> Sequence[Refusal]:
    """The refusals of these lines."""
    query = select(Refusal).where(Refusal.import_id == import_id, col(Refusal.line).in_(lines))
    return session.exec(query).all() if lines else ()

"""Statements that both databases know, each under a dialect of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def added_once(
    session: Session, model: type[SQLModel], values: Mapping[str, Any], *, unless: Sequence[str]
) -> bool:
    """Add a row unless there is one that is alike in these columns; whether it was added.

    Of two who try at once, one adds it, and neither fails.
    """
    is_postgresql = session.connection().dialect.name == "postgresql"
    insert = postgresql.insert(model) if is_postgresql else sqlite.insert(model)
    row = insert.values(**values).on_conflict_do_nothing(index_elements=list(unless))
    return bool(session.connection().execute(row).rowcount)

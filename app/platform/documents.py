"""JSON in columns, on both databases: what is written, and what is read where it is damaged."""

import logging
from typing import Any

from sqlalchemy import JSON, ColumnElement, Dialect, case, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session

from app.platform.foreign import NotJson, read_json

log = logging.getLogger(__name__)

Json = JSON().with_variant(JSONB(), "postgresql")


class Cells(TypeDecorator[dict[str, Any]]):
    """Somebody's cells by column. None where they are damaged: whoever needs one misses it."""

    impl = Json
    cache_ok = True

    def process_result_value(
        self,
        value: Any,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's shape
    ) -> dict[str, Any]:
        """As they were written, where that is what stands there."""
        if isinstance(value, dict):
            return value
        log.warning("somebody's cells cannot be read")
        return {}


def part_of_json(session: Session, column: Any, name: str) -> ColumnElement[Any]:
    """A part of a document, without the rest; nothing where SQLite keeps what is none."""
    part: ColumnElement[Any] = column[name]
    if session.get_bind().dialect.name == "sqlite":
        return case((func.json_valid(column) == 1, part))
    return part


def text_of_json(session: Session, column: Any, name: str) -> ColumnElement[str]:
    """The same of a part that is text."""
    part: ColumnElement[str] = column[name].as_string()
    if session.get_bind().dialect.name == "sqlite":
        return case((func.json_valid(column) == 1, part))
    return part


def json_or_text(kept: str) -> Any:
    """SQLite keeps any text as JSON. What is none is given as it stands: its row is damaged."""
    try:
        return read_json(kept)
    except NotJson:
        return kept

"""What is held about a person, said once: the same declaration exports it and forgets it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, Table, cast, delete, func, select, update
from sqlmodel import Session, SQLModel


@dataclass(frozen=True, slots=True)
class Subject:
    """The person in question, by all that rows may know them by."""

    person_id: str
    email_key: str = ""
    external_id: str | None = None
    words: tuple[str, ...] = ()  # the address as rows may have it: as written, and as compared
    send_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one table that say something about a person.

    `blank` is what takes the place of the personal columns; None: the whole row goes.
    """

    name: str
    model: type[SQLModel]
    whose: Callable[[Subject], ColumnElement[bool]]
    personal: tuple[str, ...]  # columns that hold what a person is, said or did
    blank: Mapping[str, object] | None = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.blank is not None and not set(self.personal) <= set(self.blank):
            raise ValueError(f"{self.name}: a personal column stays as it is")

    @property
    def table(self) -> Table:
        """Where the rows are."""
        return SQLModel.metadata.tables[str(self.model.__tablename__)]


def held(session: Session, part: Part, subject: Subject) -> list[dict[str, Any]]:
    """Every column of every row, as JSON has it."""
    table = part.table
    question = select(table).where(part.whose(subject)).order_by(*table.primary_key)
    return [
        {name: plain(value) for name, value in row._mapping.items()}  # noqa: SLF001 - SQLAlchemy's public name
        for row in session.execute(question)
    ]


def forget(session: Session, part: Part, subject: Subject) -> None:
    """Take the personal columns away, or the rows."""
    mine = part.whose(subject)
    if part.blank is None:
        session.execute(delete(part.table).where(mine))
    elif part.blank:
        session.execute(update(part.table).where(mine).values(dict(part.blank)))


def plain(value: object) -> object:
    """A value as JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 53:
        return str(value)  # ids are too long for JavaScript
    return value


def holds(column: Any, word: str) -> ColumnElement[bool]:
    """Rows whose column contains a word, in capitals or not."""
    return func.lower(cast(column, String)).contains(word.lower(), autoescape=True)


def words_of(*texts: str) -> tuple[str, ...]:
    """Texts to search for, each as JSON escapes it, too."""
    return tuple(dict.fromkeys(one for text in texts for one in (text, json.dumps(text)[1:-1])))

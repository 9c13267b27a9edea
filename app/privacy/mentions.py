"""An address in texts that are not about its owner: found, shown, taken out."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Table, or_, select, update
from sqlmodel import Session, SQLModel

from app.identity import audit
from app.identity.models import AuditRow
from app.platform.held import holds, plain
from app.privacy.registry import LINES, MENTIONS

_WORDS = 100  # a question
Said = Mapping[str, Any]  # by column


@dataclass(frozen=True, slots=True)
class Found:
    """A row that names somebody, and what whatever it says is without them."""

    table: Table
    key: Mapping[str, Any]
    before: Said
    without: Callable[[Said], Said]


def find(session: Session, words: Sequence[str]) -> Iterator[Found]:
    """Every row that names one of these addresses, as a whole and not as a part of another."""
    tables = SQLModel.metadata.tables
    for name, columns in MENTIONS.items():
        yield from _in(session, tables[name], columns, words)
    for name, instead in LINES.items():
        for found in _in(session, tables[name], tuple(instead), words):
            yield Found(found.table, found.key, found.before, partial(_emptied, instead))


def take_out(session: Session, found: Sequence[Found]) -> None:
    """Write what rows say without them: what they say now, for they may have changed since."""
    for one in found:
        mine = [one.table.c[name] == value for name, value in one.key.items()]
        columns = [one.table.c[name] for name in one.before]
        now = session.execute(select(*columns).where(*mine).with_for_update()).mappings().first()
        if now is None:
            continue
        session.execute(update(one.table).where(*mine).values(dict(one.without(dict(now)))))
        if one.table.name == AuditRow.__tablename__:
            audit.erased_from(session, one.key["id"])


def shown(session: Session, words: Sequence[str]) -> list[dict[str, object]]:
    """For an export: where an address stands, with the text around it."""
    return [
        {"where": one.table.name, **{name: plain(value) for name, value in one.before.items()}}
        for one in find(session, words)
    ]


def _in(
    session: Session, table: Table, names: Sequence[str], words: Sequence[str]
) -> Iterator[Found]:
    columns = [table.c[name] for name in names]
    for start in range(0, len(words), _WORDS):
        some = words[start : start + _WORDS]
        pattern = _pattern(some)
        hits = or_(*(holds(column, word) for column in columns for word in some))
        for row in session.execute(select(*table.primary_key, *columns).where(hits)):
            before = {column.name: row._mapping[column] for column in columns}  # noqa: SLF001 - SQLAlchemy's public name
            if _each_without(pattern, before) != before:
                key = {column.name: row._mapping[column] for column in table.primary_key}  # noqa: SLF001 - as above
                yield Found(table, key, before, partial(_each_without, pattern))


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    """Addresses, in capitals or not; never the end of a longer one, nor its beginning."""
    either = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<![\w.+-])(?:{either})(?![\w-]|\.\w)", re.IGNORECASE)


def _each_without(pattern: re.Pattern[str], said: Said) -> Said:
    return {name: _without(value, pattern) for name, value in said.items()}


def _emptied(instead: Said, _said: Said) -> Said:
    return instead


def _without(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub("(erased)", value)
    if isinstance(value, list):
        return [_without(one, pattern) for one in value]
    if isinstance(value, dict):
        return {_without(key, pattern): _without(one, pattern) for key, one in value.items()}
    return value

"""How what stands in a column is read: asked of rows that were read where something went wrong.

Documents are read by their room's own reader, closed sets by their enumeration, and whatever has no
entry here by the type that its model states.
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from functools import cache, partial
from traceback import walk_tb
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, TypeAdapter
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Executable,
    String,
    Table,
    and_,
    exists,
    func,
    literal,
    or_,
    type_coerce,
    union_all,
)
from sqlmodel import Session, SQLModel, select

from app.allocation.models import Mode
from app.analysis import planned_looks
from app.analysis.models import Kind
from app.analysis.readout_json import of_json
from app.analysis.readout_types import State as Call
from app.audience.columns import Columns
from app.audience.schemas import AudienceSource, KeptColumn
from app.experiments.design_schemas import Draft
from app.experiments.models import Made
from app.experiments.plans import Frozen
from app.experiments.unread import Unread
from app.experiments.vocabulary import Channel, Riskiest
from app.identity.roles import Role
from app.okr import overlap
from app.okr.schemas import HttpSource, KeyResultDraft
from app.outreach.connectors import KINDS
from app.platform import garbled
from app.platform.db import UtcDateTime
from app.platform.garbled import Damaged, Rows
from app.platform.put_off import Work
from app.platform.weekly import week_time_of
from app.review import agenda
from app.review.models import Choice, ItemKind, Kept

Reads = Callable[[Any], object]  # of a row


_PLAN: Callable[[object], Frozen] = TypeAdapter(Frozen).validate_python


@dataclass(frozen=True)
class _Fault:
    """Why some fall away."""

    reason: str
    detail: str
    people: int


@dataclass(frozen=True)
class _Faults:
    """What a rehearsal found, as far as it is read."""

    faults: list[_Fault]


def _as(shape: Any) -> Reads:
    return TypeAdapter(shape).validate_python


def _in(draft: type[BaseModel], name: str) -> Reads:
    """As a field of what people send in."""
    field = draft.model_fields[name]
    kind: Any = field.annotation
    return _as(Annotated[kind, *field.metadata] if field.metadata else kind)


def _among(names: AbstractSet[str]) -> Reads:
    """One of a closed set."""

    def read(value: str) -> None:
        if value not in names:
            raise ValueError(value)

    return read


def _plan(value: object) -> None:
    frozen = _PLAN(value)
    if frozen.pace:
        frozen.pace.read()


TIMES = (Date, DateTime, UtcDateTime)
_DAY = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*"
_AT_A_TIME = 500
_NAMED = 5  # of a column; the next look tells the next
_MANY = {"person", "push", "put_off"}  # a row for each person or event: never all of them at once

READS: Mapping[str, Reads] = {
    "agent_grant.scope": _among({"read", "read draft"}),
    "agent_program.redirects": _as(list[str]),
    "allocation_settings.closes_at": time.fromisoformat,
    "allocation_settings.opens_at": time.fromisoformat,
    "allocation_settings.reminds_at": time.fromisoformat,
    "api_token.role": Role,
    "audience.columns": _as(list[KeptColumn]),
    "connector.kind": _among(KINDS.keys()),
    "audience_query.every": _in(AudienceSource, "every"),
    "connector.settings": _as(dict[str, str]),
    "connector_link.external": _as(dict[str, str]),
    "contribution.overlaps": overlap.groups_of,
    "decision.call": Call,
    "decision.decision": Choice,
    "digest.sends_at": week_time_of,
    "draft_version.design": _as(dict[str, Any]),
    "draft_version.made": Made,
    "draft_version.unread": _as(list[Unread] | None),
    "experiment.channel": Channel,
    "experiment.columns": Columns.of,
    "experiment.design": Draft.model_validate,
    "experiment.fell_away": _as(list[_Fault]),
    "experiment.plan": _plan,
    "experiment.promised": _as(list[_Fault]),
    "experiment.unread": _as(list[Unread]),
    "experiment_template.design": Draft.model_validate,
    "frozen_week.body": agenda.as_frozen,
    "import.columns": _as(list[KeptColumn]),
    "key_result.cadence": _in(KeyResultDraft, "cadence"),
    "key_result.kind": _in(KeyResultDraft, "kind"),
    "key_result.source": _in(KeyResultDraft, "source"),
    "key_result.unit": _in(KeyResultDraft, "unit"),
    "look.body": planned_looks.of_json,
    "opening.mode": Mode,
    "person.timezone": lambda zone: zone and ZoneInfo(zone),
    "push.external": _as(dict[str, str]),
    "put_off.work": Work,
    "rehearsal.found": _as(_Faults),
    "slice.riskiest": Riskiest,
    "slice.status": _among({"idea", "testing", "decided"}),
    "snapshot.body": of_json,
    "snapshot.kind": Kind,
    "user_account.role": Role,
    "value_source.every": _in(HttpSource, "every"),
    "week_item.kept": Kept,
    "week_item.kind": ItemKind,
}


def find(session: Session, rows: Rows, error: Exception) -> Damaged | None:
    """Which of these rows cannot be read; where none was read, which moment or day of any."""
    damaged = next((one for row in list(rows) for one in _damaged(row)), None)
    if damaged is None and _is_fetching(error):
        return next(moments(session), None)
    return damaged


def look(session: Session) -> Iterator[Damaged]:
    """Every damaged row of what an installation is set up with, and every moment that is none."""
    yield from moments(session)
    for model in sorted(_models(), key=lambda one: str(one.__name__)):
        for row in session.scalars(select(model)).yield_per(_AT_A_TIME):
            yield from _damaged(row)


def moments(session: Session) -> Iterator[Damaged]:
    """SQLite keeps any text as a moment or a day; PostgreSQL does not."""
    if session.get_bind().dialect.name != "sqlite":
        return
    spoilt = set(session.scalars(_tables_with_none()))
    for table in SQLModel.metadata.sorted_tables:
        for column in _times(table) if table.name in spoilt else ():
            yield from _moments(session, table, column)


def _times(table: Table) -> list[Column[Any]]:
    return [one for one in table.columns if isinstance(one.type, TIMES)]


@cache
def _tables_with_none() -> Executable:
    """One question for all of them, put together once: the name of each that holds one."""
    found = (
        (one, [_is_none(column) for column in _times(one)])
        for one in SQLModel.metadata.tables.values()
    )
    return union_all(
        *(
            select(literal(table.name)).where(exists().select_from(table).where(or_(*wrong)))
            for table, wrong in found
            if wrong
        )
    )


def _is_none(column: Column[Any]) -> ColumnElement[bool]:
    text = type_coerce(column, String)
    return and_(text.is_not(None), or_(text.op("NOT GLOB")(_DAY), func.datetime(text).is_(None)))


def _moments(session: Session, table: Table, column: Column[Any]) -> Iterator[Damaged]:
    keys = [type_coerce(key, String) for key in table.primary_key.columns]
    for row in session.execute(select(*keys).where(_is_none(column)).limit(_NAMED)):
        yield Damaged(table=table.name, column=column.name, row=", ".join(map(str, row)), name="")


def _is_fetching(error: Exception) -> bool:
    """Whether it went wrong while rows were read, so that none of them is known."""
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    where = str(frames[-1].f_globals.get("__name__"))
    return where.startswith("sqlalchemy.") or where == UtcDateTime.__module__


def _models() -> Iterator[type[Any]]:
    tables = {one.partition(".")[0] for one in READS} - _MANY
    yield from (mapper.class_ for mapper in mappers() if mapper.local_table.name in tables)


def mappers() -> Iterator[Any]:
    """Of every table, which class its rows are."""
    yield from SQLModel._sa_registry.mappers  # noqa: SLF001 - where SQLModel keeps its tables


def _damaged(row: object) -> Iterator[Damaged]:
    held = vars(row)  # columns that were not asked for stay unasked
    for column, reads in readers(type(row)).items():  # type: ignore[arg-type]  # a class has a hash
        value = held.get(column)
        if column in held and not all(garbled.is_read(read, value) for read in reads):
            yield _told(row, column)


def _told(row: object, column: str) -> Damaged:
    held, model = vars(row), type(row)
    keys = [str(held.get(one.key)) for one in model.__table__.primary_key.columns]  # type: ignore[attr-defined]  # a table's
    return Damaged(
        table=str(model.__table__.name),  # type: ignore[attr-defined]  # as above
        column=column,
        row=", ".join(keys),
        name=str(held.get("name") or held.get("title") or ""),
    )


@cache
def readers(model: type[Any]) -> Mapping[str, tuple[Reads, ...]]:
    """What each column of a kind of row has to pass, by its name."""
    if not issubclass(model, SQLModel):
        return {}
    table = model.__table__  # type: ignore[attr-defined]  # every row's kind has one
    found = {name: tuple(_readers(model, name)) for name in model.model_fields}
    named = {one.partition(".")[2]: read for one, read in READS.items() if _is_of(one, table.name)}
    for name, read in named.items():
        found[name] = (*found[name], partial(_if_any, read))
    return {name: reads for name, reads in found.items() if reads}


def _is_of(name: str, table: str) -> bool:
    return name.partition(".")[0] == table


def _if_any(read: Reads, value: Any) -> object:
    return value if value is None else read(value)


def _readers(model: type[SQLModel], name: str) -> Iterator[Reads]:
    field, column = model.model_fields[name], model.__table__.columns[name]  # type: ignore[attr-defined]  # as above
    if isinstance(field.default, StrEnum):
        yield type(field.default)
    if isinstance(column.type, JSON):
        yield _as(field.annotation)

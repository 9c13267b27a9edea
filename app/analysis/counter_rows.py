"""SQL across the rooms: counters of many experiments, each at moments of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, String, TextClause, bindparam, text
from sqlmodel import Session

from app.platform.db import UtcDateTime
from app.tally.shares import NUMBERS

_SUMS = ",\n".join(f"           SUM(c.{name}) AS {name}" for name in NUMBERS)

_GROUPS = f"""
    -- One row per experiment, arm, stratum and part of its hours: released before the first of
    -- two moments (0), between them (1), after both (2); how many of them in the hour of each.
    WITH asked (experiment_id, settled, closed) AS (VALUES {{rows}})
    SELECT c.experiment_id AS experiment_id,
           c.arm           AS arm,
           c.stratum       AS stratum,
           CASE WHEN c.hour < a.settled THEN 0
                WHEN c.hour < a.closed  THEN 1
                ELSE 2 END AS part,
           SUM(CASE WHEN c.hour = a.settled THEN c.released ELSE 0 END) AS settling,
           SUM(CASE WHEN c.hour = a.closed  THEN c.released ELSE 0 END) AS closing,
{_SUMS}
      FROM asked a
      JOIN counter c
        ON c.experiment_id = a.experiment_id
     GROUP BY c.experiment_id, c.arm, c.stratum, part
     ORDER BY c.experiment_id, c.arm, c.stratum, part
"""  # noqa: S608  # names of our own columns only

_ARMS = """
    -- One row per experiment and arm: when its last person was released, people who did it too
    -- short a while ago to be settled, and hits to which nobody is attached. Each by an index.
    WITH asked (experiment_id, young) AS (VALUES {rows})
    SELECT r.experiment_id AS experiment_id,
           r.arm           AS arm,
           (SELECT MAX(o.released_at)
              FROM outcome o
             WHERE o.experiment_id = r.experiment_id
               AND o.arm = r.arm)    AS last_release,
           (SELECT COUNT(*)
              FROM outcome o
             WHERE o.experiment_id = r.experiment_id
               AND o.did_at > r.young
               AND o.arm = r.arm)    AS unsettled,
           (SELECT COALESCE(SUM(l.nameless), 0)
              FROM link_counter l
             WHERE l.experiment_id = r.experiment_id
               AND l.arm = r.arm)    AS nameless
      FROM (SELECT DISTINCT c.experiment_id, c.arm, a.young
              FROM asked a
              JOIN counter c
                ON c.experiment_id = a.experiment_id) r
     ORDER BY r.experiment_id, r.arm
"""


def groups(session: Session, asked: Sequence[tuple[str, datetime, datetime]]) -> Sequence[Row[Any]]:
    """Counters by (experiment, the first moment, the second, not before it)."""
    return session.execute(*with_rows(_GROUPS, asked)).all()


def arms(session: Session, asked: Sequence[tuple[str, datetime]]) -> Sequence[Row[Any]]:
    """What no counter holds, by (experiment, the moment from which hits are young)."""
    statement, values = with_rows(_ARMS, asked)
    return session.execute(statement.columns(last_release=UtcDateTime()), values).all()


def with_rows(question: str, rows: Sequence[tuple[object, ...]]) -> tuple[Any, dict[str, object]]:
    """A question with `{rows}` of texts and moments, and their values."""
    names = [[f"v{at}_{place}" for place in range(len(row))] for at, row in enumerate(rows)]
    written = ", ".join(f"({', '.join(f':{name}' for name in row)})" for row in names)
    values = {
        name: value
        for of_row, row in zip(names, rows, strict=True)
        for name, value in zip(of_row, row, strict=True)
    }
    return with_types(question.format(rows=written), values), values


def with_types(question: str, values: Mapping[str, object]) -> TextClause:
    """A question whose values are texts and moments."""
    types = [
        bindparam(name, type_=UtcDateTime() if isinstance(value, datetime) else String())
        for name, value in values.items()
    ]
    return text(question).bindparams(*types)

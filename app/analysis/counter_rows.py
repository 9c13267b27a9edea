"""SQL across the rooms: counters of many experiments, each at moments of its own."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Float, Row, String, TextClause, TextualSelect, bindparam, text
from sqlalchemy.types import TypeEngine
from sqlmodel import Session

from app.platform.db import UtcDateTime
from app.tally.shares import NUMBERS

_SUMS = ",\n".join(f"               SUM(c.{name}) AS {name}" for name in NUMBERS)
_NAMES = ",\n".join(f"           g.{name} AS {name}" for name in NUMBERS)

_MOMENT = UtcDateTime()
_TYPES: Mapping[type, TypeEngine[Any]] = {datetime: _MOMENT, str: String(), float: Float()}
_AT_ONCE = 400  # questions in one; SQLite takes 500
_KEPT = 64  # questions in memory, some tens of kilobytes each

_COUNTED = f"""
    -- One row per experiment, arm, stratum and part of its hours: released before the first of
    -- two moments (0), between them (1), after both (2); how many of them in the hour of each.
    -- Beside them what no counter holds of the whole arm, each by an index: when its last person
    -- was released, people who did it too short a while ago to be settled, and hits to which
    -- nobody is attached.
    WITH asked (experiment_id, settled, closed, young) AS (VALUES {{rows}}),
    groups AS MATERIALIZED (
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
    ),
    arms AS MATERIALIZED (
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
          FROM (SELECT DISTINCT g.experiment_id, g.arm, a.young
                  FROM groups g
                  JOIN asked a
                    ON a.experiment_id = g.experiment_id) r
    )
    SELECT g.experiment_id AS experiment_id,
           g.arm           AS arm,
           g.stratum       AS stratum,
           g.part          AS part,
           g.settling      AS settling,
           g.closing       AS closing,
{_NAMES},
           r.last_release  AS last_release,
           r.unsettled     AS unsettled,
           r.nameless      AS nameless
      FROM groups g
      JOIN arms r
        ON r.experiment_id = g.experiment_id
       AND r.arm = g.arm
     ORDER BY g.experiment_id, g.arm, g.stratum, g.part
"""  # noqa: S608  # names of our own columns only


def counted(
    session: Session, asked: Sequence[tuple[str, datetime, datetime, datetime]]
) -> Sequence[Row[Any]]:
    """By (experiment, the first moment, the second, not before it, from when on hits are young)."""
    statement, values = with_rows(_COUNTED, asked)
    return session.execute(_with_last_release(statement), values).all()


@lru_cache(_KEPT)
def _with_last_release(statement: TextClause) -> TextualSelect:
    return statement.columns(last_release=_MOMENT)


def with_rows(
    question: str, rows: Sequence[tuple[object, ...]]
) -> tuple[TextClause, dict[str, object]]:
    """A question with `{rows}` of texts and moments, and their values."""
    values = {
        f"v{at}_{place}": value for at, row in enumerate(rows) for place, value in enumerate(row)
    }
    written = ", ".join(
        f"({', '.join(f':v{at}_{place}' for place in range(len(row)))})"
        for at, row in enumerate(rows)
    )
    return _with_types(question.format(rows=written), values), values


def all_at_once(
    session: Session, questions: Sequence[tuple[str, Mapping[str, object]]]
) -> Iterator[Any]:
    """Rows of many small questions, asked as one; a row's `place` is its question's.

    A question writes `{at}` behind each of its values' names, and as its place. Joined to a list
    of all values instead, PostgreSQL expects so many rows of each that it reads everybody.
    """
    for start in range(0, len(questions), _AT_ONCE):
        some = list(enumerate(questions[start : start + _AT_ONCE], start))
        values = {f"{name}{at}": value for at, (_, named) in some for name, value in named.items()}
        written = " UNION ALL ".join(question.format(at=at) for at, (question, _) in some)
        yield from session.execute(_with_types(written, values), values)


def _with_types(question: str, values: Mapping[str, object]) -> TextClause:
    """A question whose values are texts, moments and numbers."""
    return _typed(question, tuple((name, type(value)) for name, value in values.items()))


@lru_cache(_KEPT)
def _typed(question: str, names: tuple[tuple[str, type], ...]) -> TextClause:
    """Made once for so many rows: reading hundreds of names out of a text takes milliseconds."""
    return text(question).bindparams(*(bindparam(one, type_=_TYPES[of]) for one, of in names))

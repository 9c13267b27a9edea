"""When the values of people come within their window: what their trend is judged by."""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Float, String, bindparam, text
from sqlmodel import Session

from app.analysis.counts import ArmTotals
from app.platform.db import UtcDateTime
from app.stats.fading import Timed

_BATCH = 10_000

VALUES = (
    text("""
    -- One row per value of a person inside their window, with what all of theirs come to.
    SELECT o.send_id      AS send_id,
           o.arm          AS arm,
           o.released_at  AS released_at,
           o.closes_at    AS closes_at,
           o.value        AS whole,
           o.capped       AS capped,
           c.value        AS value,
           c.occurred_at  AS occurred_at
      FROM outcome o
      JOIN send s
        ON s.id = o.send_id
      JOIN conversion c
        ON c.person_id = s.person_id
       AND c.event = :event
       AND c.occurred_at >= o.released_at
       AND c.occurred_at < o.closes_at
     WHERE o.experiment_id = :experiment_id
       AND o.did_at IS NOT NULL
     ORDER BY o.send_id
""")
    .bindparams(bindparam("experiment_id", type_=String()), bindparam("event", type_=String()))
    .columns(
        arm=String(),
        released_at=UtcDateTime(),
        closes_at=UtcDateTime(),
        whole=Float(),
        capped=Float(),
        value=Float(),
        occurred_at=UtcDateTime(),
    )
)


@dataclass(slots=True)
class _Added:
    """What the people of one arm brought, and the same with each part times its moment."""

    values: "array[float]" = field(default_factory=lambda: array("d"))
    timed: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, value: float, timed: float) -> None:
        self.values.append(value)
        self.timed.append(timed)


def value_moments_of(
    session: Session, experiment_id: str, event: str, totals: Mapping[str, ArmTotals]
) -> dict[str, Timed]:
    """Of every arm what each person brought; who brought nothing is only counted."""
    by_arm = {key: _Added() for key in totals}
    values = {"experiment_id": experiment_id, "event": event}
    rows = (row for some in session.execute(VALUES, values).partitions(_BATCH) for row in some)
    for _, own in groupby(rows, key=lambda row: row.send_id):
        every = list(own)
        if every[0].arm in by_arm:
            by_arm[every[0].arm].add(*_person(every))
    return {
        key: Timed(totals[key].released, added.values, added.timed) for key, added in by_arm.items()
    }


def _person(rows: Iterable[Any]) -> tuple[float, float]:
    """What one person brought, capped as it counts, and the same with moments for weights."""
    value = timed = 0.0
    for row in rows:
        share = row.capped / row.whole if row.whole else 0.0
        value += share * row.value
        timed += share * row.value * _moment(row.occurred_at, row.released_at, row.closes_at)
    return value, timed


def _moment(at: datetime, released_at: datetime, closes_at: datetime) -> float:
    """0 at the release, 1 at the end of the window."""
    return (at - released_at) / (closes_at - released_at)

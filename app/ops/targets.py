"""Where links lead, from delivery's rows to what the edge serves."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.engine import Row

from app.tracking.destinations import Target, TargetKind


def targets_of(rows: Iterable[Row[Any]]) -> dict[int, dict[int, Target]]:
    """Where the links of each set lead."""
    sets: dict[int, dict[int, Target]] = {}
    for row in rows:
        target = Target(TargetKind(row.kind), row.address)
        sets.setdefault(row.set_id, {})[row.link] = target
    return sets

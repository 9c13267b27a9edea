"""Where links lead, from delivery's rows to what the edge serves."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Row

from app.delivery import destination_store
from app.ops.installation import House
from app.tracking import snapshots
from app.tracking.destinations import Target, TargetKind


def targets_of(rows: Iterable[Row[Any]]) -> dict[int, dict[int, Target]]:
    """Where the links of each set lead."""
    sets: dict[int, dict[int, Target]] = {}
    for row in rows:
        target = Target(TargetKind(row.kind), row.address)
        sets.setdefault(row.set_id, {})[row.link] = target
    return sets


def snapshot_keeper(house: House) -> Callable[[datetime], int]:
    """Writes where links lead whenever that changed."""
    kept: tuple[int, int] | None = None

    def keep(_now: datetime) -> int:
        nonlocal kept
        with house.database.read() as session:
            state = destination_store.destinations_state(session)
            if state == kept:
                return 0
            rows = destination_store.all_destinations(session)
        snapshots.write(house.snapshot, targets_of(rows))
        kept = state
        return 1

    return keep

"""SQL: how the metric came about, hour by hour since the launch, day by day since each release."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, bindparam, text
from sqlmodel import Session

_HOUR = timedelta(hours=1)
_SO_FAR = ("people", "hits")
_EXPERIMENT = bindparam("experiment_id", type_=String())

BY_HOUR_AND_ARM = text("""
    -- One row per arm and hour: people released in it, and those who first did it in it.
    -- The hour is written out as text (2026-11-23 09), the one way that both databases share.
    SELECT e.arm           AS arm,
           e.hour          AS hour,
           SUM(e.released) AS released,
           SUM(e.did)      AS did
      FROM (SELECT c.arm                                AS arm,
                   SUBSTR(CAST(c.hour AS TEXT), 1, 13)  AS hour,
                   c.released                           AS released,
                   0                                    AS did
              FROM counter c
             WHERE c.experiment_id = :experiment_id
             UNION ALL
            SELECT d.arm                                AS arm,
                   SUBSTR(CAST(d.hour AS TEXT), 1, 13)  AS hour,
                   0                                    AS released,
                   d.people                             AS did
              FROM did_counter d
             WHERE d.experiment_id = :experiment_id
               AND d.people > 0) e
     GROUP BY e.arm, e.hour
     ORDER BY e.arm, e.hour
""").bindparams(_EXPERIMENT)

BY_DAY = text("""
    -- One row per arm and day since release: people who first did it then.
    SELECT d.arm    AS arm,
           d.day    AS day,
           d.people AS people
      FROM day_counter d
     WHERE d.experiment_id = :experiment_id
       AND d.people > 0
     ORDER BY d.day, d.arm
""").bindparams(_EXPERIMENT)


@dataclass(frozen=True, slots=True)
class Point:
    """People released, and people who did it, until the end of one hour."""

    at: datetime
    people: int
    hits: int
    rate: float


def series_by_arm(session: Session, experiment_id: str) -> dict[str, tuple[Point, ...]]:
    """The estimate over time: a point for each hour in which anybody was released or did it."""
    found: dict[str, list[Point]] = {}
    for row in session.execute(BY_HOUR_AND_ARM, {"experiment_id": experiment_id}):
        points = found.setdefault(row.arm, [])
        people = int(row.released) + (points[-1].people if points else 0)
        hits = int(row.did) + (points[-1].hits if points else 0)
        points.append(_point(_hour(row.hour) + _HOUR, people, hits))
    return {arm: tuple(points) for arm, points in found.items()}


def series(by_arm: Mapping[str, Sequence[Point]]) -> tuple[Point, ...]:
    """The same of all arms together."""
    last: dict[str, Point] = {}
    found: list[Point] = []
    steps = sorted(((point.at, arm, point) for arm, points in by_arm.items() for point in points),
                   key=lambda step: step[:2])  # fmt: skip
    for at, arm, point in steps:
        last[arm] = point
        people, hits = (sum(getattr(one, name) for one in last.values()) for name in _SO_FAR)
        if found and found[-1].at == at:
            found.pop()
        found.append(_point(at, people, hits))
    return tuple(found)


def _point(at: datetime, people: int, hits: int) -> Point:
    return Point(at, people, hits, hits / people if people else 0.0)


def days_by_arm(session: Session, experiment_id: str) -> dict[str, dict[int, int]]:
    """People who first did it so many days after release, by arm."""
    found: dict[str, dict[int, int]] = {}
    for row in session.execute(BY_DAY, {"experiment_id": experiment_id}):
        found.setdefault(row.arm, {})[row.day] = int(row.people)
    return found


def days(by_arm: Mapping[str, Mapping[int, int]]) -> tuple[tuple[int, int], ...]:
    """(days since release, people of all arms who first did it then), in order."""
    found: dict[int, int] = {}
    for days_of_arm in by_arm.values():
        for day, people in days_of_arm.items():
            found[day] = found.get(day, 0) + people
    return tuple(sorted(found.items()))


def _hour(written: str) -> datetime:
    return datetime.fromisoformat(f"{written}:00:00+00:00")

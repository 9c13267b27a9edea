"""SQL: how the metric came about, hour by hour since the launch, day by day since each release."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, bindparam, text
from sqlmodel import Session

_HOUR = timedelta(hours=1)
_SO_FAR = ("people", "hits")
_EXPERIMENT = bindparam("experiment_id", type_=String())

COURSE = text("""
    -- One row per arm and hour: people released in it, and those who first did it in it. And one
    -- per arm and day since release: people who first did it then.
    -- The hour is written out as text (2026-11-23 09), the one way that both databases share.
    SELECT e.arm           AS arm,
           e.hour          AS hour,
           e.day           AS day,
           SUM(e.released) AS released,
           SUM(e.did)      AS did
      FROM (SELECT c.arm                                AS arm,
                   SUBSTR(CAST(c.hour AS TEXT), 1, 13)  AS hour,
                   CAST(NULL AS INTEGER)                AS day,
                   c.released                           AS released,
                   0                                    AS did
              FROM counter c
             WHERE c.experiment_id = :experiment_id
             UNION ALL
            SELECT d.arm                                AS arm,
                   SUBSTR(CAST(d.hour AS TEXT), 1, 13)  AS hour,
                   CAST(NULL AS INTEGER)                AS day,
                   0                                    AS released,
                   d.people                             AS did
              FROM did_counter d
             WHERE d.experiment_id = :experiment_id
               AND d.people > 0
             UNION ALL
            SELECT s.arm                                AS arm,
                   CAST(NULL AS TEXT)                   AS hour,
                   s.day                                AS day,
                   0                                    AS released,
                   s.people                             AS did
              FROM day_counter s
             WHERE s.experiment_id = :experiment_id
               AND s.people > 0) e
     GROUP BY e.arm, e.hour, e.day
     ORDER BY e.arm, e.hour, e.day
""").bindparams(_EXPERIMENT)


@dataclass(frozen=True, slots=True)
class Point:
    """People released, and people who did it, until the end of one hour."""

    at: datetime
    people: int
    hits: int
    rate: float


@dataclass(frozen=True, slots=True)
class Course:
    """How the metric came about in each arm.

    points: one for each hour in which anybody was released or did it. days: people who first did
    it so many days after release.
    """

    points: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    days: Mapping[str, Mapping[int, int]] = field(default_factory=dict)


def course_of(session: Session, experiment_id: str) -> Course:
    """The estimate over time, and the days that people took."""
    points: dict[str, list[Point]] = {}
    days: dict[str, dict[int, int]] = {}
    for row in session.execute(COURSE, {"experiment_id": experiment_id}):
        if row.hour is None:
            days.setdefault(row.arm, {})[row.day] = int(row.did)
        else:
            _go_on(points.setdefault(row.arm, []), row)
    return Course({arm: tuple(one) for arm, one in points.items()}, days)


def _go_on(points: list[Point], row: Any) -> None:
    people = int(row.released) + (points[-1].people if points else 0)
    hits = int(row.did) + (points[-1].hits if points else 0)
    points.append(_point(_hour(row.hour) + _HOUR, people, hits))


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


def days(by_arm: Mapping[str, Mapping[int, int]]) -> tuple[tuple[int, int], ...]:
    """(days since release, people of these arms who first did it then), in order."""
    found: dict[int, int] = {}
    for days_of_arm in by_arm.values():
        for day, people in days_of_arm.items():
            found[day] = found.get(day, 0) + people
    return tuple(sorted(found.items()))


def _hour(written: str) -> datetime:
    return datetime.fromisoformat(f"{written}:00:00+00:00")

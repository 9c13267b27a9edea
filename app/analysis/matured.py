"""SQL: people whose window has closed, by arm and stratum, as rules and comparisons need them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Float, String, bindparam
from sqlmodel import Session

from app.analysis.counter_rows import with_rows, with_types
from app.platform.db import UtcDateTime

HOUR = timedelta(hours=1)

MOST_READ = 2_000  # people of an hour that a readout reads one by one; ours: about 3 ms
_AT_ONCE = 20  # hours of experiments in one question; SQLite allows 500 parts, one for each arm

_CLOSING = """
    -- One row per stratum: people of an arm released in the hour that is closing, whose own window
    -- has closed.
    SELECT {cut}                                              AS cut,
           o.arm                                              AS arm,
           o.stratum                                          AS stratum,
           COUNT(*)                                           AS released,
           COUNT(o.did_at)                                    AS did,
           SUM(CASE WHEN o.capped <> 0 THEN 1 ELSE 0 END)     AS nonzero,
           SUM(o.capped)                                      AS y,
           SUM(o.capped * o.capped)                           AS yy,
           SUM(o.capped * o.capped * o.capped)                AS yyy,
           SUM(COALESCE(o.covariate, 0))                      AS x,
           SUM(COALESCE(o.covariate, 0) * COALESCE(o.covariate, 0)) AS xx,
           SUM(o.capped * COALESCE(o.covariate, 0))           AS xy
      FROM outcome o
     WHERE o.experiment_id = :experiment_id{cut}
       AND o.arm = :arm{at}
       AND o.released_at >= :boundary{cut}
       AND o.released_at <= :opened{cut}
       AND o.released_at < :until{cut}
     GROUP BY o.arm, o.stratum
"""
_CLOSED_HOURS = """
    -- The same of hours too large to be read: from their counters, once nobody's window is open.
    SELECT {cut}      AS cut,
           c.arm      AS arm,
           c.stratum  AS stratum,
           c.released AS released,
           c.did      AS did,
           c.nonzero  AS nonzero,
           c.y        AS y,
           c.yy       AS yy,
           c.yyy      AS yyy,
           c.x        AS x,
           c.xx       AS xx,
           c.xy       AS xy
      FROM counter c
     WHERE c.experiment_id = :experiment_id{cut}
       AND c.arm = :arm{at}
       AND c.hour = :boundary{cut}
       AND NOT EXISTS (SELECT 1
                         FROM outcome o
                        WHERE o.experiment_id = :experiment_id{cut}
                          AND o.arm = :arm{at}
                          AND o.released_at > :opened{cut}
                          AND o.released_at < :until{cut})
"""


_SHIFTED_BY_STRATUM = """
    -- One row per arm and stratum: everybody whose window has closed, their sums taken from a
    -- number near all values, so that digits are not lost where values are large and alike.
    WITH asked (arm, boundary, until) AS (VALUES {rows})
    SELECT v.arm                 AS arm,
           v.stratum             AS stratum,
           SUM(v.y)              AS y,
           SUM(v.y * v.y)        AS yy,
           SUM(v.y * v.y * v.y)  AS yyy,
           SUM(v.x)              AS x,
           SUM(v.x * v.x)        AS xx,
           SUM(v.x * v.y)        AS xy
      FROM (SELECT o.arm                                 AS arm,
                   o.stratum                             AS stratum,
                   o.capped - :y_from                    AS y,
                   COALESCE(o.covariate, 0) - :x_from    AS x
              FROM asked a
              JOIN outcome o
                ON o.experiment_id = :experiment_id
               AND o.arm = a.arm
               AND o.released_at < a.until
             WHERE o.released_at < a.boundary
                OR o.released_at <= :opened) AS v
     GROUP BY v.arm, v.stratum
     ORDER BY v.arm, v.stratum
"""
_OF_SHIFTED = (
    bindparam("experiment_id", type_=String()),
    bindparam("opened", type_=UtcDateTime()),
    bindparam("y_from", type_=Float()),
    bindparam("x_from", type_=Float()),
)
# A spread of less than a thousandth of the mean, in squares: sums of cubes lose digits there.
_ALIKE = 1e-6


@dataclass(frozen=True, slots=True)
class Matured:
    """People of one arm and stratum whose window has closed; y and x sums are over them.

    y_from, x_from: what was taken from every value before it was added, the same for all groups.
    """

    people: int = 0
    did: int = 0  # what the experiment's metric counts
    nonzero: int = 0
    y: float = 0.0
    yy: float = 0.0
    x: float = 0.0
    xx: float = 0.0
    xy: float = 0.0
    yyy: float = 0.0
    y_from: float = 0.0
    x_from: float = 0.0

    def __add__(self, other: "Matured") -> "Matured":
        start = self if self.people else other
        sums = {name: getattr(self, name) + getattr(other, name) for name in _NAMES}
        return Matured(**sums, y_from=start.y_from, x_from=start.x_from)

    @property
    def mean(self) -> float:
        """Value per person; there must be somebody."""
        return self.y_from + self.y / self.people


_FROM = ("y_from", "x_from")
_NAMES = tuple(field.name for field in fields(Matured) if field.name not in _FROM)
_SUMS = ("y", "yy", "yyy", "x", "xx", "xy")
_COUNTS = frozenset(("people", "did", "nonzero"))

Strata = Mapping[str, Matured]  # by stratum


@dataclass(frozen=True, slots=True)
class Cut:
    """An experiment at a moment: everybody is meant whose window has closed by then.

    boundary: whoever was released before it has a closed window, whatever the minute. opened: who
    was released later than that has an open one.
    """

    experiment_id: str
    boundary: datetime
    opened: datetime

    @classmethod
    def of(
        cls, experiment_id: str, *, window: timedelta, stop_at: datetime | None, at: datetime
    ) -> "Cut":
        """The moment of an experiment whose windows are so long, or end for everybody."""
        boundary = first_open_hour(window=window, stop_at=stop_at, now=at)
        return cls(experiment_id, boundary, at - window)


def summed(rows: Iterable[Any]) -> dict[str, dict[str, Matured]]:
    """Rows of counters, or of an hour that is closing: by arm, then by stratum."""
    found: dict[str, dict[str, Matured]] = {}
    for row in rows:
        strata = found.setdefault(row.arm, {})
        more = Matured(*(_number(row, name) for name in _NAMES))
        held = strata.get(row.stratum)
        strata[row.stratum] = held + more if held else more
    return found


def closing(
    session: Session, people: Mapping[Cut, int], arms: Mapping[Cut, Sequence[str]]
) -> dict[Cut, list[Any]]:
    """People of the hour that is closing at each of these moments, for `summed`.

    `people`: how many were released in that hour. Of a few it is known to the second whose window
    has closed. Many count together, an arm's once the last one's has: so the cost does not grow.
    """
    few = [cut for cut, number in people.items() if 0 < number <= MOST_READ]
    many = [cut for cut, number in people.items() if number > MOST_READ]
    found: dict[Cut, list[Any]] = defaultdict(list)
    for question, cuts in ((_CLOSING, few), (_CLOSED_HOURS, many)):
        for start in range(0, len(cuts), _AT_ONCE):
            some = cuts[start : start + _AT_ONCE]
            for row in _of_hours(session, question, some, arms):
                found[some[row.cut]].append(row)
    return found


def _of_hours(
    session: Session, question: str, cuts: Sequence[Cut], arms: Mapping[Cut, Sequence[str]]
) -> Iterator[Any]:
    """A question for each arm of each cut, as one.

    Joined to a list of them, PostgreSQL expects hours to be so large that it reads everybody.
    """
    parts: list[str] = []
    values: dict[str, object] = {}
    for place, cut in enumerate(cuts):
        values |= {
            f"experiment_id{place}": cut.experiment_id,
            f"boundary{place}": cut.boundary,
            f"until{place}": cut.boundary + HOUR,
            f"opened{place}": cut.opened,
        }
        for arm in arms[cut]:
            values[f"arm{len(parts)}"] = arm
            parts.append(question.format(cut=place, at=len(parts)))
    if parts:
        yield from session.execute(with_types(" UNION ALL ".join(parts), values), values)


def told_apart(
    session: Session,
    cut: Cut,
    found: dict[str, dict[str, Matured]],
    closing: Sequence[Any] = (),
) -> dict[str, dict[str, Matured]]:
    """The same people; where their values are large and alike, counted from the mean of all."""
    everybody = total({str(at): total(strata) for at, strata in enumerate(found.values())})
    if not _are_alike(everybody):
        return found
    counted = {row.arm for row in closing}  # of whose closing hour anybody is among those found
    ends = [
        (arm, cut.boundary, cut.boundary + HOUR if arm in counted else cut.boundary)
        for arm in found
    ]
    return _shifted(session, cut, found, everybody, ends)


def _are_alike(everybody: Matured) -> bool:
    """Whether values, or the covariate, differ so little that their sums say little of it."""
    return any(
        total
        and squares / everybody.people - (total / everybody.people) ** 2
        < _ALIKE * (total / everybody.people) ** 2
        for total, squares in ((everybody.y, everybody.yy), (everybody.x, everybody.xx))
    )


def _shifted(
    session: Session,
    cut: Cut,
    found: Mapping[str, Mapping[str, Matured]],
    everybody: Matured,
    ends: Sequence[tuple[str, datetime, datetime]],
) -> dict[str, dict[str, Matured]]:
    """The same people, their values counted from the mean of all."""
    start: dict[str, Any] = {
        "y_from": everybody.y / everybody.people,
        "x_from": everybody.x / everybody.people,
    }
    statement, values = with_rows(_SHIFTED_BY_STRATUM, ends)
    values |= {"experiment_id": cut.experiment_id, "opened": cut.opened, **start}
    sums: dict[tuple[str, str], dict[str, Any]] = {
        (row.arm, row.stratum): {name: float(getattr(row, name) or 0) for name in _SUMS}
        for row in session.execute(statement.bindparams(*_OF_SHIFTED), values)
    }
    return {
        arm: {
            stratum: replace(matured, **sums[arm, stratum], **start) if matured.people else matured
            for stratum, matured in strata.items()
        }
        for arm, strata in found.items()
    }


def _number(row: Any, name: str) -> Any:
    held = getattr(row, "released" if name == "people" else name)
    return (int if name in _COUNTS else float)(held or 0)


def first_open_hour(*, window: timedelta, stop_at: datetime | None, now: datetime) -> datetime:
    """Whoever was released before this hour has a closed window, whatever the minute."""
    if stop_at is not None and stop_at <= now:
        return now + HOUR
    return (now - window).replace(minute=0, second=0, microsecond=0)


def total(strata: Strata) -> Matured:
    """All strata together."""
    every = list(strata.values())
    matured = every[0] if every else Matured()
    for one in every[1:]:
        matured += one
    return matured

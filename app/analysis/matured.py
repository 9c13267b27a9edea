"""SQL: people whose window has closed, by arm and stratum, as rules and comparisons need them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from app.analysis.counter_rows import all_at_once

HOUR = timedelta(hours=1)

MOST_READ = 2_000  # people of an hour that a readout reads one by one; ours: about 3 ms

_CLOSING = """
    -- One row per stratum: people of an arm released in the hour that is closing, whose own window
    -- has closed.
    SELECT {at}                                               AS place,
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
     WHERE o.experiment_id = :experiment_id{at}
       AND o.arm = :arm{at}
       AND o.released_at >= :boundary{at}
       AND o.released_at <= :opened{at}
       AND o.released_at < :until{at}
     GROUP BY o.arm, o.stratum
"""
_CLOSED_HOURS = """
    -- The same of hours too large to be read: from their counters, once nobody's window is open.
    SELECT {at}       AS place,
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
     WHERE c.experiment_id = :experiment_id{at}
       AND c.arm = :arm{at}
       AND c.hour = :boundary{at}
       AND NOT EXISTS (SELECT 1
                         FROM outcome o
                        WHERE o.experiment_id = :experiment_id{at}
                          AND o.arm = :arm{at}
                          AND o.released_at > :opened{at}
                          AND o.released_at < :until{at})
"""


_SHIFTED = """
    -- One row per stratum: everybody of an arm whose window has closed, their sums taken from a
    -- number near all values, so that digits are not lost where values are large and alike.
    SELECT {at}                  AS place,
           v.stratum             AS stratum,
           SUM(v.y)              AS y,
           SUM(v.y * v.y)        AS yy,
           SUM(v.y * v.y * v.y)  AS yyy,
           SUM(v.x)              AS x,
           SUM(v.x * v.x)        AS xx,
           SUM(v.x * v.y)        AS xy
      FROM (SELECT o.stratum                                 AS stratum,
                   o.capped - :y_from{at}                    AS y,
                   COALESCE(o.covariate, 0) - :x_from{at}    AS x
              FROM outcome o
             WHERE o.experiment_id = :experiment_id{at}
               AND o.arm = :arm{at}
               AND o.released_at < :until{at}
               AND (   o.released_at < :boundary{at}
                    OR o.released_at <= :opened{at})) AS v
     GROUP BY v.stratum
"""
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

    def of_arm(self, arm: str, until: datetime) -> dict[str, object]:
        """What a question of an arm is asked with: of people who were released until then."""
        return {
            "experiment_id": self.experiment_id,
            "arm": arm,
            "boundary": self.boundary,
            "until": until,
            "opened": self.opened,
        }


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
    parts = [
        (
            cut,
            _CLOSING if number <= MOST_READ else _CLOSED_HOURS,
            cut.of_arm(arm, cut.boundary + HOUR),
        )
        for cut, number in people.items()
        if number > 0
        for arm in arms[cut]
    ]
    found: dict[Cut, list[Any]] = defaultdict(list)
    for row in all_at_once(session, [(question, values) for _, question, values in parts]):
        found[parts[row.place][0]].append(row)
    return found


def told_apart(
    session: Session,
    people: Mapping[Cut, dict[str, dict[str, Matured]]],
    closing: Mapping[Cut, Sequence[Any]],
) -> dict[Cut, dict[str, dict[str, Matured]]]:
    """The same people; where their values are large and alike, counted from the mean of all."""
    starts = {cut: start for cut, arms in people.items() if (start := _start(arms))}
    parts = [
        (cut, arm, cut.of_arm(arm, _end(cut, arm, closing)) | starts[cut])
        for cut in starts
        for arm in people[cut]
    ]
    sums: dict[tuple[Cut, str, str], dict[str, Any]] = {}
    for row in all_at_once(session, [(_SHIFTED, values) for _, _, values in parts]):
        cut, arm, _ = parts[row.place]
        sums[cut, arm, row.stratum] = {name: float(getattr(row, name) or 0) for name in _SUMS}
    return {
        cut: {
            arm: {
                stratum: replace(matured, **sums[cut, arm, stratum], **starts[cut])
                if cut in starts and matured.people
                else matured
                for stratum, matured in strata.items()
            }
            for arm, strata in arms.items()
        }
        for cut, arms in people.items()
    }


def _start(arms: Mapping[str, Strata]) -> dict[str, Any] | None:
    """The means of value and covariate, where either differs so little that sums lose digits."""
    everybody = total({str(at): total(strata) for at, strata in enumerate(arms.values())})
    if not _are_alike(everybody):
        return None
    return {
        "y_from": everybody.y / everybody.people,
        "x_from": everybody.x / everybody.people,
    }


def _end(cut: Cut, arm: str, closing: Mapping[Cut, Sequence[Any]]) -> datetime:
    """Released before it, an arm's people are among those found: its closing hour may be."""
    is_counted = any(row.arm == arm for row in closing.get(cut, ()))
    return cut.boundary + HOUR if is_counted else cut.boundary


def _are_alike(everybody: Matured) -> bool:
    """Whether values, or the covariate, differ so little that their sums say little of it."""
    return any(
        total
        and squares / everybody.people - (total / everybody.people) ** 2
        < _ALIKE * (total / everybody.people) ** 2
        for total, squares in ((everybody.y, everybody.yy), (everybody.x, everybody.xx))
    )


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

"""SQL: people whose window has closed, by arm and stratum, as rules and comparisons need them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, bindparam, text
from sqlmodel import Session

from app.platform.db import UtcDateTime

HOUR = timedelta(hours=1)
_EXPERIMENT = bindparam("experiment_id", type_=String())

MATURED_BY_STRATUM = text("""
    -- One row per arm and stratum: people released in hours that are wholly closed.
    SELECT c.arm                 AS arm,
           c.stratum             AS stratum,
           SUM(c.released)       AS people,
           SUM(c.did)            AS did,
           SUM(c.nonzero)        AS nonzero,
           SUM(c.y)              AS y,
           SUM(c.yy)             AS yy,
           SUM(c.x)              AS x,
           SUM(c.xx)             AS xx,
           SUM(c.xy)             AS xy
      FROM counter c
     WHERE c.experiment_id = :experiment_id
       AND c.hour < :boundary
     GROUP BY c.arm, c.stratum
     ORDER BY c.arm, c.stratum
""").bindparams(_EXPERIMENT, bindparam("boundary", type_=UtcDateTime()))

CLOSING_BY_STRATUM = text("""
    -- One row per arm and stratum: people released in the hour that is closing, whose own window
    -- has closed.
    SELECT o.arm                                              AS arm,
           o.stratum                                          AS stratum,
           COUNT(*)                                           AS people,
           COUNT(o.did_at)                                    AS did,
           SUM(CASE WHEN o.capped <> 0 THEN 1 ELSE 0 END)     AS nonzero,
           SUM(o.capped)                                      AS y,
           SUM(o.capped * o.capped)                           AS yy,
           SUM(COALESCE(o.covariate, 0))                      AS x,
           SUM(COALESCE(o.covariate, 0) * COALESCE(o.covariate, 0)) AS xx,
           SUM(o.capped * COALESCE(o.covariate, 0))           AS xy
      FROM outcome o
     WHERE o.experiment_id = :experiment_id
       AND o.released_at >= :boundary
       AND o.released_at < :until
       AND o.closes_at <= :now
     GROUP BY o.arm, o.stratum
     ORDER BY o.arm, o.stratum
""").bindparams(
    _EXPERIMENT,
    bindparam("boundary", type_=UtcDateTime()),
    bindparam("until", type_=UtcDateTime()),
    bindparam("now", type_=UtcDateTime()),
)


@dataclass(frozen=True, slots=True)
class Matured:
    """People of one arm and stratum whose window has closed; y and x sums are over them."""

    people: int = 0
    did: int = 0  # what the experiment's metric counts
    nonzero: int = 0
    y: float = 0.0
    yy: float = 0.0
    x: float = 0.0
    xx: float = 0.0
    xy: float = 0.0

    def __add__(self, other: "Matured") -> "Matured":
        return Matured(*(getattr(self, name) + getattr(other, name) for name in _NAMES))


_NAMES = tuple(field.name for field in fields(Matured))
_COUNTS = frozenset(("people", "did", "nonzero"))

Strata = Mapping[str, Matured]  # by stratum


def by_arm(
    session: Session,
    experiment_id: str,
    *,
    window: timedelta,
    stop_at: datetime | None,
    now: datetime,
) -> dict[str, dict[str, Matured]]:
    """Everybody whose window has closed by now: by arm, then by stratum."""
    boundary = first_open_hour(window=window, stop_at=stop_at, now=now)
    ids = {"experiment_id": experiment_id, "boundary": boundary}
    found: dict[str, dict[str, Matured]] = {}
    rows = [
        *session.execute(MATURED_BY_STRATUM, ids),
        *session.execute(CLOSING_BY_STRATUM, ids | {"until": boundary + HOUR, "now": now}),
    ]
    for row in rows:
        strata = found.setdefault(row.arm, {})
        more = Matured(*(_number(row, name) for name in _NAMES))
        strata[row.stratum] = strata.get(row.stratum, Matured()) + more
    return found


def _number(row: Any, name: str) -> Any:
    return (int if name in _COUNTS else float)(getattr(row, name) or 0)


def first_open_hour(*, window: timedelta, stop_at: datetime | None, now: datetime) -> datetime:
    """Whoever was released before this hour has a closed window, whatever the minute."""
    if stop_at is not None and stop_at <= now:
        return now + HOUR
    return (now - window).replace(minute=0, second=0, microsecond=0)


def total(strata: Strata) -> Matured:
    """All strata together."""
    found = Matured()
    for one in strata.values():
        found += one
    return found

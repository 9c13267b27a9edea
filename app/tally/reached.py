"""The part of outcomes that hits decide: read, held and written in bulk, with their counters."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.platform.bulk import Bulk, Written
from app.tally import store
from app.tally.shares import (
    NUMBERS,
    OF_HITS,
    DayKey,
    DidKey,
    HourKey,
    Moves,
    day_of,
    did_of,
    hour_of,
    of_hits,
)

_MOMENTS = (
    "clicked_at",
    "maybe_clicked_at",
    "machine_clicked_at",
    "opened_at",
    "machine_opened_at",
    "did_at",
    "maybe_did_at",
)
_HELD = f"""
    SELECT send_id, experiment_id, arm, stratum, released_at, closes_at,
           {", ".join(_MOMENTS)}, clicks
      FROM outcome
     WHERE send_id IN ({{ids}})
     ORDER BY send_id {{lock}}
"""  # noqa: S608  # names of our own columns only
_CHANGED = Written(
    "outcome",
    keys={"send_id": "bigint"},
    values=dict.fromkeys(_MOMENTS, "timestamptz") | {"clicks": "bigint"},
)


@dataclass(slots=True)
class Reached:
    """What hits made of one released person."""

    send_id: int
    experiment_id: str
    arm: str
    stratum: str
    released_at: datetime
    closes_at: datetime
    clicked_at: datetime | None
    maybe_clicked_at: datetime | None
    machine_clicked_at: datetime | None
    opened_at: datetime | None
    machine_opened_at: datetime | None
    did_at: datetime | None
    maybe_did_at: datetime | None
    clicks: int

    def without(self, names: Iterable[str]) -> "Reached":
        """As if these moments had not been."""
        nothing: dict[str, Any] = dict.fromkeys(names)
        return replace(self, **nothing)

    def with_firsts(self, found: Mapping[str, datetime], *, clicks: int) -> "Reached":
        """With the earlier of what was known and what was found."""
        changed = Reached(*self.values())
        changed.clicks = clicks
        for name, at in found.items():
            known = getattr(self, name)
            setattr(changed, name, at if known is None or at < known else known)
        return changed

    def values(self) -> tuple[Any, ...]:
        """All fields, in their order: `replace` takes twice as long."""
        return (
            self.send_id,
            self.experiment_id,
            self.arm,
            self.stratum,
            self.released_at,
            self.closes_at,
            self.clicked_at,
            self.maybe_clicked_at,
            self.machine_clicked_at,
            self.opened_at,
            self.machine_opened_at,
            self.did_at,
            self.maybe_did_at,
            self.clicks,
        )


def held(session: Session, send_ids: Sequence[int]) -> dict[int, Reached]:
    """Those of these sends that were released, held until the transaction ends."""
    bulk = Bulk(session)
    at = bulk.read_moment
    rows = bulk.by_ids(_HELD, send_ids)
    return {row[0]: Reached(*_read(row, at)) for row in rows}


def _read(row: tuple[Any, ...], at: Callable[[Any], datetime]) -> Iterator[Any]:
    yield from row[:4]
    yield from (moment and at(moment) for moment in row[4:13])
    yield row[13]


def change(session: Session, before: Mapping[int, Reached], after: Mapping[int, Reached]) -> None:
    """Write what became of some, and move the counters by the difference."""
    bulk = Bulk(session)
    changed = {number: one for number, one in sorted(after.items()) if one != before[number]}
    bulk.update(_CHANGED, [_row(one, bulk) for one in changed.values()])
    store.move(session, _moves((before[number], one) for number, one in changed.items()))


def _row(one: Reached, bulk: Bulk) -> tuple[object, ...]:
    moments = one.values()[6:13]
    written = [None if at is None else bulk.moment(at) for at in moments]
    return (one.send_id, *written, one.clicks)


def _moves(pairs: Iterable[tuple[Reached, Reached]]) -> Moves:
    hours: dict[HourKey, list[int]] = {}
    days: dict[DayKey, int] = {}
    did: dict[DidKey, int] = {}
    for old, new in pairs:
        sums = hours.setdefault(hour_of(new), [0] * len(OF_HITS))
        for place, (was, now) in enumerate(zip(of_hits(old), of_hits(new), strict=True)):
            sums[place] += now - was
        if old.did_at != new.did_at:
            for one, sign in ((old, -1), (new, 1)):
                if (key := day_of(one)) is not None:
                    days[key] = days.get(key, 0) + sign
                if (hour := did_of(one)) is not None:
                    did[hour] = did.get(hour, 0) + sign
    blank = dict.fromkeys(NUMBERS, 0)
    return Moves(
        {
            key: blank | dict(zip(OF_HITS, sums, strict=True))
            for key, sums in hours.items()
            if any(sums)
        },
        {key: count for key, count in days.items() if count},
        {key: count for key, count in did.items() if count},
    )

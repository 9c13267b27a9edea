"""The part of outcomes that hits decide: read, held and written in bulk, with their counters."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

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
_CLICKED = Written("outcome", keys={"send_id": "bigint"}, values={"clicks": "bigint"})
_NOTHING = (0,) * len(OF_HITS)
_CHANGED = Written(
    "outcome",
    keys={"send_id": "bigint"},
    values=dict.fromkeys(_MOMENTS, "timestamptz") | {"clicks": "bigint"},
)


class Reached(NamedTuple):
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
        return self._replace(**nothing)

    def with_firsts(self, found: Mapping[str, datetime], *, clicks: int) -> "Reached":
        """With the earlier of what was known and what was found."""
        values: list[Any] = [*self]
        values[-1] = clicks
        for name, at in found.items():
            place = _PLACES[name]
            known = values[place]
            if known is None or at < known:
                values[place] = at
        return Reached._make(values)


_PLACES = {name: place for place, name in enumerate(Reached._fields)}
_FROM, _BEHIND = _PLACES[_MOMENTS[0]], _PLACES[_MOMENTS[-1]] + 1


def held(session: Session, send_ids: Sequence[int]) -> dict[int, Reached]:
    """Those of these sends that were released, held until the transaction ends."""
    bulk = Bulk(session)
    at = bulk.read_moment
    return {
        row[0]: Reached._make([*row[:4], *[moment and at(moment) for moment in row[4:-1]], row[-1]])
        for row in bulk.by_ids(_HELD, send_ids)
    }


def change(session: Session, before: Mapping[int, Reached], after: Mapping[int, Reached]) -> None:
    """Write what became of some, and move the counters by the difference."""
    bulk = Bulk(session)
    changed = {
        number: reached for number, reached in sorted(after.items()) if reached != before[number]
    }
    again = [
        number for number, reached in changed.items() if _is_only_more(before[number], reached)
    ]
    bulk.update(_CLICKED, [(number, changed[number].clicks) for number in again])
    once = changed.keys() - set(again)
    bulk.update(_CHANGED, [_row(changed[number], bulk) for number in sorted(once)])
    store.move(session, _moves((before[number], reached) for number, reached in changed.items()))


def _is_only_more(old: Reached, new: Reached) -> bool:
    """Nothing happened that had not happened already: no index has to know."""
    return old[:-1] == new[:-1]


def _row(reached: Reached, bulk: Bulk) -> tuple[object, ...]:
    moments: Sequence[Any] = reached[_FROM:_BEHIND]
    written = [at and bulk.moment(at) for at in moments]
    return (reached.send_id, *written, reached.clicks)


def _moves(pairs: Iterable[tuple[Reached, Reached]]) -> Moves:
    hours: dict[HourKey, Sequence[int]] = {}
    days: dict[DayKey, int] = {}
    did: dict[DidKey, int] = {}
    for old, new in pairs:
        key = hour_of(new)
        sums = hours.get(key, _NOTHING)
        both = zip(sums, of_hits(old), of_hits(new), strict=True)
        hours[key] = [total + now - was for total, was, now in both]
        if old.did_at != new.did_at:
            for reached, sign in ((old, -1), (new, 1)):
                if (day := day_of(reached)) is not None:
                    days[day] = days.get(day, 0) + sign
                if (hour := did_of(reached)) is not None:
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

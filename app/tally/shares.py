"""What one outcome adds to which counters. Pure: a counter is the sum of these over its people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.tally.models import Counter

KEYS = ("experiment_id", "arm", "hour", "stratum")
NUMBERS = tuple(name for name in Counter.model_fields if name not in KEYS)
OF_HITS = (
    "did",
    "maybe_did",
    "human_clickers",
    "unknown_clickers",
    "machine_clickers",
    "human_openers",
    "machine_openers",
    "clicks",
)

HourKey = tuple[str, str, datetime, str]  # experiment, arm, hour of release, stratum
DayKey = tuple[str, str, int]  # experiment, arm, days since release
DidKey = tuple[str, str, datetime]  # experiment, arm, hour in which it was first done
LinkKey = tuple[str, str, int]  # experiment, arm, link


Person = Any  # whatever has the fields of an outcome: a row of the table, or an object


@dataclass(frozen=True, slots=True)
class Moves:
    """By how much counters move. Zeros are left out."""

    hours: Mapping[HourKey, Mapping[str, float]]
    days: Mapping[DayKey, int]
    did: Mapping[DidKey, int]


def moves(*, before: Iterable[Person], after: Iterable[Person]) -> Moves:
    """The difference that replacing some outcomes by others makes."""
    hours: dict[HourKey, dict[str, float]] = {}
    days: dict[DayKey, int] = {}
    did: dict[DidKey, int] = {}
    for people, sign in ((before, -1), (after, 1)):
        for person in people:
            _add_hour(hours, person, sign=sign)
            _add_day(days, person, sign=sign)
            _add_did(did, person, sign=sign)
    return Moves(
        {key: numbers for key, numbers in hours.items() if any(numbers.values())},
        {key: count for key, count in days.items() if count},
        {key: count for key, count in did.items() if count},
    )


def added(several: Sequence[Moves]) -> Moves:
    """All of them as one."""
    if len(several) == 1:
        return several[0]
    hours: dict[HourKey, dict[str, float]] = {}
    days: dict[DayKey, int] = {}
    did: dict[DidKey, int] = {}
    for one in several:
        for key, numbers in one.hours.items():
            sums = hours.setdefault(key, {})
            for name, number in numbers.items():
                sums[name] = sums.get(name, 0) + number
        for day, people in one.days.items():
            days[day] = days.get(day, 0) + people
        for hour, people in one.did.items():
            did[hour] = did.get(hour, 0) + people
    return Moves(hours, days, did)


def numbers_of(person: Person) -> dict[str, float]:
    """What one person adds to the counter of their arm, hour and stratum.

    A person is in one class of clickers: human, else unknown, else machine; openers likewise.
    """
    return {
        "released": 1,
        "sent": int(person.sent),
        "failed": int(person.failed),
        "bounced": int(person.bounced),
        "returned": int(person.sent and (person.bounced or person.failed)),
        "uncertain": int(person.uncertain),
        "untracked": int(person.untracked),
        **dict(zip(OF_HITS, of_hits(person), strict=True)),
        "unsubscribed": int(person.unsubscribed_at is not None),
        "complained": int(person.complained_at is not None),
        "replied": int(person.replied_at is not None),
        "converted": int(person.converted > 0),
        "nonzero": int(person.capped != 0),
        "value": person.value,
        **_sums(person.capped, person.covariate or 0.0),
    }


def of_hits(person: Person) -> tuple[int, ...]:
    """What hits decide of it, as `OF_HITS` names it."""
    human, unsure = person.clicked_at is not None, person.maybe_clicked_at is not None
    did, seen = person.did_at is not None, person.opened_at is not None
    return (
        int(did),
        int(person.maybe_did_at is not None and not did),
        int(human),
        int(unsure and not human),
        int(person.machine_clicked_at is not None and not human and not unsure),
        int(seen),
        int(person.machine_opened_at is not None and not seen),
        person.clicks,
    )


def hour_of(person: Person) -> HourKey:
    """The counter in which a person is."""
    return (person.experiment_id, person.arm, full_hour(person.released_at), person.stratum)


def day_of(person: Person) -> DayKey | None:
    """The counter of days in which a person is who did it."""
    if person.did_at is None:
        return None
    day = max(0, (person.did_at - person.released_at).days)  # clocks may jump back
    return (person.experiment_id, person.arm, day)


def did_of(person: Person) -> DidKey | None:
    """The counter of hours in which a person is who did it."""
    if person.did_at is None:
        return None
    return (person.experiment_id, person.arm, full_hour(person.did_at))


def full_hour(moment: datetime) -> datetime:
    """The hour in which a moment is."""
    return moment.replace(minute=0, second=0, microsecond=0)


def _sums(y: float, x: float) -> dict[str, float]:
    return {"y": y, "yy": y * y, "yyy": y * y * y, "x": x, "xx": x * x, "xy": x * y}


def _add_hour(hours: dict[HourKey, dict[str, float]], person: Person, *, sign: int) -> None:
    sums = hours.setdefault(hour_of(person), dict.fromkeys(NUMBERS, 0))
    for name, number in numbers_of(person).items():
        sums[name] += sign * number


def _add_day(days: dict[DayKey, int], person: Person, *, sign: int) -> None:
    key = day_of(person)
    if key is not None:
        days[key] = days.get(key, 0) + sign


def _add_did(did: dict[DidKey, int], person: Person, *, sign: int) -> None:
    key = did_of(person)
    if key is not None:
        did[key] = did.get(key, 0) + sign

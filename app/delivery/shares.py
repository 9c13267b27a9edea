"""Who carries what: mails are divided among the relays that take some now, by their shares.

Each mail goes to the relay that is furthest behind its share (smooth weighted round robin, as
nginx divides requests): after any number of mails each relay is within one of its part. A relay
that is away, or has all that it may take, is passed over and catches up on nothing later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

_Thing = TypeVar("_Thing")


@dataclass(frozen=True, slots=True)
class Room:
    """What a relay takes now: `size` at a time while it is quick; `most` where that is limited."""

    share: int
    size: int
    most: int | None = None


class Shares:
    """Divides, and remembers who is behind."""

    def __init__(self) -> None:
        self._behind: dict[str, int] = {}

    def deal(
        self,
        things: Sequence[_Thing],
        rooms: Mapping[str, Room],
        wanted: Mapping[int, str] | None = None,
    ) -> dict[str, list[_Thing]]:
        """By relay: its part, in order. `wanted`: by place, who should have it if it may."""
        hands: dict[str, list[_Thing]] = {name: [] for name in rooms}
        most = {name: room.most for name, room in rooms.items() if room.most is not None}
        wanted = wanted or {}
        for place, thing in enumerate(things):
            open_now = [
                name for name in rooms if name not in most or len(hands[name]) < most[name]
            ] or [*rooms]
            asked = wanted.get(place)
            chosen = asked if asked in open_now else self._next(open_now, rooms)
            hands[chosen].append(thing)
        return hands

    def _next(self, names: Sequence[str], rooms: Mapping[str, Room]) -> str:
        if len(names) == 1:
            return names[0]
        for name in names:
            self._behind[name] = self._behind.get(name, 0) + rooms[name].share
        chosen = max(names, key=lambda name: self._behind[name])
        self._behind[chosen] -= sum(rooms[name].share for name in names)
        return chosen


def limits_of(rooms: Mapping[str, Room]) -> dict[str, int]:
    """By relay: how many at most, so that each has its share of what the least quick one takes.

    A relay that may not take so many leaves the rest to the others.
    """
    free = [room for room in rooms.values() if room.most is None]
    a_share = min((room.size / room.share for room in free or rooms.values()), default=0.0)
    return {name: _limit(room, a_share) for name, room in rooms.items()}


def _limit(room: Room, a_share: float) -> int:
    part = max(1, ceil(room.share * a_share))
    return part if room.most is None else min(part, room.most)

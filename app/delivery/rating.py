"""What a rate leaves of the room that relays have: tokens are drawn before mails are reserved."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from app.delivery import rate_store, rates, store
from app.delivery.shares import Room
from app.delivery.transports.ports import Transport
from app.platform.db import Database

_ALL = "all"


class Rated:
    """Draws for one process; what was not needed is given back."""

    def __init__(
        self, database: Database, transports: Sequence[Transport], *, of_all: int | None = None
    ) -> None:
        """`of_all`: mails a minute, whichever relay carries them."""
        self._database = database
        self._of_all = of_all
        self._rates = {one.name: one.terms.rate for one in transports if one.terms.rate}
        self._drawn: dict[str, int] = {}
        self.most: int | None = None  # of all relays together
        self.wait_seconds: float | None = None  # until a token comes, where one was missing

    def narrowed(self, rooms: Mapping[str, Room], *, now: datetime) -> dict[str, Room]:
        """The same rooms, with no more in them than tokens. Nothing is drawn while nobody waits."""
        self._drawn, self.most, self.wait_seconds = {}, None, None
        rated = {name: rate for name, rate in self._rates.items() if name in rooms}
        if not (rated or self._of_all) or not self._is_any_due(now):
            return dict(rooms)
        waits: dict[str, float] = {}
        with self._database.write_unheard() as session:
            for name, rate in sorted(rated.items()):
                wanted = _wanted(rooms[name], rate)
                found = rate_store.take(session, f"relay:{name}", rate, wanted, now=now)
                self._drawn[name], waits[name] = found
            if self._of_all:
                wanted = rates.holds(self._of_all)
                self.most, all_wait = rate_store.take(session, _ALL, self._of_all, wanted, now=now)
        narrowed = {
            name: replace(room, most=self._drawn[name]) if name in rated else room
            for name, room in rooms.items()
        }
        if self.most == 0:
            self.wait_seconds = all_wait
        elif all(room.most == 0 for room in narrowed.values()):
            self.wait_seconds = min(waits.values(), default=None)
        return narrowed

    def spent(self, mails: Mapping[str, int], *, now: datetime) -> None:
        """By relay: how many it was given."""
        spare = {name: drawn - mails.get(name, 0) for name, drawn in self._drawn.items()}
        back = {
            f"relay:{name}": (self._rates[name], tokens)
            for name, tokens in spare.items()
            if tokens > 0
        }
        if self._of_all and self.most is not None:
            tokens = self.most - sum(mails.values())
            back |= {_ALL: (self._of_all, tokens)} if tokens > 0 else {}
        if back:
            with self._database.write_unheard() as session:
                rate_store.give_back(session, back, now=now)

    def _is_any_due(self, now: datetime) -> bool:
        with self._database.read() as session:
            return bool(store.experiments_due(session, now=now))


def _wanted(room: Room, rate: int) -> int:
    return rates.holds(rate) if room.most is None else min(room.most, rates.holds(rate))

"""What a rate leaves of the room that relays have: tokens are drawn before mails are reserved."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlmodel import Session

from app.delivery import rate_store, rates, store
from app.delivery.shares import Room, limits_of
from app.delivery.transports.ports import Transport
from app.platform.config import Settings
from app.platform.db import Database

_ALL = "all"
_UNTIL_TOMORROW_SECONDS = 60.0  # nobody need look more often whether a day has passed


class Rated:
    """Draws for one process; what was not needed is given back."""

    def __init__(
        self, database: Database, transports: Sequence[Transport], settings: Settings
    ) -> None:
        self._database = database
        self._of_all = settings.rate_of_all
        self._warming = settings.warming
        self._zone = settings.zone
        self._rates = {one.name: one.terms.rate for one in transports if one.terms.rate}
        self._drawn: dict[str, int] = {}
        self._drawn_of_all: int | None = None
        self._drawn_of_day: tuple[date, int] | None = None
        self.most: int | None = None  # of all relays together
        self.wait_seconds: float | None = None  # until a token comes, where one was missing

    def narrowed(self, rooms: Mapping[str, Room], *, now: datetime) -> dict[str, Room]:
        """The same rooms, with no more in them than tokens. Nothing is drawn while nobody waits."""
        self._drawn, self.most, self.wait_seconds = {}, None, None
        self._drawn_of_all = self._drawn_of_day = None
        rated = {name: rate for name, rate in self._rates.items() if name in rooms}
        today = now.astimezone(self._zone).date()
        limit = self._warming.limit(today) if self._warming else None
        is_limited = bool(rated or self._of_all or limit is not None)
        if not is_limited or not self._is_any_due(now):
            return dict(rooms)
        waits: dict[str, float] = {}
        with self._database.write_unheard() as session:
            for name, rate in sorted(rated.items()):
                wanted = _wanted(rooms[name], rate)
                found = rate_store.take(session, f"relay:{name}", rate, wanted, now=now)
                self._drawn[name], waits[name] = found
            if self._of_all:
                waits[_ALL] = self._draw_of_all(session, self._of_all, now)
            narrowed = {
                name: replace(room, most=self._drawn[name]) if name in rated else room
                for name, room in rooms.items()
            }
            if limit is not None:
                self._draw_of_day(session, today, limit, narrowed, now)
        self.wait_seconds = self._wait(waits, narrowed)
        return narrowed

    def _draw_of_all(self, session: Session, rate: int, now: datetime) -> float:
        wanted = rates.holds(rate)
        self.most, wait = rate_store.take(session, _ALL, rate, wanted, now=now)
        self._drawn_of_all = self.most
        return wait

    def _draw_of_day(
        self, session: Session, today: date, limit: int, rooms: Mapping[str, Room], now: datetime
    ) -> None:
        room = sum(limits_of(rooms).values())
        wanted = room if self.most is None else min(room, self.most)
        self.most = rate_store.take_of_day(session, today, limit, wanted, now=now)
        self._drawn_of_day = (today, self.most)

    def _wait(self, waits: Mapping[str, float], rooms: Mapping[str, Room]) -> float | None:
        if self._drawn_of_all == 0:
            return waits[_ALL]
        if all(room.most == 0 for room in rooms.values()):
            return min((waits[name] for name in rooms if name in waits), default=None)
        if self._drawn_of_day is not None and self._drawn_of_day[1] == 0:
            return _UNTIL_TOMORROW_SECONDS
        return None

    def spent(self, mails: Mapping[str, int], *, now: datetime) -> None:
        """By relay: how many it was given."""
        given = sum(mails.values())
        spare = {name: drawn - mails.get(name, 0) for name, drawn in self._drawn.items()}
        back = {
            f"relay:{name}": (self._rates[name], tokens)
            for name, tokens in spare.items()
            if tokens > 0
        }
        if self._of_all and self._drawn_of_all is not None and self._drawn_of_all > given:
            back[_ALL] = (self._of_all, self._drawn_of_all - given)
        of_day = self._drawn_of_day
        is_day_spare = of_day is not None and of_day[1] > given
        if not back and not is_day_spare:
            return
        with self._database.write_unheard() as session:
            rate_store.give_back(session, back, now=now)
            if of_day is not None and is_day_spare:
                rate_store.give_back_of_day(session, of_day[0], of_day[1] - given, now=now)

    def _is_any_due(self, now: datetime) -> bool:
        with self._database.read() as session:
            return bool(store.experiments_due(session, now=now))


def _wanted(room: Room, rate: int) -> int:
    return rates.holds(rate) if room.most is None else min(room.most, rates.holds(rate))

"""What a rate leaves of the room that relays have: tokens are drawn before mails are reserved."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlmodel import Session

from app.delivery import rate_store, rates, store
from app.delivery.replies import UNTOUCHED
from app.delivery.reserving import Prepared
from app.delivery.settling import Result
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
        self._in_hand: dict[tuple[int, int], date] = {}  # by reservation: of which day it was drawn
        self._owed: Counter[date] = Counter()  # to days: drawn, and not needed
        self.is_limiting = self._of_all is not None or self._warming is not None  # all together
        self.most: int | None = None  # of all relays together
        self.wait_seconds: float | None = None  # until a token comes, where one was missing

    def narrowed(self, rooms: Mapping[str, Room], *, now: datetime) -> dict[str, Room]:
        """The same rooms, with no more in them than tokens. Nothing is drawn while nobody waits."""
        if self._drawn_of_day is not None:  # whatever came between: nobody was given any of them
            self._owe(*self._drawn_of_day)
        self._drawn, self.most, self.wait_seconds = {}, None, None
        self._drawn_of_all = self._drawn_of_day = None
        rated = {name: rate for name, rate in self._rates.items() if name in rooms}
        today = now.astimezone(self._zone).date()
        limit = self._warming.limit(today) if self._warming else None
        self.is_limiting = self._of_all is not None or limit is not None
        if not (rated or self.is_limiting) or not self._is_any_due(now):
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
                self._give_back_of_days(session, now)
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

    def spent(self, hands: Mapping[str, Sequence[Prepared]], *, now: datetime) -> None:
        """By relay: what it was given."""
        given = sum(len(hand) for hand in hands.values())
        spare = {name: drawn - len(hands.get(name, ())) for name, drawn in self._drawn.items()}
        back = {
            f"relay:{name}": (self._rates[name], tokens)
            for name, tokens in spare.items()
            if tokens > 0
        }
        if self._of_all and self._drawn_of_all is not None and self._drawn_of_all > given:
            back[_ALL] = (self._of_all, self._drawn_of_all - given)
        if self._drawn_of_day is not None:
            day, drawn = self._drawn_of_day
            self._owe(day, drawn - given)
            self._in_hand |= {one.reserved.number: day for hand in hands.values() for one in hand}
            self._drawn_of_day = None
        if not back and not self._owed:
            return
        with self._database.write_unheard() as session:
            rate_store.give_back(session, back, now=now)
            self._give_back_of_days(session, now)

    def settled(self, session: Session, results: Sequence[Result], *, now: datetime) -> None:
        """What no relay was asked to take did not leave: it is its day's again."""
        for result in results:
            day = self._in_hand.pop(result.reserved.number, None)
            if day is not None and result.meaning in UNTOUCHED:
                self._owe(day, 1)
        self._give_back_of_days(session, now)

    def _owe(self, day: date, mails: int) -> None:
        if mails > 0:
            self._owed[day] += mails

    def _give_back_of_days(self, session: Session, now: datetime) -> None:
        """Once at most: where the answer is lost the day is slower, never faster."""
        owed, self._owed = self._owed, Counter()
        for day, mails in sorted(owed.items()):
            rate_store.give_back_of_day(session, day, mails, now=now)

    def _is_any_due(self, now: datetime) -> bool:
        with self._database.read() as session:
            return bool(store.experiments_due(session, now=now))


def _wanted(room: Room, rate: int) -> int:
    return rates.holds(rate) if room.most is None else min(room.most, rates.holds(rate))

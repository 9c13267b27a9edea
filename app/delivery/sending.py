"""Reserve, divide, carry, settle: nobody gets two (decision 4).

A process holds as many reserved sends as leave in a moment. Every attempt and every reply is a line
in its journal before it is a row, so that a start after a crash knows who was attempted.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from app.delivery import mail_store, notices, recovery, settling
from app.delivery.batch import Batch
from app.delivery.carrying import Carrier
from app.delivery.rating import Rated
from app.delivery.reserving import Prepared, Reserver
from app.delivery.settling import Result
from app.delivery.shares import Room, Shares, limits_of
from app.delivery.transports.any_relay import AnyRelay
from app.delivery.transports.outbox import Outbox
from app.delivery.transports.ports import Transport
from app.links.keyring import Keyring
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.journal import Journal

_TOLD_SECONDS = 1.0  # between words to others while mail after mail leaves: each wakes every loop
_TOGETHER_SECONDS = 1.0  # a relay that takes longer over a batch no longer holds up the others


class Sender:
    """Sends what is due, batch by batch. One per process; it lives as long as its journal."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        keyring: Keyring,
        journal: Journal,
        *transports: Transport,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """`transports`: the relays, one at least. `ticks` counts seconds and is never set."""
        self._database = database
        self._settings = settings
        self._journal = journal
        self._ticks = ticks
        self._holder = journal.writer
        rehearses = isinstance(transports[0], Outbox) and not settings.demo
        self._reserver = Reserver(
            database, settings, keyring, holder=self._holder, rehearses=rehearses
        )
        self._carriers = {
            one.name: Carrier(database, journal, one, ticks=ticks, others=self._others)
            for one in transports
        }
        self._rated = Rated(database, transports, settings)
        self._shares = Shares()
        self._under_way: dict[str, tuple[Batch, asyncio.Task[None]]] = {}
        self._unsettled: list[Result] = []
        self._is_in_doubt = False
        self._told_at = ticks() - _TOLD_SECONDS
        self._is_untold = False

    async def step(self, now: datetime) -> int:
        """Send one batch, and notices; how many mails were looked at.

        Raises where the database is away; what was sent is written down first thing next time.
        Whoever waits for what became of them hears of it at the end of a step that found nothing,
        and once a second before that.
        """
        did = await self._step(now)
        is_time = self._ticks() - self._told_at >= _TOLD_SECONDS
        if self._is_untold and (is_time or not did):
            self._database.tell()
            self._told_at, self._is_untold = self._ticks(), False
        return did

    async def finish(self, now: datetime) -> None:
        """Wait for what is under way still, and settle it."""
        if self._under_way:
            await asyncio.wait([task for _, task in self._under_way.values()])
        try:
            self._fetch()
        finally:
            self._settle(now)

    async def _step(self, now: datetime) -> int:
        looked_at = self._fetch()
        free = self._free()
        if free:
            self._withdraw()
        self._settle(now)
        self._journal.turn_over()
        if not free:
            return looked_at + await self._next_to_end()
        relay = AnyRelay([carrier.transport for carrier in free])
        did = await notices.send_due(self._database, self._settings, relay, now=now)
        batches = self._batches(free, now)
        did += len(self._unsettled)  # those that could not be made
        if len(self._carriers) == 1:
            did += await self._carry_alone(batches)
        else:
            did += await self._carry_together(batches)
        self._settle(now)
        return looked_at + did

    @property
    def is_free(self) -> bool:
        """Nothing that any relay said limits how much it is given, and it is there."""
        return any(carrier.is_free for carrier in self._carriers.values())

    @property
    def is_pressed(self) -> bool:
        """More is due than this process sends in a while, and a relay takes all of it."""
        return not self._rated.is_limiting and any(
            one.is_pressed for one in self._carriers.values()
        )

    @property
    def wait_seconds(self) -> float | None:
        """How long until the next mail may leave, where a rate alone holds it up."""
        return self._rated.wait_seconds

    def is_waited_for(self) -> bool:
        """Whether any mail may fall due by itself."""
        with self._database.read() as session:
            return mail_store.is_any_queued(session)

    def _free(self) -> list[Carrier]:
        return [
            carrier
            for name, carrier in self._carriers.items()
            if carrier.rest_seconds == 0 and name not in self._under_way
        ]

    def _withdraw(self) -> None:
        """What waits at a relay that takes long over it is another one's to carry."""
        for batch, _ in self._under_way.values():
            if batch.seconds > _TOGETHER_SECONDS:
                self._unsettled += batch.withdrawn()

    def _others(self, carrier: Carrier) -> list[Carrier]:
        return [one for one in self._carriers.values() if one is not carrier]

    def _batches(self, free: Sequence[Carrier], now: datetime) -> dict[str, Batch]:
        """Reserve, and divide what was reserved: a batch for each relay that gets some of it."""
        rooms = {carrier.name: carrier.room(now) for carrier in free}
        rooms = self._rated.narrowed(rooms, now=now)
        reserved = self._reserve(now, rooms)
        ready = [one for one in reserved if isinstance(one, Prepared)]
        self._unsettled += [one for one in reserved if isinstance(one, Result)]
        wanted = {
            place: one.reserved.relay for place, one in enumerate(ready) if one.reserved.relay
        }
        hands = self._shares.deal(ready, rooms, wanted) if ready else {}
        self._rated.spent(hands, now=now)
        return {
            name: Batch(hand, now=now, ticks=self._ticks, relay=name)
            for name, hand in hands.items()
            if hand
        }

    def _reserve(self, now: datetime, rooms: Mapping[str, Room]) -> list[Prepared | Result]:
        """Reserve the next batch. Where the answer was lost, what we hold is put back first."""
        if self._is_in_doubt:
            held = {one for batch, _ in self._under_way.values() for one in batch.ids}
            with self._database.write() as session:
                recovery.put_back(session, self._holder, known=held, now=now)
        self._is_in_doubt = True
        room, most = sum(limits_of(rooms).values()), self._rated.most
        room = room if most is None else min(room, most)
        prepared = self._reserver.reserve(now=now, room=room)
        self._is_in_doubt = self._reserver.is_in_doubt
        return prepared

    async def _carry_alone(self, batches: Mapping[str, Batch]) -> int:
        """There is one relay, or none gets anything; how many mails were looked at."""
        for name, batch in batches.items():
            await self._carry(self._carriers[name], batch)
            self._settle(batch.moment())
            self._carriers[name].learn(batch)
        return sum(len(batch.results) for batch in batches.values())

    async def _carry_together(self, batches: Mapping[str, Batch]) -> int:
        """Each relay at its own; who takes long over it goes on while others get more."""
        for name, batch in batches.items():
            task = asyncio.create_task(self._carry(self._carriers[name], batch))
            self._under_way[name] = (batch, task)
        if not batches:
            return await self._next_to_end()
        began = [self._under_way[name][1] for name in batches]
        await asyncio.wait(began, timeout=_TOGETHER_SECONDS)
        return self._fetch() or len(self._under_way)

    async def _next_to_end(self) -> int:
        """Nothing else can be done: wait a moment for whichever is under way."""
        if not self._under_way:
            return 0
        tasks = [task for _, task in self._under_way.values()]
        await asyncio.wait(tasks, timeout=_TOGETHER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        return self._fetch() or len(self._under_way)

    async def _carry(self, carrier: Carrier, batch: Batch) -> None:
        try:
            await carrier.carry(batch)
        finally:  # whatever happened: what is reserved and not told would be ours for ever
            self._unsettled += batch.results_of_all()

    def _fetch(self) -> int:
        """Take note of those that have ended; how many mails they looked at. Raises their error."""
        ended = [name for name, (_, task) in self._under_way.items() if task.done()]
        looked_at, errors = 0, []
        for name in ended:
            batch, task = self._under_way.pop(name)
            looked_at += len(batch.results)
            if error := task.exception():
                errors.append(error)
            else:
                self._carriers[name].learn(batch)
        if errors:
            raise errors[0]
        return looked_at

    def _settle(self, now: datetime) -> None:
        """Write what became of sends. Then nothing of earlier segments can be needed any more."""
        if self._unsettled:
            with self._database.write_unheard() as session:
                settling.settle(session, self._unsettled, holder=self._holder, now=now)
                self._rated.settled(session, self._unsettled, now=now)
            self._unsettled, self._is_untold = [], True
        if not self._under_way:
            self._journal.drop_turned()

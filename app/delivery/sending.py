"""Reserve, attempt, settle: nobody gets two (decision 4).

A process holds at most fifty reserved sends. Every attempt and every reply is a line in its journal
before it is a row, so that a start after a crash knows who was attempted.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime

from app.delivery import notices, recovery, settling
from app.delivery.attempts import attempt_line, reply_line
from app.delivery.batch import Batch
from app.delivery.replies import Meaning, Reply
from app.delivery.reserving import Prepared, Reserver
from app.delivery.settling import Result
from app.delivery.transports.ports import StoppedError, Transport
from app.delivery.watching import Watch
from app.links.keyring import Keyring
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.journal import Journal, JournalFull

_BACKOFF_SECONDS = (5, 10, 20, 40, 80, 160, 300)  # while the server is away
log = logging.getLogger(__name__)


class Sender:
    """Sends what is due, batch by batch. One per process; it lives as long as its journal."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        keyring: Keyring,
        journal: Journal,
        transport: Transport,
        *,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ticks` counts seconds and is never set: by it we rest."""
        self._database = database
        self._settings = settings
        self._journal = journal
        self._transport = transport
        self._ticks = ticks
        self._holder = journal.writer
        self._reserver = Reserver(database, settings, keyring, holder=self._holder)
        self._unsettled: list[Result] = []
        self._failures = 0
        self._is_in_doubt = False
        self._rests_until = ticks()

    async def step(self, now: datetime) -> int:
        """Send one batch, and notices; how many mails were looked at.

        Raises where the database is away; what was sent is written down first thing next time.
        """
        self._settle(now)
        self._journal.turn_over()
        if self._ticks() < self._rests_until:
            return 0
        did = await notices.send_due(self._database, self._settings, self._transport, now=now)
        batch = Batch(self._reserve(now), now=now, ticks=self._ticks)
        try:
            if batch.waiting:
                await self._attempt_all(batch)
        finally:  # whatever happened: what is reserved and not told would be ours for ever
            self._unsettled += batch.results_of_all()
        self._settle(batch.moment())
        return did + len(batch.results)

    def _reserve(self, now: datetime) -> list[Prepared | Result]:
        """Reserve the next batch. Where the answer was lost, what we hold is put back first."""
        if self._is_in_doubt:
            with self._database.write() as session:
                recovery.put_back(session, self._holder, now=now)
        self._is_in_doubt = True
        prepared = self._reserver.reserve(now=now)
        self._is_in_doubt = False
        return prepared

    async def _attempt_all(self, batch: Batch) -> None:
        ids = [prepared.reserved.send_id for prepared in batch.waiting]
        watch = Watch(self._database, ids, holder=self._holder)
        beat = asyncio.create_task(watch.keep_leases())
        try:
            async with asyncio.TaskGroup() as lanes:
                for _ in range(min(self._transport.lanes, len(ids))):
                    lanes.create_task(self._drive(batch, watch))
        finally:
            beat.cancel()
        self._rest(batch)

    async def _drive(self, batch: Batch, watch: Watch) -> None:
        """One lane: mail after mail, until none is left or the batch stops."""
        while batch.waiting and not batch.stopped:
            prepared = batch.take()
            result = await self._attempt(prepared, batch, watch)
            batch.heard(result)
            if result.meaning in {Meaning.LATER_ALL, Meaning.OUR_FAULT}:
                batch.stopped = result.words

    async def _attempt(self, prepared: Prepared, batch: Batch, watch: Watch) -> Result:
        reserved = prepared.reserved

        async def attempting() -> None:
            await watch.check(reserved.send_id)
            batch.attempted.add(reserved.send_id)
            await self._journal.kept(attempt_line(reserved.number))

        try:
            await watch.check(reserved.send_id)
            reply = await self._transport.send(prepared.mail, attempting)
        except StoppedError:
            return Result(reserved, Meaning.NOT_ATTEMPTED, "", batch.moment())
        except (JournalFull, OSError) as error:
            batch.stopped = f"The sender's journal cannot be written: {error}"
            return Result(reserved, Meaning.LATER_ALL, batch.stopped, batch.moment())
        return await self._heard(prepared, reply, at=batch.moment())

    async def _heard(self, prepared: Prepared, reply: Reply, *, at: datetime) -> Result:
        reserved = prepared.reserved
        try:
            await self._journal.kept(reply_line(reserved.number, reply, at=at))
        except (JournalFull, OSError):
            log.exception("a reply is not in the journal; its row is written all the same")
        return Result.of(reserved, reply, at=at)

    def _rest(self, batch: Batch) -> None:
        """Rest where the server is away, each time longer; whoever waits for it waits as long."""
        if not batch.server_is_away():
            self._failures = 0
            return
        self._failures += 1
        seconds = _BACKOFF_SECONDS[min(self._failures, len(_BACKOFF_SECONDS)) - 1]
        self._rests_until = self._ticks() + seconds
        batch.rest(seconds)

    def _settle(self, now: datetime) -> None:
        """Write what became of sends. Then nothing of earlier segments can be needed any more."""
        if self._unsettled:
            with self._database.write() as session:
                settling.settle(session, self._unsettled, holder=self._holder, now=now)
            self._unsettled = []
        self._journal.drop_turned()

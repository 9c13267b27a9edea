"""Reserve, attempt, settle: nobody gets two (decision 4).

A process holds as many reserved sends as leave in a moment. Every attempt and every reply is a line
in its journal before it is a row, so that a start after a crash knows who was attempted.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime

from app.delivery import mail_store, notices, pace_store, recovery, settling
from app.delivery.attempts import attempt_line, reply_line
from app.delivery.batch import Batch
from app.delivery.pace import Pace
from app.delivery.replies import Meaning, Reply
from app.delivery.reserving import Prepared, Reserver
from app.delivery.settling import Result
from app.delivery.transports.outbox import Outbox
from app.delivery.transports.ports import StoppedError, Transport
from app.delivery.watching import Watch
from app.links.keyring import Keyring
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.duties import Trouble, awaited
from app.platform.journal import Journal, JournalFull

_STOPPING = {Meaning.LATER_ALL, Meaning.LIMIT, Meaning.OUR_FAULT}
_OWN_ERRORS = (StoppedError, JournalFull, OSError)
_TOLD_SECONDS = 1.0  # between words to others while mail after mail leaves: each wakes every loop
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
        rehearses = isinstance(transport, Outbox) and not settings.demo
        self._reserver = Reserver(
            database, settings, keyring, holder=self._holder, rehearses=rehearses
        )
        self._pace: Pace | None = None
        self._unsettled: list[Result] = []
        self._failures = 0
        self._is_in_doubt = False
        self._rests_until = ticks()
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

    async def _step(self, now: datetime) -> int:
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
        self._learn(batch)
        return did + len(batch.results)

    @property
    def is_free(self) -> bool:
        """Nothing that the server said limits how much it is given, and it is there."""
        return self._failures == 0 and (self._pace is None or self._pace.per_minute is None)

    @property
    def is_pressed(self) -> bool:
        """More is due than this process sends in a while, and the server takes all of it."""
        return self.is_free and self._pace is not None and self._pace.is_quick

    def is_waited_for(self) -> bool:
        """Whether any mail may fall due by itself."""
        with self._database.read() as session:
            return mail_store.is_any_queued(session)

    def _reserve(self, now: datetime) -> list[Prepared | Result]:
        """Reserve the next batch. Where the answer was lost, what we hold is put back first."""
        if self._is_in_doubt:
            with self._database.write() as session:
                recovery.put_back(session, self._holder, now=now)
        self._is_in_doubt = True
        room = self._known_pace(now).room(ticks=self._ticks())
        prepared = self._reserver.reserve(now=now, room=room)
        self._is_in_doubt = self._reserver.is_in_doubt
        return prepared

    def _known_pace(self, now: datetime) -> Pace:
        """The server's pace, as it was learnt before the last start."""
        if self._pace is None:
            with self._database.read() as session:
                known = pace_store.pace_of(session, self._transport.name, now=now)
            self._pace = Pace(known)
        return self._pace

    def _learn(self, batch: Batch) -> None:
        """What the server takes, from what it said; kept where it is another pace than before."""
        now = batch.moment()
        pace = self._known_pace(now)
        meanings = [result.meaning for result in batch.results]
        if pace.hear(meanings, ticks=self._ticks(), seconds=batch.seconds):
            with self._database.write() as session:
                pace_store.keep(session, self._transport.name, pace.per_minute, now=now)

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
            if result.meaning in _STOPPING or batch.is_refused_for_us(result):
                batch.stopped = result.words

    async def _attempt(self, prepared: Prepared, batch: Batch, watch: Watch) -> Result:
        reserved = prepared.reserved

        async def attempting() -> None:
            await watch.check(reserved.send_id)
            batch.attempted.add(reserved.send_id)
            await self._journal.kept(attempt_line(reserved.number))

        try:
            await watch.check(reserved.send_id)
            sent = self._transport.send(prepared.mail, attempting)
            reply = await awaited(sent, what="a mail", but=_OWN_ERRORS)
        except StoppedError:
            return Result(reserved, Meaning.NOT_ATTEMPTED, "", batch.moment())
        except (JournalFull, OSError) as error:
            batch.stopped = f"The sender's journal cannot be written: {error}"
            return Result(reserved, Meaning.LATER_ALL, batch.stopped, batch.moment())
        if isinstance(reply, Trouble):  # nothing that a server said, and nobody else's affair
            if reserved.send_id not in batch.attempted:
                return Result(reserved, Meaning.LATER, reply.sentence, batch.moment())
            batch.broken = batch.stopped = reply.sentence
            return Result(reserved, Meaning.UNCERTAIN, reply.sentence, batch.moment())
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
            with self._database.write_unheard() as session:
                settling.settle(session, self._unsettled, holder=self._holder, now=now)
            self._unsettled, self._is_untold = [], True
        self._journal.drop_turned()

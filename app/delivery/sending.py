"""Reserve, attempt, settle: nobody gets two (decision 4).

A process holds at most fifty reserved sends. Every attempt and every reply is a line in its journal
before it is a row, so that a start after a crash knows who was attempted.
"""

import asyncio
import logging
import secrets
import time
from datetime import datetime, timedelta

from app.delivery import notices, planning, recovery, settling
from app.delivery.attempts import attempt_line, holder_line, reply_line
from app.delivery.replies import Meaning, Reply
from app.delivery.reserving import Prepared, Reserver
from app.delivery.settling import Result
from app.delivery.transports.ports import StoppedError, Transport
from app.delivery.watching import Watch
from app.links.keyring import Keyring
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.journal import Journal, JournalFull

_TIDY_SECONDS = 1.0
_BACKOFF_SECONDS = (5, 10, 20, 40, 80, 160, 300)  # while the server is away
log = logging.getLogger(__name__)


class Sender:
    """Sends what is due, batch by batch. One per process."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        keyring: Keyring,
        journal: Journal,
        transport: Transport,
    ) -> None:
        self._database = database
        self._settings = settings
        self._journal = journal
        self._transport = transport
        self._holder = secrets.token_hex(8)
        self._reserver = Reserver(database, settings, keyring, holder=self._holder)
        self._unsettled: list[Result] = []
        self._failures = 0
        self._is_in_doubt = False
        self._tidy_at = 0.0  # by the monotonic clock
        self._resting_until: datetime | None = None
        journal.keep(holder_line(self._holder))

    async def step(self, now: datetime) -> int:
        """Send one batch, and notices; how many mails were looked at.

        Raises where the database is away; what was sent is written down first thing next time.
        """
        self._settle([], now=now)
        self._tidy(now)
        if self._resting_until and now < self._resting_until:
            return 0
        did = await notices.send_due(self._database, self._settings, self._transport, now=now)
        batch = _Batch(self._reserve(now), now=now)
        if not batch.waiting:
            self._settle(batch.results, now=now)
            return did + len(batch.results)
        await self._attempt_all(batch)
        self._settle(batch.results, now=batch.moment())
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

    def _tidy(self, now: datetime) -> None:
        """Once a second: what ended is passed over, what was left by others is settled."""
        if time.monotonic() < self._tidy_at:
            return
        planning.drop_ended(self._database, now=now)
        recovery.settle_lapsed(self._database, now=now)
        self._tidy_at = time.monotonic() + _TIDY_SECONDS

    async def _attempt_all(self, batch: "_Batch") -> None:
        ids = [prepared.reserved.send_id for prepared in batch.waiting]
        watch = Watch(self._database, ids, holder=self._holder)
        beat = asyncio.create_task(watch.keep_leases())
        try:
            lanes = min(self._transport.lanes, len(ids))
            await asyncio.gather(*(self._drive(batch, watch) for _ in range(lanes)))
        finally:
            beat.cancel()
        self._put_back(batch)

    async def _drive(self, batch: "_Batch", watch: Watch) -> None:
        """One lane: mail after mail, until none is left or the batch stops."""
        while batch.waiting and not batch.stopped:
            prepared = batch.waiting.pop(0)
            result = await self._attempt(prepared, batch, watch)
            batch.results.append(result)
            if result.meaning in {Meaning.LATER_ALL, Meaning.OUR_FAULT}:
                batch.stopped = result.words

    async def _attempt(self, prepared: Prepared, batch: "_Batch", watch: Watch) -> Result:
        reserved = prepared.reserved

        async def attempting() -> None:
            await watch.check(reserved.send_id)
            await self._journal.kept(attempt_line(self._holder, reserved.send_id))

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
            await self._journal.kept(reply_line(self._holder, reserved.send_id, reply, at=at))
        except (JournalFull, OSError):
            log.exception("a reply is not in the journal; its row is written all the same")
        return Result.of(reserved, reply, at=at)

    def _put_back(self, batch: "_Batch") -> None:
        """Return what was not attempted; rest where the server is away."""
        away = any(result.meaning is Meaning.LATER_ALL for result in batch.results)
        self._failures = self._failures + 1 if away else 0
        self._resting_until = batch.moment() + self._backoff() if away else None
        batch.results = [
            result.later(self._resting_until) if result.meaning is Meaning.LATER_ALL else result
            for result in batch.results
        ]
        for prepared in batch.waiting:
            left = Result(prepared.reserved, Meaning.NOT_ATTEMPTED, batch.stopped, batch.moment())
            batch.results.append(left.later(self._resting_until))
        batch.waiting = []

    def _backoff(self) -> timedelta:
        step = min(self._failures, len(_BACKOFF_SECONDS)) - 1
        return timedelta(seconds=_BACKOFF_SECONDS[step])

    def _settle(self, results: list[Result], *, now: datetime) -> None:
        """Write what became of sends, with what could not be written before."""
        self._unsettled += results
        if self._unsettled:
            with self._database.write() as session:
                settling.settle(session, self._unsettled, holder=self._holder, now=now)
            self._unsettled = []


class _Batch:
    """What one step works on."""

    def __init__(self, prepared: "list[Prepared | Result]", *, now: datetime) -> None:
        self.waiting = [one for one in prepared if isinstance(one, Prepared)]
        self.results = [one for one in prepared if isinstance(one, Result)]
        self.stopped = ""
        self._now = now
        self._began = time.monotonic()

    def moment(self) -> datetime:
        """The present, by a clock that nobody sets."""
        return self._now + timedelta(seconds=time.monotonic() - self._began)

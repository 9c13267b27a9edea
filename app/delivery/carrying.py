"""One relay as the sender uses it: what it takes, when it rests, and how a batch is carried.

What a relay did not take, another one may, and only that: a mail whose words a relay may have
heard to their end has one carrier for ever.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from app.delivery import pace_store
from app.delivery.attempts import attempt_line, reply_line
from app.delivery.batch import Batch
from app.delivery.pace import Pace
from app.delivery.replies import Meaning, Reply
from app.delivery.reserving import Prepared
from app.delivery.settling import Result
from app.delivery.shares import Room
from app.delivery.transports.ports import StoppedError, Transport
from app.delivery.watching import Watch
from app.platform import meters
from app.platform.db import Database
from app.platform.duties import Trouble, awaited
from app.platform.journal import Journal, JournalFull
from app.platform.meters import Meter

CARRIED = Meter(
    "thinslice_relay_mails_total",
    "What relays made of mails of experiments, by relay and by what that meant.",
    {"relay": None, "outcome": tuple(Meaning)},  # an operator names relays
)
_STOPPING = {Meaning.LATER_ALL, Meaning.LIMIT, Meaning.OUR_FAULT}
_OWN_ERRORS = (StoppedError, JournalFull, OSError)
_BACKOFF_SECONDS = (5, 10, 20, 40, 80, 160, 300)  # while the server is away
log = logging.getLogger(__name__)


class Carrier:
    """A relay of one process."""

    def __init__(
        self,
        database: Database,
        journal: Journal,
        transport: Transport,
        *,
        ticks: Callable[[], float],
        others: Callable[["Carrier"], Sequence["Carrier"]],
    ) -> None:
        """`ticks` counts seconds and is never set: by it we rest. `others`: the other relays."""
        self.transport = transport
        self._database = database
        self._journal = journal
        self._ticks = ticks
        self._others = others
        self._pace: Pace | None = None
        self._failures = 0
        self._rests_until = ticks()
        self._is_known_away: bool | None = None

    @property
    def name(self) -> str:
        """What tells it from the others."""
        return self.transport.name

    @property
    def rest_seconds(self) -> float:
        """How long until it may be tried."""
        return max(0.0, self._rests_until - self._ticks())

    @property
    def is_well(self) -> bool:
        """It was there when it was asked last, as far as anybody asked."""
        return self._failures == 0

    @property
    def is_free(self) -> bool:
        """Nothing that it said limits how much it is given, and it is there."""
        return self.is_well and (self._pace is None or self._pace.per_minute is None)

    @property
    def is_pressed(self) -> bool:
        """It takes whole batches in a moment, and nobody limits what it is given."""
        terms = self.transport.terms
        is_limited = terms.are_narrow or terms.rate is not None
        return self.is_free and not is_limited and self._pace is not None and self._pace.is_quick

    def room(self, now: datetime) -> Room:
        """How many mails it takes now."""
        pace = self._known_pace(now)
        now_free = pace.room(ticks=self._ticks())
        is_limited = pace.per_minute is not None
        return Room(self.transport.terms.share, pace.size, now_free if is_limited else None)

    async def carry(self, batch: Batch) -> None:
        """Try to hand over a batch; learn what the relay takes, and rest where it is away."""
        ids = [prepared.reserved.send_id for prepared in batch.waiting]
        watch = Watch(self._database, ids, holder=self._journal.writer)
        beat = asyncio.create_task(watch.keep_leases())
        try:
            async with asyncio.TaskGroup() as lanes:
                for _ in range(min(self.transport.lanes, len(ids))):
                    lanes.create_task(self._drive(batch, watch))
        finally:
            beat.cancel()
        self._rest(batch)

    def learn(self, batch: Batch) -> None:
        """What the relay takes, from what it said; kept where it is another pace than before."""
        now = batch.moment()
        pace = self._known_pace(now)
        meanings = [result.meaning for result in batch.results]
        for meaning, mails in Counter(meanings).items():
            meters.count(CARRIED, self.name, meaning, by=mails)
        is_new = pace.hear(meanings, ticks=self._ticks(), seconds=batch.seconds)
        is_away = self._failures > 0
        if is_new or is_away is not self._is_known_away:
            said = batch.away() if is_away else None
            with self._database.write() as session:
                pace_store.keep(session, self.name, pace.per_minute, away=said, now=now)
            self._is_known_away = is_away

    def _known_pace(self, now: datetime) -> Pace:
        """The relay's pace, as it was learnt before the last start."""
        if self._pace is None:
            with self._database.read() as session:
                known = pace_store.pace_of(session, self.name, now=now)
                self._is_known_away = pace_store.is_away(session, self.name)
            self._pace = Pace(known)
        return self._pace

    async def _drive(self, batch: Batch, watch: Watch) -> None:
        """One lane: mail after mail, until none is left or the batch stops."""
        while batch.waiting and not batch.stopped:
            prepared = batch.take()
            result = self._handed_on(await self._attempt(prepared, batch, watch))
            batch.heard(result)
            if result.meaning in _STOPPING or batch.is_refused_for_us(result):
                batch.stopped = result.words

    def _handed_on(self, result: Result) -> Result:
        """What a relay will not have of anybody, another one may take: nobody is at fault yet."""
        if result.meaning is Meaning.OUR_FAULT and any(one.is_well for one in self._others(self)):
            return replace(result, meaning=Meaning.LATER_ALL)
        return result

    async def _attempt(self, prepared: Prepared, batch: Batch, watch: Watch) -> Result:
        reserved = prepared.reserved

        async def attempting() -> None:
            await watch.check(reserved.send_id)
            batch.attempted.add(reserved.send_id)
            await self._journal.kept(attempt_line(reserved.number, self.name))

        try:
            await watch.check(reserved.send_id)
            sent = self.transport.send(prepared.mail, attempting)
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
            words, now = reply.sentence, batch.moment()
            return Result(reserved, Meaning.UNCERTAIN, words, now, relay=self.name)
        return await self._heard(prepared, reply, at=batch.moment())

    async def _heard(self, prepared: Prepared, reply: Reply, *, at: datetime) -> Result:
        reserved = prepared.reserved
        try:
            await self._journal.kept(reply_line(reserved.number, reply, at=at, relay=self.name))
        except (JournalFull, OSError):
            log.exception("a reply is not in the journal; its row is written all the same")
        return Result.of(reserved, reply, at=at, relay=self.name)

    def _rest(self, batch: Batch) -> None:
        """Rest where the relay is away, each time longer.

        Whoever waits for it waits as long, or goes to another one at once.
        """
        if not batch.server_is_away():
            self._failures = 0
            return
        self._failures += 1
        seconds = float(_BACKOFF_SECONDS[min(self._failures, len(_BACKOFF_SECONDS)) - 1])
        self._rests_until = self._ticks() + seconds
        elsewhere = min((one.rest_seconds for one in self._others(self)), default=seconds)
        if elsewhere > 0:
            batch.rest(min(seconds, elsewhere))

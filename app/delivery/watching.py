"""While a batch is under way: is each of its mails wanted still, and do we hold it still?"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from app.delivery import store
from app.delivery.transports.ports import StoppedError
from app.platform import clock
from app.platform.db import Database

LEASE = timedelta(seconds=15)  # decision 4
_FRESH_SECONDS = 0.5  # a pause is in force within a second
_BEAT_SECONDS = 4.0  # three beats in a lease


class Watch:
    """Asks the database twice a second at most, however many mails leave meanwhile."""

    def __init__(self, database: Database, send_ids: Sequence[int], *, holder: str) -> None:
        self._database = database
        self._holder = holder
        self._ids = tuple(send_ids)
        self._wanted = set(send_ids)  # they were reserved a moment ago
        self._looked = time.monotonic()
        self._looking = asyncio.Lock()

    async def check(self, send_id: int) -> None:
        """Raise StoppedError where this mail is not wanted any more, or nobody can say."""
        if self._is_stale():
            async with self._looking:
                if self._is_stale():  # nobody else has looked meanwhile
                    self._wanted = await asyncio.to_thread(self._look)
                    self._looked = time.monotonic()
        if send_id not in self._wanted:
            raise StoppedError

    def _is_stale(self) -> bool:
        return time.monotonic() - self._looked > _FRESH_SECONDS

    async def keep_leases(self) -> None:
        """Renew our leases until cancelled. While the database is away they run out, rightly."""
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            with contextlib.suppress(SQLAlchemyError):
                await asyncio.to_thread(self._renew)

    def _look(self) -> set[int]:
        try:
            with self._database.read() as session:
                return store.still_wanted(session, self._ids, holder=self._holder)
        except SQLAlchemyError as error:
            raise StoppedError from error

    def _renew(self) -> None:
        with self._database.write() as session:
            store.renew(session, holder=self._holder, until=clock.now() + LEASE)

"""Where links lead, in memory: the redirect asks nobody, unless a set is new or was edited."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.platform.errors import AppError, NotFound, Unavailable
from app.tracking import snapshots
from app.tracking.targets import Target, TargetKind, Targets

__all__ = ["Destinations", "Target", "TargetKind", "Targets", "UnknownSet"]

_PATIENCE_SECONDS = 1.0  # how long a reader waits for a destination that is not in memory
_POLL_SECONDS = 1.0  # how late an edited address may come into force
_THREADS = 4
_AHEAD = 32  # of the newest sets, that are looked up before anybody asks: a launch makes a few
log = logging.getLogger(__name__)


class UnknownSet(NotFound):
    """The database says that there is no such set."""


class Destinations:
    """The targets of every set that was asked for.

    `load` and `state` run in a thread and raise Unavailable where the database is away; `state` is
    a version, which moves with every edit, and the number of the newest set.
    """

    def __init__(
        self,
        load: Callable[[int], Targets | None],
        state: Callable[[], tuple[int, int]],
        snapshot: Path,
    ) -> None:
        self._load = load
        self._state = state
        self._threads = ThreadPoolExecutor(_THREADS, "destinations")
        self._current: dict[int, Targets] = {}
        self._snapshot = snapshot
        self._older: dict[int, Targets] = snapshots.read(snapshot)
        self._read_at = _written_at(snapshot)
        self._asked: dict[int, asyncio.Task[Targets]] = {}
        self._seen: int | None = None
        self._newest: int | None = None
        self._away = False

    def of(self, set_id: int) -> Targets | None:
        """What is known at once."""
        return self._current.get(set_id)

    async def find(self, set_id: int) -> Targets:
        """Ask the database, once for all who wait. Raises UnknownSet or Unavailable.

        While it is away or slow, what was known before serves, and what the ingester kept on disk.
        """
        asked = self._asked.get(set_id)
        if asked is None:
            asked = asyncio.create_task(self._ask(set_id))
            self._asked[set_id] = asked
            asked.add_done_callback(lambda done: self._settle(set_id, done))
        try:
            return await asyncio.wait_for(asyncio.shield(asked), _PATIENCE_SECONDS)
        except (Unavailable, TimeoutError) as error:
            return await self._from_before(set_id, error)

    async def watch(self) -> None:
        """Notice edits and new sets. Runs until it is cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(_POLL_SECONDS)

    async def refresh(self) -> None:
        """Look once; after an edit every set is asked for anew when it is used.

        New sets are looked up at once: whoever gets the first mails of a launch comes to their
        page though the database goes away before anybody clicked.
        """
        loop = asyncio.get_running_loop()
        try:
            version, newest = await loop.run_in_executor(self._threads, self._state)
        except (AppError, OSError) as error:
            if not self._away:  # said once, not every second
                log.warning("destinations cannot be checked: %s", error)
            self._away = True
            return
        self._away = False
        if version != self._seen:
            self._older.update(self._current)
            self._current = {}
            self._seen = version
        await self._learn(newest)

    async def _learn(self, newest: int) -> None:
        """Look up the sets that are new; of one that is away by now, the next look tries again."""
        known = newest - _AHEAD if self._newest is None else max(self._newest, newest - _AHEAD)
        for set_id in range(max(known, 0) + 1, newest + 1):
            try:
                if set_id not in self._current:
                    await self._ask(set_id)
            except UnknownSet:
                continue  # a number that no set has
            except AppError:
                return
        self._newest = newest

    def close(self) -> None:
        """Stop asking."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, set_id: int) -> Targets:
        loop = asyncio.get_running_loop()
        seen = self._seen
        targets = await loop.run_in_executor(self._threads, self._load, set_id)
        if targets is None:
            raise UnknownSet("This link leads nowhere: it is not one of ours any more.")
        if seen == self._seen:  # else it may have been read before the edit
            self._current[set_id] = targets
        return targets

    def _settle(self, set_id: int, done: asyncio.Task[Targets]) -> None:
        del self._asked[set_id]
        if not done.cancelled():
            done.exception()  # seen, though everybody who waited may have left

    async def _from_before(self, set_id: int, error: Exception) -> Targets:
        if set_id not in self._older:
            await self._read_snapshot()
        try:
            targets = self._older[set_id]
        except KeyError:
            raise Unavailable("The database is away; try this link again shortly.") from error
        self._current[set_id] = targets
        self._seen = None  # the next look at the version counts as a change
        return targets

    async def _read_snapshot(self) -> None:
        """The sets that the ingester kept since it was last read."""
        written_at = _written_at(self._snapshot)
        if written_at == self._read_at:
            return
        self._read_at = written_at
        loop = asyncio.get_running_loop()
        kept = await loop.run_in_executor(self._threads, snapshots.read, self._snapshot)
        self._older = kept | self._older


def _written_at(path: Path) -> int:
    """When a file was replaced, in ns; 0 while there is none."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0

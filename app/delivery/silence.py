"""Other machines that fell silent: what they had reserved is uncertain, until they tell.

A holder moves its leases on every few seconds. Whether they moved is judged by our own count of
seconds since we last saw them move: no clock, theirs or ours, makes a living holder look dead.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from app.delivery import settling, store
from app.delivery.recovery import reserved_by
from app.delivery.replies import Meaning
from app.delivery.settling import Result
from app.delivery.watching import LEASE
from app.platform import writers
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.put_off import Work
from app.platform.writers import Life

_GRACE = timedelta(seconds=15)  # after a lease: a machine that was only slow comes back meanwhile
_PATIENCE_SECONDS = (LEASE + _GRACE).total_seconds()
_UNHEARD = "The machine that was sending it was not heard of again."


@dataclass(frozen=True, slots=True)
class _Beat:
    """How far a holder had moved its leases, and when we first saw them there."""

    lease: datetime
    since: float


class Silence:
    """Listens for holders of reserved sends. One per process."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._beats: Mapping[str, _Beat] = {}

    def duty(self) -> Duty:
        """Mark what each silent holder had reserved as uncertain."""
        return Duty(
            work=Work.SILENCE,
            items=lambda session, _now: self.silent(session, ticks=time.monotonic()),
            do=self.give_up,
            is_shared=False,
            waits=lambda _session: bool(self._beats),
        )

    def silent(self, session: Session, *, ticks: float) -> list[str]:
        """Holders that were not heard of for too long."""
        leases = store.leases(session)
        self._beats = {holder: self._heard(holder, at, ticks) for holder, at in leases.items()}
        return [holder for holder in leases if self._is_silent(holder, ticks)]

    def _heard(self, holder: str, lease: datetime, ticks: float) -> _Beat:
        known = self._beats.get(holder)
        return known if known and known.lease == lease else _Beat(lease, ticks)

    def _is_silent(self, holder: str, ticks: float) -> bool:
        """Not moving for too long; but a process of our own folder that has its lock only waits."""
        if ticks - self._beats[holder].since <= _PATIENCE_SECONDS:
            return False
        return writers.life_of(self._folder, holder) is not Life.ALIVE

    def give_up(self, holder: str, now: datetime) -> int:
        """What one had reserved is uncertain; how many sends."""
        lease = self._beats[holder].lease
        with self._database.write() as session:
            sends = store.unmoved(session, holder, lease=lease)
            results = [
                Result(reserved_by(send), Meaning.UNCERTAIN, _UNHEARD, now) for send in sends
            ]
            return settling.settle(session, results, holder=holder, now=now)

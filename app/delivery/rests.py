"""A clock that was set back keeps nobody waiting: whoever waits waits from now at the longest.

Due times are kept as moments. Each wait has a length that is known (the first release waits for
its wave alone, a put-off mail by the number of times that it was put off), so a due time that lies
further ahead than that was written by a clock that has been set back since.
"""

import time
from datetime import datetime, timedelta

from sqlmodel import Session

from app.delivery import rest_store
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.put_off import Work

_SLACK = timedelta(minutes=1)  # machines' clocks differ by less
_LOOK_SECONDS = 30.0  # between looks while our own clock goes as it should
_CHUNK = 2_000  # rows in one write transaction (decision 7)


class Rests:
    """Looks whether somebody waits for a moment that a clock took away. One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looked: tuple[datetime, float] | None = None

    def duty(self) -> Duty:
        """Bring due times back that lie too far ahead, in each experiment."""
        return Duty(
            work=Work.SHORTEN,
            items=lambda session, now: self.due(session, now, ticks=time.monotonic()),
            do=self.shorten,
            is_shared=False,
        )

    def due(self, session: Session, now: datetime, *, ticks: float) -> list[str]:
        """Experiments to look at; none while our own clock goes as it should.

        `ticks` counts seconds and is never set.
        """
        if not self._is_time(now, ticks):
            return []
        self._looked = (now, ticks)
        return rest_store.releasing(session)

    def _is_time(self, now: datetime, ticks: float) -> bool:
        if self._looked is None:
            return True
        then, seconds = self._looked[0], ticks - self._looked[1]
        went_back = now < then + timedelta(seconds=seconds) - _SLACK
        return went_back or seconds > _LOOK_SECONDS

    def shorten(self, experiment_id: str, now: datetime) -> int:
        """Bring back the due times of one experiment; how many."""
        total = 0
        with self._database.read() as session:
            found = rest_store.too_far(session, experiment_id, now=now, slack=_SLACK, limit=1)
        while found:
            with self._database.write() as session:
                found = rest_store.too_far(
                    session, experiment_id, now=now, slack=_SLACK, limit=_CHUNK
                )
                rest_store.bring_back(session, found, now=now)
            total += len(found)
        return total

"""A launch may be undone for some seconds, and nobody is mailed before they are over.

Whether they are over is counted by the worker from when it first saw the launch, in seconds that
nobody sets: no clock, its own or another machine's, makes them shorter.
"""

import time
from datetime import datetime

from sqlmodel import Session

from app.experiments import store
from app.experiments.models import Status
from app.platform.db import Database
from app.platform.duties import SOON_SECONDS, Duty
from app.platform.put_off import Work

_Launch = tuple[str, datetime | None]  # an experiment, and when it was launched


class Undoing:
    """Looks which launches can no longer be undone. One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[_Launch, float] = {}

    def duty(self) -> Duty:
        """Let each experiment start once its launch can't be undone any more."""
        return Duty(
            work=Work.UNDO,
            items=lambda session, _now: self.over(session, ticks=time.monotonic()),
            do=self.close,
            rest_seconds=SOON_SECONDS,
            waits=lambda session: bool(store.undoable(session)),
        )

    def over(self, session: Session, *, ticks: float) -> list[str]:
        """Experiments whose seconds are over. `ticks` counts seconds and is never set."""
        experiments = store.undoable(session)
        seen = {(experiment.id, experiment.launched_at): experiment for experiment in experiments}
        self._seen = {launch: self._seen.get(launch, ticks) for launch in seen}
        return [
            experiment.id
            for launch, experiment in seen.items()
            if ticks - self._seen[launch] >= experiment.undo_seconds
        ]

    def close(self, experiment_id: str, _now: datetime) -> int:
        """From here it starts when its time comes, and a cancel is a cancel."""
        with self._database.write() as session:
            experiment = store.locked(session, experiment_id)
            launch = (experiment.id, experiment.launched_at)
            if experiment.status != Status.SCHEDULED or launch not in self._seen:
                return 0  # undone meanwhile, and perhaps launched again
            experiment.undo_seconds = 0
            session.add(experiment)
        return 1

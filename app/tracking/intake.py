"""One data folder's ingester: reads the journals, and says how far they are read."""

import logging
from datetime import datetime, timedelta
from pathlib import Path

from app.platform import journal
from app.platform.db import Database
from app.tracking import folders, ingest
from app.tracking.folders import Folder
from app.tracking.ingest import Round
from app.tracking.losses import lost_in
from app.tracking.ports import SendFacts

# A hit is stamped before it is written: a process that hung between the two for that long may have
# a line in the journal that is older than the moment at which the journal was read.
MARGIN = timedelta(seconds=5)
log = logging.getLogger(__name__)

_BEAT = timedelta(seconds=2)  # between the reports of a busy ingester


class Intake:
    """Takes in what a data folder's web processes answered. One per folder."""

    def __init__(self, database: Database, folder: Folder, hits: Path, facts: SendFacts) -> None:
        self._database = database
        self._folder = folder
        self._hits = hits
        self._facts = facts
        self._pace = ingest.usual_pace()
        self._reported: datetime | None = None
        self._wrong = ""  # what was last said of this folder

    def take(self, now: datetime) -> int:
        """One round, which began `now`; how many hits."""
        taken = self._take(now)
        if self._reported is None or abs(now - self._reported) >= _BEAT:
            self._report(now, until=_until(taken, now), drained=False)
        return taken.hits

    def finish(self, now: datetime) -> int:
        """As `take`, once this ingester was told to stop; 0 where nothing is left to read.

        Where no web process is left either, the folder is drained: nothing in it waits to be read.
        """
        writers = any(segment.is_open for segment in journal.segments(self._hits))
        taken = self._take(now)
        if taken.complete:
            self._report(now, until=now - MARGIN, drained=not writers)
            return 0
        return taken.hits

    def _take(self, now: datetime) -> Round:
        return ingest.ingest_round(
            self._database, self._hits, self._facts, pace=self._pace, now=now
        )

    def _report(self, now: datetime, *, until: datetime | None, drained: bool) -> None:
        lost = lost_in(self._hits)
        with self._database.write_unheard() as session:
            wrong = folders.report(
                session, self._folder, until=until, lost=lost, drained=drained, now=now
            )
        self._reported = now
        if wrong and not self._wrong:
            log.error("%s", wrong)
        self._wrong = wrong


def _until(taken: Round, now: datetime) -> datetime | None:
    """Every hit answered before that moment is a row, also where more wait behind it."""
    if taken.complete:
        return now - MARGIN
    return min(taken.until, now) - MARGIN if taken.until else None

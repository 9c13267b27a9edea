"""What an operator watches beside counts: how things stand in the database and the data folder.

A look costs a dozen bounded questions. It is shared by everybody who asks within some seconds, and
made by one of them: however often it is asked, the database hears no more of it.
"""

import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import select
from sqlmodel import Session

from app.allocation import store as allocation_store
from app.allocation import weeks
from app.audience import store as audience_store
from app.delivery import due_store, pace_store, transports
from app.delivery.models import State
from app.okr import source_store
from app.ops.installation import House
from app.outreach import pushes
from app.outreach.models import State as PushState
from app.platform import away, clock, events, journal, locks, put_off
from app.platform.away import AWAY
from app.platform.meters import Labels, Meter
from app.platform.put_off import Work
from app.tracking import folder_rows, folders, store
from app.tracking.folders import FolderState
from app.tracking.losses import lost_in
from app.tracking.models import DataFolder

SHARED_SECONDS = 10.0  # chosen by us: below the usual minute and half minute between scrapes


class Due(StrEnum):
    """What falls due by itself."""

    SEND = "send"
    TEAM_MAIL = "team_mail"
    PUSH = "push"
    EVENT = "event"
    JUDGE = "judge"
    IMPORT = "import"
    SURVEY = "survey"
    VALUE = "value"


_OWED = tuple(state for state in PushState if state is not PushState.DONE)
DATABASE = Meter("thinslice_database_up", "Whether the database answers: 1 or 0.")
SENDS = Meter("thinslice_sends", "Mails of experiments, by state.", {"state": tuple(State)})
OLDEST_DUE = Meter(
    "thinslice_oldest_due_seconds",
    "For how long the work has been due that waits longest; 0 where nothing is due.",
    {"work": tuple(Due)},
)
RELAYS = Meter(
    "thinslice_relay_up",
    "Whether a relay took mails when it was asked last: 1 or 0.",
    {"relay": None},
)
PUSHES = Meter("thinslice_pushes", "Pushes to tools that are not done, by state.", {"state": _OWED})
SURVEY = Meter(
    "thinslice_survey_people",
    "Of the last week that was opened: who was asked where time went, and who answered.",
    {"state": ("asked", "answered")},
)
PUT_OFF = Meter(
    "thinslice_work_put_off",
    "Pieces of work that failed and wait for another try, by kind.",
    {"work": tuple(Work)},
)
LAG = Meter(
    "thinslice_ingest_lag_seconds",
    "Age of the moment up to which every click is in, by the data folder that is furthest behind.",
)
FOLDERS = Meter(
    "thinslice_data_folders",
    "Data folders of all machines, by state.",
    {"state": tuple(FolderState)},
)
LOST = Meter(
    "thinslice_hits_lost_unseen",
    "Clicks and opens of all data folders that were not kept, and nobody has taken note of it.",
)
LOST_HERE = Meter(
    "thinslice_hits_lost_total", "Clicks and opens of this data folder that were not kept."
)
JOURNAL = Meter(
    "thinslice_journal_bytes",
    "Size of this data folder's journals: hits not read yet or just read; sends under way.",
    {"journal": ("hits", "sends")},
)
JOURNAL_LIMIT = Meter("thinslice_journal_limit_bytes", "What a journal may hold: SPOOL_LIMIT.")
DISK = Meter("thinslice_disk_free_bytes", "Free space beside this data folder.")
PROCESSES = Meter(
    "thinslice_process_up",
    "Whether this data folder's process lives: 1 or 0.",
    {"process": ("ingester", "sender")},
)
OF_THE_DATABASE = (SENDS, OLDEST_DUE, RELAYS, PUSHES, SURVEY, PUT_OFF, LAG, FOLDERS, LOST)
OF_THE_FOLDER = (LOST_HERE, JOURNAL, JOURNAL_LIMIT, DISK, PROCESSES)
ALL = (DATABASE, *OF_THE_DATABASE, *OF_THE_FOLDER)

_Name = TypeVar("_Name", bound=StrEnum)
Values = Mapping[str, Mapping[Labels, float]]  # by the meter's name; what nobody knows is missing


@dataclass(frozen=True, slots=True)
class Look:
    """How things stood."""

    values: Values
    why_away: str = ""  # the database, in words

    def of(self, meter: Meter, *labels: str) -> float | None:
        """One number; None where it could not be known."""
        return self.values.get(meter.name, {}).get(labels)


class Gauges:
    """Looks, and shares what was seen. One per process."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._looking = threading.Lock()
        self._seen: tuple[float, Look] | None = None  # and when

    def look(self) -> Look:
        """How things stand, or stood some seconds ago."""
        with self._looking:
            if self._seen is None or time.monotonic() - self._seen[0] > SHARED_SECONDS:
                self._seen = time.monotonic(), look(self._house)
            return self._seen[1]


def look(house: House) -> Look:
    """How things stand now. Where the database is away, what the folder says is known still."""
    here = _of_the_folder(house)
    try:
        with house.database.read() as session:
            found = _of_the_database(session, house, now=clock.now())
    except AWAY as error:
        return Look(here | {DATABASE.name: {(): 0.0}}, away.in_words(error))
    return Look(here | found | {DATABASE.name: {(): 1.0}})


def _of_the_database(
    session: Session, house: House, *, now: datetime
) -> dict[str, dict[Labels, float]]:
    rows = folder_rows.folders(session)
    states = [folders.state_of(row, now=now) for row in rows]
    ages = [
        _age(row.ingested_until or row.registered_at, now) for row in rows if _is_awaited(row, now)
    ]
    return {
        SENDS.name: _by(due_store.sends_by_state(session)),
        OLDEST_DUE.name: _oldest_due(session, house, now),
        RELAYS.name: _relays(session, house),
        PUSHES.name: _by(pushes.owed(session)),
        SURVEY.name: _survey(session),
        PUT_OFF.name: _by(put_off.failing_by_work(session)),
        LAG.name: {(): max(ages, default=0.0)},
        FOLDERS.name: {(state,): float(states.count(state)) for state in FolderState},
        LOST.name: {(): float(sum(row.lost - row.lost_seen for row in rows))},
    }


def _by(found: Mapping[_Name, int]) -> dict[Labels, float]:
    return {(name.value,): float(number) for name, number in found.items()}


def _relays(session: Session, house: House) -> dict[Labels, float]:
    names = transports.names(house.settings)
    away = pace_store.away(session, names)
    return {(name,): float(name not in away) for name in names}


def _survey(session: Session) -> dict[Labels, float]:
    """As the page and the API tell it."""
    last = allocation_store.last_week(session)
    week = weeks.opened_week(session, last) if last else None
    asked, answered = (week.asked, week.answered) if week else (0, 0)
    return {("asked",): float(asked), ("answered",): float(answered)}


def _oldest_due(session: Session, house: House, now: datetime) -> dict[Labels, float]:
    day = now.astimezone(house.settings.zone).date()
    first = {
        Due.SEND: due_store.first_send_due(),
        Due.TEAM_MAIL: due_store.first_notice_due(),
        Due.PUSH: pushes.first_due(),
        Due.EVENT: events.first_untold(),
        Due.JUDGE: store.first_reaction_due(),
        Due.IMPORT: audience_store.first_import_running(),
        Due.SURVEY: allocation_store.first_unsettled(now=now),
        Due.VALUE: source_store.first_source_due(day=day),
    }
    found = session.execute(select(*first.values())).one()
    ages: dict[Labels, float] = {
        (work,): _age(moment, now) for work, moment in zip(first, found, strict=True)
    }
    if ages[(Due.SEND,)] and (since := due_store.not_late_before(session, house.settings, now=now)):
        ages[(Due.SEND,)] = min(ages[(Due.SEND,)], _age(since, now))
    return ages


def _age(moment: datetime | None, now: datetime) -> float:
    """Seconds since; 0 of what is to come."""
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0


def _is_awaited(row: DataFolder, now: datetime) -> bool:
    """Whether clicks may come in from there still."""
    return folders.state_of(row, now=now) not in {FolderState.RETIRED, FolderState.STOPPED}


def _of_the_folder(house: House) -> dict[str, dict[Labels, float]]:
    processes = zip(("ingester", "sender"), house.locks, strict=True)
    journals = (("hits", house.hits), ("sends", house.sends))
    return {
        LOST_HERE.name: {(): float(lost_in(house.hits))},
        JOURNAL.name: {(name,): float(journal.bytes_in(path)) for name, path in journals},
        JOURNAL_LIMIT.name: {(): float(house.settings.spool_limit)},
        DISK.name: {(): float(shutil.disk_usage(house.settings.data_dir).free)},
        PROCESSES.name: {(name,): float(locks.held(path)) for name, path in processes},
    }

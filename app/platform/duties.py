"""What a worker does by itself, item by item: one that fails is put off, and the others go on."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session

from app.platform import away, figures, meters, put_off
from app.platform.away import tell
from app.platform.db import Database
from app.platform.meters import Meter
from app.platform.put_off import PutOff, Work

WHOLE = ""  # the item of work that is one piece
REST_SECONDS = 15.0  # without a sign, while there is anything that may fall due by itself …
LONG_SECONDS = 60.0  # … while there is nothing …
SOON_SECONDS = 2.0  # … and while somebody waits for it, or another machine may have written it
FAILED = Meter(
    "thinslice_work_failures_total",
    "Tries of a worker that failed, each tried again later, by kind of work.",
    {"work": tuple(Work)},
)
Found = TypeVar("Found")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something could not be done, for people."""

    sentence: str
    passes: bool = False  # it is the database's, and over when that answers


def tried(do: Callable[[], Found], *, what: str) -> Found | Trouble:
    """Do something whose failing concerns nothing else; `what` is its name in the log."""
    try:
        return do()
    except Exception as error:  # noqa: BLE001 - it is told, and the others go on
        tell(log, error, what=f"{what} failed; the others go on")
        return Trouble(put_off.sentence_of(error), away.passes(error))


async def awaited(
    doing: Awaitable[Found], *, what: str, but: tuple[type[Exception], ...] = ()
) -> Found | Trouble:
    """The same of what is awaited. Errors of the kinds in `but` are the caller's own affair."""
    try:
        return await doing
    except but:
        raise
    except Exception as error:  # noqa: BLE001 - it is told, and the others go on
        tell(log, error, what=f"{what} failed; the others go on")
        return Trouble(put_off.sentence_of(error), away.passes(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One kind of work: what may be due, and how one item of it is done."""

    work: Work
    items: Callable[[Session, datetime], Iterable[str]]  # looks only; never an item's own facts
    do: Callable[[str, datetime], int]  # how much was done
    is_due: Callable[[Session, str, datetime], bool] | None = None  # looks at one item's facts
    together: Callable[[Sequence[str], datetime], int] | None = None  # all at once, where that goes
    at_once: int | None = None  # items in a round, where others wait for the same loop
    is_shared: bool = True  # whoever asks for the items sees the same ones
    rest_seconds: float = REST_SECONDS  # until it is tried without a sign
    waits: Callable[[Session], bool] | None = None  # whether what is no item yet soon will be one


class Attempts:
    """Tries what is due; the one place where an item's failing is caught. One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._calm: set[Work] = set()  # where nothing was found that may fall due

    def rest_of(self, duty: Duty) -> float:
        """Seconds until it is tried without a sign, by what its last round found."""
        seconds = duty.rest_seconds
        return max(seconds, LONG_SECONDS) if duty.work in self._calm else seconds

    def round(self, duty: Duty, now: datetime) -> int:
        """Do what is due; how much was done. Raises where the database is away, and only there."""
        self._calm.discard(duty.work)
        with self._database.read() as session:
            waiting = put_off.of_work(session, duty.work)
            if not _may_go(waiting.get(WHOLE), now):
                return 0  # not even what is due could be told a moment ago
            found = tried(lambda: list(duty.items(session, now)), what=duty.work)
            if not (waiting or found or _waits(duty, session)):
                self._calm.add(duty.work)
        if isinstance(found, Trouble):
            self._note(duty.work, WHOLE, found, waiting, now=now)
            return 0
        self._sweep(duty, waiting, found)
        ready = [item for item in found if _may_go(waiting.get(item), now)]
        ready = self._due(duty, ready[: duty.at_once], waiting, now=now)
        if duty.together and len(ready) > 1 and not waiting.keys() & set(ready):
            done = tried(lambda: duty.together(ready, now), what=duty.work)  # type: ignore[misc]  # it is there
            if not isinstance(done, Trouble):
                return done
        return sum(self._one(duty.work, item, duty.do, waiting, now=now) for item in ready)

    def each(
        self, work: Work, items: Sequence[str], do: Callable[[str], Found], *, now: datetime
    ) -> list[Found]:
        """What came of each item that may go; those that fail are put off."""
        with self._database.read() as session:
            waiting = put_off.of_work(session, work) if items else {}
        came: list[Found] = []

        def keep(item: str, _now: datetime) -> int:
            came.append(do(item))
            return 1

        for item in items:
            if _may_go(waiting.get(item), now):
                self._one(work, item, keep, waiting, now=now)
        return came

    def _one(
        self,
        work: Work,
        item: str,
        do: Callable[[str, datetime], int],
        waiting: Mapping[str, PutOff],
        *,
        now: datetime,
    ) -> int:
        done = tried(lambda: do(item, now), what=work)
        if isinstance(done, Trouble):
            self._note(work, item, done, waiting, now=now)
            return 0
        if item in waiting:
            with self._database.write() as session:
                put_off.drop(session, [waiting[item].id])
        return done

    def _due(
        self, duty: Duty, items: Sequence[str], waiting: Mapping[str, PutOff], *, now: datetime
    ) -> list[str]:
        """Those that are due by their own facts. One session for all, a new one after a failure."""
        due: list[str] = []
        rest = list(items)
        while rest and duty.is_due:
            with self._database.read() as session:
                while rest:
                    item = rest.pop(0)
                    is_due = tried(lambda: duty.is_due(session, item, now), what=duty.work)  # type: ignore[misc]  # noqa: B023 - called at once
                    if isinstance(is_due, Trouble):
                        break
                    due += [item] if is_due else []
            if isinstance(is_due, Trouble):
                self._note(duty.work, item, is_due, waiting, now=now)
        return due if duty.is_due else list(items)

    def _note(
        self,
        work: Work,
        item: str,
        trouble: Trouble,
        waiting: Mapping[str, PutOff],
        *,
        now: datetime,
    ) -> None:
        """Put it off. `waiting`: what was put off when it was looked at."""
        seen = waiting[item].attempts if item in waiting else 0
        with self._database.write() as session:
            attempts = put_off.note(
                session, work, item, trouble.sentence, seen=seen, passes=trouble.passes, now=now
            )
        meters.count(FAILED, work)
        log.warning("%s is put off after %s", work, figures.plural(attempts, "try", "tries"))

    def _sweep(self, duty: Duty, waiting: Mapping[str, PutOff], found: Sequence[str]) -> None:
        """What was put off and is due no longer needs no other try."""
        gone = [
            row.id
            for item, row in waiting.items()
            if item not in set(found) and (duty.is_shared or item == WHOLE)
        ]
        if gone:
            with self._database.write() as session:
                put_off.drop(session, gone)


def _waits(duty: Duty, session: Session) -> bool | Trouble:
    ask = duty.waits
    return ask is not None and tried(lambda: ask(session), what=duty.work)


def _may_go(row: PutOff | None, now: datetime) -> bool:
    return row is None or row.may_go(now)

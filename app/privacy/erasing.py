"""Erase a person: at once from every row that is theirs, then from wherever else they are named.

What other processes had read of them before is written a moment later; so every room forgets twice,
the second time when nobody can have anything left: no mail under way, no file that is being read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from app.audience import erased, erasure_rows, personal, store
from app.audience.erased import Marker
from app.audience.models import Erasure
from app.delivery import personal as sends
from app.experiments import store as experiments
from app.identity import audit
from app.platform import held, once
from app.platform.db import Database
from app.platform.duties import WHOLE, Duty
from app.platform.held import Subject
from app.platform.put_off import Work
from app.privacy import mentions
from app.privacy.registry import LINES, MENTIONS, PARTS, SEALED

_GRACE = timedelta(minutes=1)  # no transaction that had read the person lasts longer
_EVERY = timedelta(seconds=1)  # nobody waits for an erasure to end
_AT_A_TIME = 50  # people whose addresses are searched for in one pass
_CLEANED_EVERY = timedelta(minutes=10)  # rewriting a SQLite file keeps its writers waiting


@dataclass(frozen=True, slots=True)
class Asked:
    """What erasing somebody comes to."""

    person_id: str
    sends: int
    under_way: int  # mails being sent at this moment: they finish, then they are forgotten, too

    @property
    def sentence(self) -> str:
        """What was done, in words."""
        if self.under_way:
            return (
                "Erased. A mail to them is being sent at this moment; once it has left it is"
                " forgotten, too. Numbers stay as they were."
            )
        return "Erased. Numbers stay as they were."


def subject_of(session: Session, person_id: str) -> Subject:
    """A person by id, as every room may know them. Raises NotFound."""
    subject = personal.subject_of(store.person_of(session, person_id))
    return replace(subject, send_ids=sends.send_ids(session, person_id))


def erase(session: Session, person_id: str, *, marker: Marker, now: datetime) -> Asked:
    """Forget a person, and let no file bring them back. Numbers stay as they are."""
    store.one_import_at_a_time(session)
    subject = subject_of(session, person_id)
    under_way = sends.under_way(session, person_id)
    erased.remember(session, personal.labels_of(subject), marker, now=now)
    personal.leave_audiences(session, subject)
    _forget(session, subject, asked_at=now)
    audit.tell(session, mails=len(subject.send_ids))
    session.add(Erasure(person_id=person_id, words=list(subject.words), asked_at=now))
    return Asked(person_id, len(subject.send_ids), under_way)


class Finisher:
    """Ends erasures: searches for what was written meanwhile, then cleans the files."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looked: datetime | None = None
        self._cleaned: datetime | None = None

    def duties(self) -> tuple[Duty, Duty]:
        """End each erasure that can be ended; then clean the files."""
        return (
            Duty(
                work=Work.ERASE,
                items=self._waiting,
                is_due=lambda session, one, _now: _is_quiet(session, session.get_one(Erasure, one)),
                do=lambda one, now: self.sweep([one], now),
                together=self.sweep,
            ),
            Duty(
                work=Work.CLEAN,
                items=lambda _session, now: [WHOLE] if self._is_time_to_clean(now) else [],
                do=lambda _whole, now: self.clean(now),
                is_shared=False,
            ),
        )

    def _waiting(self, session: Session, now: datetime) -> Sequence[str]:
        if self._looked is not None and abs(now - self._looked) < _EVERY:
            return []
        self._looked = now
        return [erasure.person_id for erasure in erasure_rows.unswept(session, before=now - _GRACE)]

    def sweep(self, person_ids: Sequence[str], now: datetime) -> int:
        """Search for what was written of these people meanwhile; how many they are."""
        with self._database.read() as session:
            people = [session.get_one(Erasure, person_id) for person_id in person_ids]
        for start in range(0, len(people), _AT_A_TIME):
            self._sweep(people[start : start + _AT_A_TIME], now)
        return len(people)

    def _sweep(self, people: Sequence[Erasure], now: datetime) -> None:
        words = [word for erasure in people for word in erasure.words]
        with self._database.read() as session:
            found = list(mentions.find(session, words))
        for start in range(0, len(found), _AT_A_TIME):
            with self._database.write() as session:
                mentions.take_out(session, found[start : start + _AT_A_TIME])
        for person in people:
            with self._database.write() as session:
                numbers = sends.send_ids(session, person.person_id)
                subject = Subject(person.person_id, send_ids=numbers)
                _forget(session, subject, asked_at=person.asked_at)
                erasure_rows.note_swept(session, person.person_id, now=now)

    def _is_time_to_clean(self, now: datetime) -> bool:
        return self._cleaned is None or abs(now - self._cleaned) >= _CLEANED_EVERY

    def clean(self, now: datetime) -> int:
        """Deleted rows leave traces in a database's files until it writes them anew."""
        with self._database.read() as session:
            swept = erasure_rows.swept(session)
        if not swept:
            return 0
        self._cleaned = now
        tables = {part.table.name for part in PARTS} | {*MENTIONS, *LINES, *SEALED, "erasure"}
        if not self._database.clean(sorted(tables)):
            return 0
        with self._database.write() as session:
            erasure_rows.drop(session, swept)
        return len(swept)


def _forget(session: Session, subject: Subject, *, asked_at: datetime) -> None:
    for part in PARTS:
        held.forget(session, part, subject)
    experiments.forget_rehearsals(session)
    once.forget_answers(session, until=asked_at + _GRACE)  # another machine's clock may be ahead


def _is_quiet(session: Session, erasure: Erasure) -> bool:
    """Nobody holds anything of them: no sender a mail, no import a line."""
    mails = sends.under_way(session, erasure.person_id)
    return not mails and not erasure_rows.reads_older_file(session, erasure.asked_at)

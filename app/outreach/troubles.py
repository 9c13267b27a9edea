"""What could not be done and waits, in words: what it is, why, when it is tried again."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session, col, select

from app.audience import imports
from app.experiments import lifecycle
from app.experiments import store as experiments
from app.experiments.models import Experiment, Status
from app.platform import garbled, put_off
from app.platform.paging import Part
from app.platform.put_off import PutOff, Work

# What each kind of work is called; `{}` is what it is about.
WORDS: Mapping[Work, str] = {
    Work.UNDO: "Letting {} start",
    Work.START: "Starting {}",
    Work.PLAN: "Queueing the mails of {}",
    Work.SEND: "Sending {}",
    Work.FINISH: "Ending the sending of {}",
    Work.SHORTEN: "Going on with {} after a clock was set back",
    Work.SKIP: "Passing over who is left in {}",
    Work.RECOVER: "Settling what a sender that ended had in hand",
    Work.SILENCE: "Settling what a silent machine had in hand",
    Work.RETURN: "Settling a mail that came back",
    Work.MAILBOX: "Reading the mailbox to which mail comes back",
    Work.FREEZE: "Freezing the result of {}",
    Work.WAVE: "Opening the next wave of {}",
    Work.LOOK: "Holding a look at {}",
    Work.READ: "Reading the value of {}",
    Work.TELL: "Telling other systems about {}",
    Work.PUSH: "Pushing to other systems",
    Work.ENLIST: "Adding the owner of a key result to Friday’s questions",
    Work.OPEN_WEEK: "Opening the questions about {}",
    Work.ASK: "Asking somebody about {}",
    Work.COUNT: "Counting the answers to {}",
    Work.FREEZE_WEEK: "Freezing {}",
    Work.DIGEST: "Mailing {} to the digest list",
    Work.INGEST: "Counting clicks and opens",
    Work.JUDGE: "Judging clicks again",
    Work.IMPORT: "Reading the file of {}",
    Work.FETCH: "Filling {} from its database",
    Work.CONVERT: "Counting a conversion once more",
    Work.SNAPSHOT: "Keeping a copy of where links lead",
    Work.COLUMNS: "Reading the columns of {}",
    Work.REHEARSE: "Composing the mails of {}",
    Work.ERASE: "Ending the erasure of a person",
    Work.CLEAN: "Cleaning the database’s files of who was erased",
    Work.AGE: "Letting go of old clicks and browsers",
    Work.SALTS: "Destroying the salts of past days",
    Work.FOLD: "Adding up what connections counted",
    Work.VERDICT: "Looking for a new verdict on {}",
    Work.STUCK: "Telling somebody of what is stuck",
}
OF_EXPERIMENTS = frozenset(
    {
        Work.UNDO, Work.START, Work.PLAN, Work.SEND, Work.FINISH, Work.SHORTEN, Work.SKIP,
        Work.FREEZE, Work.WAVE, Work.LOOK, Work.REHEARSE, Work.VERDICT,
    }
)  # fmt: skip
_OF_WEEKS = frozenset({Work.OPEN_WEEK, Work.ASK, Work.COUNT, Work.FREEZE_WEEK, Work.DIGEST})


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that waits. `id` where it can be tried now or cancelled from here."""

    id: str
    work: str
    subject: str  # the id of what it is about, or empty
    what: str
    href: str
    reason: str
    attempts: int
    since: datetime
    tried_at: datetime | None
    next_at: datetime
    cancelled_at: datetime | None
    cancelled_by: str

    @property
    def is_over(self) -> bool:
        """It was cancelled, and what it would have begun with it: nothing takes it up again."""
        return self.cancelled_at is not None and Work(self.work) in _WITH_IT


def page(session: Session, *, cursor: str | None, limit: int) -> Part[Trouble]:
    """What was put off, cancelled or not, the oldest first."""
    rows = put_off.page(session, cursor=cursor, limit=limit)
    return Part(_shown(session, rows), rows.next)


def about(session: Session, subject: str) -> list[Trouble]:
    """What failed of one experiment, audience or key result."""
    return _shown(session, put_off.about(session, [subject]))


def of(session: Session, trouble_id: str) -> Trouble:
    """One that waits. Raises NotFound."""
    return _shown(session, [put_off.row_of(session, trouble_id)])[0]


def retry(session: Session, trouble_id: str, *, now: datetime) -> Trouble:
    """Try it now, by a person's word."""
    return _shown(session, [put_off.retry(session, trouble_id, now=now)])[0]


def cancel(session: Session, trouble_id: str, *, by: str, now: datetime) -> Trouble:
    """Try it no more, by a person's word; what it would have begun is cancelled with it."""
    row = put_off.cancel(session, trouble_id, by=by, now=now)
    if row.work in _WITH_IT:
        _WITH_IT[Work(row.work)](session, row.item, by=by, now=now)
    return _shown(session, [row])[0]


def _cancel_start(session: Session, experiment_id: str, *, by: str, now: datetime) -> None:
    experiment = experiments.locked(session, experiment_id)
    if experiment.status == Status.SCHEDULED:
        reason = f"It could not be started, and {by} cancelled it."
        lifecycle.cancel(session, experiment, now=now, reason=reason)


def _cancel_import(session: Session, import_id: str, *, by: str, now: datetime) -> None:
    """Its own page tells the rest."""
    imports.give_up(session, import_id, by=by, now=now)
    put_off.take(session, Work.IMPORT, import_id)


_WITH_IT: Mapping[Work, Callable[..., None]] = {
    Work.START: _cancel_start,
    Work.IMPORT: _cancel_import,
}


def _shown(session: Session, rows: Iterable[PutOff]) -> list[Trouble]:
    rows = list(rows)
    ids = [row.item for row in rows if row.work in OF_EXPERIMENTS]
    query = select(Experiment.id, Experiment.name).where(col(Experiment.id).in_(ids))
    names = {row[0]: row[1] for row in session.exec(query)} if ids else {}
    return [trouble_of(row, names) for row in rows]


def trouble_of(row: PutOff | Row[Any], names: Mapping[str, str]) -> Trouble:
    """A row that was put off, in words; `names` are those of experiments, by id."""
    if row.work not in WORDS:
        what = f"“{row.work}”. {garbled.CANNOT_BE_READ}"
        return told(row, subject=row.item, what=what, href="/put-off")
    work = Work(row.work)
    subject, about, href = _place(work, row.item, names)
    return told(row, subject=subject, what=WORDS[work].format(about), href=href)


def told(row: PutOff | Row[Any], *, subject: str, what: str, href: str) -> Trouble:
    """Whatever waits, with how often it was tried and why it waits as its row says."""
    return Trouble(
        id=row.id,
        work=row.work,
        subject=subject,
        what=what,
        href=href,
        reason=row.reason,
        attempts=row.attempts,
        since=row.since,
        tried_at=row.tried_at,
        next_at=row.next_at,
        cancelled_at=row.cancelled_at,
        cancelled_by=row.cancelled_by,
    )


def _place(work: Work, item: str, names: Mapping[str, str]) -> tuple[str, str, str]:
    """What it is about: its id, what it is called, and its page. Never somebody's address."""
    if work in OF_EXPERIMENTS:
        name = f"“{names[item]}”" if item in names else "experiments"
        return item, name, f"/experiments/{item}" if item in names else ""
    if work in _OF_WEEKS:
        week = item.partition(" ")[0]
        return week, f"week {week[-2:]}" if week else "the week", f"/weeks/{week}" if week else ""
    if work is Work.IMPORT:
        return item, "an import", f"/imports/{item}" if item else ""
    if work in {Work.COLUMNS, Work.FETCH}:
        return item, "an audience", f"/audiences/{item}" if item else ""
    if work is Work.READ:
        return item, "a key result", f"/key-results/{item}" if item else ""
    return "" if work is Work.ENLIST else item, "what happened", ""

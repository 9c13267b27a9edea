"""Runs a duty as a worker does, but lets a failure reach the test."""

from datetime import datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.analysis import look_worker, snapshots
from app.analysis import store as analysis
from app.audience import imports
from app.audience.previewing import Looks
from app.delivery import planning
from app.delivery.recovery import Predecessors
from app.delivery.rests import Rests
from app.delivery.silence import Silence
from app.outreach import digests
from app.outreach.team_mails import Letters
from app.platform.db import Database
from app.platform.duties import Duty
from app.privacy.erasing import Finisher
from app.review import result_effects
from tests.cast import MARKS


def run(database: Database, duty: Duty, now: datetime) -> int:
    """Everything that is due, together where that goes; how much was done."""
    with database.read() as session:
        items = list(duty.items(session, now))
        due = [one for one in items if duty.is_due is None or duty.is_due(session, one, now)]
    if duty.together and due:
        return duty.together(due, now)
    return sum(duty.do(one, now) for one in due[: duty.at_once])


def shorten(database: Database, rests: Rests, now: datetime, *, ticks: float) -> int:
    with database.read() as session:
        names = rests.due(session, now, ticks=ticks)
    return sum(rests.shorten(name, now) for name in names)


def recover(dead: Predecessors, now: datetime, *, ticks: float) -> int:
    return sum(dead.settle(holder, now, ticks=ticks) for holder in dead.dead())


def give_up(database: Database, silence: Silence, now: datetime, *, ticks: float) -> int:
    with database.read() as session:
        holders = silence.silent(session, ticks=ticks)
    return sum(silence.give_up(holder, now) for holder in holders)


def digest(database: Database, letters: Letters, zone: ZoneInfo, now: datetime) -> int:
    """Owe the week, then tell it; to how many."""
    duty = digests.duty(database, letters, zone=zone)
    return run(database, duty, now) and run(database, duty, now)


def read_imports(database: Database, folder: Path, folder_id: str, now: datetime) -> int:
    """One chunk of the oldest import."""
    return run(database, import_duty(database, folder, folder_id), now)


def import_duty(database: Database, folder: Path, folder_id: str) -> Duty:
    looks = Looks(database, folder, marker=MARKS)
    return imports.duty(database, folder, folder_id, marker=MARKS, looks=looks)


def finish(database: Database, finisher: Finisher, now: datetime) -> int:
    """End the erasures that can be ended, then clean up after them."""
    sweeping, cleaning = finisher.duties()
    return run(database, sweeping, now) or run(database, cleaning, now)


def pass_over(database: Database, now: datetime) -> int:
    return run(database, planning.duties(database)[1], now)


def looks_due(session: Session, now: datetime) -> list[str]:
    return [one for one in analysis.with_looks(session) if look_worker.is_due(session, one, now)]


def write_due(session: Session, zone: tzinfo, now: datetime) -> int:
    """What the worker writes of results that have closed."""
    closed = [
        one
        for one in analysis.without_final(session)
        if snapshots.may_be_final(session, one, now=now)
    ]
    return sum(result_effects.write_final(session, one, zone=zone, now=now) for one in closed)

"""`thinslice release`: a restored copy sends again, as far as nothing can go out a second time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.delivery import restored
from app.delivery.restored import Waiting
from app.identity import audit
from app.identity import store as identity
from app.ops import restoring
from app.ops.command_setup import BY
from app.ops.installation import House
from app.outreach import restored as told
from app.platform import figures, install
from app.platform.errors import Conflict

ACTION = "release"  # in the audit


class Since(StrEnum):
    """What the installation that was backed up did after its backup."""

    NOTHING = "moved"  # it was stopped before, or sent nothing since
    UNKNOWN = "lost"  # it ran on: what it sent is not known here


class NotHeld(Conflict):
    """There is nothing to release."""

    title = "This installation is not held"


@dataclass(frozen=True, slots=True)
class Released:
    """How many mails are uncertain now."""

    uncertain: int


def look(house: House, *, now: datetime) -> Waiting:
    """What waits. Raises NotHeld."""
    with house.database.read() as session:
        if not install.is_held(session):
            raise NotHeld("This installation is not held: it was released, or never restored.")
        return restored.waiting(session, now=now)


def in_words(waiting: Waiting) -> Iterator[str]:
    """A line for each thing that waits."""
    if waiting.in_flight:
        were = figures.plural(waiting.in_flight, "mail was", "mails were")
        yield f"{were} being sent at the backup: uncertain, and never sent again by itself."
    for name, mails in waiting.experiments:
        yield f"{figures.plural(mails, 'mail waits', 'mails wait')} in “{name}”."
    for name in waiting.to_start:
        yield f"“{name}” would start now."


def release(house: House, since: Since, *, now: datetime) -> Released:
    """Let it send. Killed between, the same word goes on where it stopped. Raises NotHeld."""
    waiting = look(house, now=now)
    uncertain = restored.settle_in_flight(house.database, now=now)
    if since is Since.UNKNOWN:
        uncertain += restored.settle_tried(house.database, now=now)
    with house.database.write() as session:
        if since is Since.UNKNOWN:
            noted = identity.latest_note(session, action=restoring.ACTION)
            why = _why(noted.subject if noted else "")
            told.leave_to_people(session, why=why, zone=house.settings.zone, now=now)
            restored.leave_to_people(session, why=why, now=now)  # others are told of that
        install.let_go(session)
        audit.note(
            session,
            actor=BY,
            action=ACTION,
            subject=since,
            details={"uncertain": uncertain, "waiting": dict(waiting.experiments)},
            now=now,
        )
    return Released(uncertain)


def _why(made_at: str) -> str:
    return (
        f"Restored from a backup of {made_at}. The installation before may have sent some of this"
        " since: go on only if you know that it did not."
    )

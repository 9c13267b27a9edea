"""In a restored copy: what the installation before may have sent since is never sent by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.delivery import restored_store, settling, store
from app.delivery.models import State
from app.delivery.recovery import reserved_by
from app.delivery.replies import Meaning
from app.delivery.settling import Result
from app.experiments import lifecycle
from app.experiments.models import Experiment, Status
from app.platform.db import Database
from app.tally import store as tally

_AT_A_TIME = 500  # sends in one transaction
IN_FLIGHT = "The installation that was backed up was sending it at that moment."
TRIED_AGAIN = "The installation that was backed up may have tried it again since."


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a restored copy would go on with."""

    in_flight: int
    experiments: Sequence[tuple[str, int]]  # their names, and how many mails wait in each
    to_start: Sequence[str]  # names of those whose time has come


def waiting(session: Session, *, now: datetime) -> Waiting:
    """Mails by experiment, and the experiments that would start at once."""
    return Waiting(
        in_flight=restored_store.in_flight(session),
        experiments=restored_store.queued_by_name(session),
        to_start=[
            session.get_one(Experiment, one).name
            for one in lifecycle.due_to_start(session, now=now)
        ],
    )


def settle_in_flight(database: Database, *, now: datetime) -> int:
    """What was being sent at the backup is uncertain; how many."""
    with database.read() as session:
        holders = sorted(store.leases(session))
    return sum(_settle_of(database, holder, now=now) for holder in holders)


def _settle_of(database: Database, holder: str, *, now: datetime) -> int:
    with database.write() as session:
        sends = [send for send in store.held_by(session, holder) if send.state == State.SENDING]
        results = [
            Result(reserved_by(send), Meaning.UNCERTAIN, IN_FLIGHT, send.released_at or now)
            for send in sends
        ]
        return settling.settle(session, results, holder=holder, now=now)


def settle_tried(database: Database, *, now: datetime) -> int:
    """Who was put off by a server, and may have been reached since, is uncertain; how many."""
    settled = 0
    while True:
        with database.write() as session:
            sends = restored_store.put_off(session, limit=_AT_A_TIME)
            edits = {"state": State.UNCERTAIN, "settled_at": now, "last_reply": TRIED_AGAIN}
            store.settle(session, [(send.id, edits) for send in sends])
            tally.change(session, {send.id: _MAY_HAVE | {"mailed_at": now} for send in sends})
        if not sends:
            return settled
        settled += len(sends)


_MAY_HAVE = {"uncertain": True}


def leave_to_people(session: Session, *, why: str, now: datetime) -> None:
    """Pause whatever would send, and cancel what would start: a person says how it goes on."""
    for experiment in restored_store.running(session):
        lifecycle.pause(session, experiment, reason=why, now=now)
    for experiment_id in lifecycle.due_to_start(session, now=now):
        experiment = session.get_one(Experiment, experiment_id)
        if experiment.status == Status.SCHEDULED:
            lifecycle.cancel(session, experiment, reason=why, now=now)
    restored_store.give_up_notices(session, why=why)

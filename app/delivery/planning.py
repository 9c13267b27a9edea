"""From enrolments to queued sends, and the end of a queue."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from app.delivery import destination_store, queue_store
from app.delivery.arms import arm_of, hidden_address
from app.delivery.mail.compose import HIDDEN, links_of
from app.delivery.mail.links import Link
from app.delivery.models import DestinationSet
from app.delivery.releasing import stop_of
from app.experiments import store as experiments
from app.experiments import waves
from app.experiments.models import ENDED, Experiment
from app.platform import install
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.put_off import Work
from app.tally import store as tally

_CHUNK = 1_000  # rows in one write transaction: about 30 ms of one core
_ENDED = "The experiment ended before this mail was released."
_GIVEN_UP = "The experiment ended while this mail waited for another try."
_STOPPED = "The stop date passed before this mail was released."


def plan(database: Database, experiment_id: str, *, now: datetime) -> int:
    """A send for everybody enrolled; how many. Again = goes on where it was interrupted.

    Queued while the experiment goes on; passed over from the start where it has ended by then.
    """
    with database.read() as session:
        experiment = session.get_one(Experiment, experiment_id)
    links = {arm["key"]: links_in(experiment, arm["key"]) for arm in experiment.design["arms"]}
    with database.write() as session:
        for arm, in_arm in links.items():
            if destination_store.set_of(session, experiment_id, arm) is None:
                add_set(session, experiment_id, arm, in_arm, purpose="send", now=now)
    with database.read() as session:
        due = waves.due_times(session.get_one(Experiment, experiment_id), now=now)
    planned = sum(
        _plan_wave(database, experiment_id, wave=wave, due_at=at, now=now)
        for wave, at in enumerate(due)
    )
    with database.write() as session:
        queue_store.mark_planned(session, experiment_id, now=now)
    return planned


def links_in(experiment: Experiment, arm: str) -> tuple[Link, ...]:
    """The links of an arm, read from its words: no transaction should wait for it."""
    return links_of(arm_of(experiment.design, arm), hidden_address=hidden_address(experiment))


def add_set(
    session: Session,
    experiment_id: str,
    arm: str,
    links: Sequence[Link],
    *,
    purpose: str,
    now: datetime,
) -> DestinationSet:
    """Keep where the links of an arm lead, under a new set."""
    row = DestinationSet(
        id=install.take_set_id(session),
        experiment_id=experiment_id,
        arm=arm,
        purpose=purpose,
        links=sum(link.label != HIDDEN for link in links),
        created_at=now,
    )
    destination_store.add_set(session, row, [_destination(row, link) for link in links])
    return row


def duties(database: Database) -> tuple[Duty, ...]:
    """Queue the sends of each experiment that has started; pass over those of one that ended."""
    return (
        Duty(
            work=Work.PLAN,
            items=lambda session, _now: queue_store.experiments_unplanned(session),
            do=lambda one, now: plan(database, one, now=now) or 1,
        ),
        Duty(
            work=Work.SKIP,
            items=lambda session, _now: queue_store.may_pass_over(session),
            is_due=lambda session, one, now: bool(_why_passed_over(session, one, now)),
            do=lambda one, now: pass_over(database, one, now=now),
        ),
    )


def pass_over(database: Database, experiment_id: str, *, now: datetime) -> int:
    """Pass over what is queued in an experiment that ended; how many."""
    with database.read() as session:
        why = _why_passed_over(session, experiment_id, now)
    if why == _ENDED:
        return _drop(database, experiment_id, now=now)
    return _skip(database, experiment_id, why=why, now=now) if why else 0


def _plan_wave(
    database: Database, experiment_id: str, *, wave: int, due_at: datetime, now: datetime
) -> int:
    planned, after = 0, -1
    while True:
        with database.write() as session:  # whoever ends it meanwhile waits for this chunk
            ended = experiments.locked(session, experiment_id).status in ENDED
            ids = queue_store.plan(
                session,
                experiment_id,
                wave=wave,
                after=after,
                limit=_CHUNK,
                due_at=due_at,
                passed_over=(now, _ENDED) if ended else None,
            )
        if not ids:
            return planned
        planned, after = planned + len(ids), max(ids)


def _drop(database: Database, experiment_id: str, *, now: datetime) -> int:
    dropped = _skip(database, experiment_id, why=_ENDED, now=now)
    with database.write() as session:
        failed = queue_store.give_up(session, experiment_id, why=_GIVEN_UP, limit=_CHUNK, now=now)
        tally.change(session, {send_id: {"failed": True} for send_id in failed})
    return dropped + len(failed)


def _skip(database: Database, experiment_id: str, *, why: str, now: datetime) -> int:
    with database.write() as session:
        return queue_store.skip_unreleased(session, experiment_id, why=why, limit=_CHUNK, now=now)


def _why_passed_over(session: Session, experiment_id: str, now: datetime) -> str:
    """Why nobody further is released; empty where they are."""
    experiment = experiments.experiment_of(session, experiment_id)
    if experiment.status in ENDED:
        return _ENDED
    stop = stop_of(experiment)
    return _STOPPED if stop is not None and stop <= now else ""


def _destination(row: DestinationSet, link: Link) -> dict[str, object]:
    return {
        "set_id": row.id,
        "link": link.position,
        "experiment_id": row.experiment_id,
        "arm": row.arm,
        "kind": link.kind,
        "label": link.label,
        "address": link.address,
        "version": 1,
    }

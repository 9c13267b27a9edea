"""The loops: one ingests what came in; the other sends what is due and moves what is finished."""

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import uvloop

from app.audience import imports, noting
from app.audience.known import KnownPeople
from app.delivery import destination_rows, planning, queue_rows, recovery, transports
from app.delivery.facts import DeliveryEnrolments, DeliveryFacts
from app.delivery.renderable import LiquidRenderable
from app.delivery.rests import Rests
from app.delivery.sending import Sender
from app.delivery.transports.ports import Transport
from app.experiments import enrolment, lifecycle, rehearsal
from app.ops.duties import duty_steps
from app.ops.house import House
from app.ops.registering import register_unread
from app.ops.targets import targets_of
from app.ops.tending import tending_steps
from app.platform import clock, garbage, locks
from app.platform.journal import Journal
from app.tracking import conversions, ingest, snapshots
from app.tracking.intake import Intake

log = logging.getLogger(__name__)

_IDLE_SECONDS = 0.2  # how stale a page may be by a loop's own doing
_DUTY_SECONDS = 1.0  # between looks at what a calendar or another system waits for
_TROUBLE_SECONDS = 2.0  # between tries while the database is away
_NICE = 5  # the redirect goes before the counting of it


@dataclass
class Loop:
    """Runs its steps again and again until told to stop; a step that fails is tried again."""

    name: str
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, steps: list[Callable[[datetime], int]], rest: float = _IDLE_SECONDS) -> None:
        """Each step says how much it did; when none did anything, the loop rests (seconds)."""
        while not self.stopping.is_set():
            if not sum(self.attempt(step) for step in steps):
                self.stopping.wait(rest)

    def attempt(self, step: Callable[[datetime], int]) -> int:
        """Do one step; a failure is logged, waits a moment, and harms no other step."""
        try:
            return step(clock.now())
        except Exception:
            log.exception("%s: %s failed; it is tried again", self.name, step.__name__)
            self.stopping.wait(_TROUBLE_SECONDS)
            return 0

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT end the loop after the step under way."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())


def run_ingester(house: House) -> None:
    """Ingest hits, read imports, keep the snapshot of destinations. One per data folder."""
    os.nice(_NICE)
    house.database.let_people_pass()
    loop = Loop("ingester")
    loop.stop_on_signals()
    path = house.settings.data_dir / "ingester.lock"
    with locks.wait_and_hold(path, loop.stopping) as is_ours:
        if not is_ours:
            return
        steps = ingester_steps(house)
        garbage.look_seldom()
        loop.run(steps)
        intake = intake_of(house)
        while loop.attempt(intake.finish):  # what the web processes journalled while they ended
            pass


def facts_of(house: House) -> DeliveryFacts:
    """What verdicts ask about sends, by this installation's settings."""
    return DeliveryFacts(house.settings.privacy)


def intake_of(house: House) -> Intake:
    """What reads this data folder's journals."""
    return Intake(house.database, house.folder, house.hits, facts_of(house))


def ingester_steps(house: House) -> list[Callable[[datetime], int]]:
    """What the ingester does in a round, in this order."""
    facts = facts_of(house)
    intake = intake_of(house)
    database = house.database

    def ingest_hits(now: datetime) -> int:
        return intake.take(now)

    def judge_again(now: datetime) -> int:
        return ingest.rejudge_due(database, facts, now=now)

    def read_imports(now: datetime) -> int:
        return imports.run_due(
            database, house.imports, house.folder_id, marker=house.keyring.marks, now=now
        )

    def settle_conversions(now: datetime) -> int:
        with database.read() as session:
            if not conversions.is_due(session, now=now):
                return 0
        with database.write() as session:
            return conversions.settle_due(
                session,
                people=KnownPeople(house.keyring.marks),
                enrolments=DeliveryEnrolments(),
                now=now,
            )

    def read_columns_again(_now: datetime) -> int:
        return noting.read_again(database)

    def rehearse(now: datetime) -> int:
        renderable = LiquidRenderable(house.settings, house.keyring)
        return rehearsal.go_on(database, renderable=renderable, settings=house.settings, now=now)

    kept: tuple[int, int] | None = None

    def keep_snapshot(_now: datetime) -> int:
        nonlocal kept
        with database.read() as session:
            state = destination_rows.destinations_state(session)
            if state == kept:
                return 0
            rows = destination_rows.all_destinations(session)
        snapshots.write(house.snapshot, targets_of(rows))
        kept = state
        return 1

    counting = [ingest_hits, judge_again, read_imports, settle_conversions, keep_snapshot]
    return [*counting, read_columns_again, rehearse, *tending_steps(house)]


def run_sender(house: House) -> None:
    """Start what is due, send, settle, finish. One per data folder; any number of machines."""
    house.database.let_people_pass()
    loop = Loop("sender")
    loop.stop_on_signals()
    path = house.settings.data_dir / "sender.lock"
    with locks.wait_and_hold(path, loop.stopping) as is_ours:
        if not is_ours:
            return
        dead = recovery.Predecessors(house.database, house.sends)
        dead.settle(clock.now(), ticks=time.monotonic())
        register_unread(house, now=clock.now())
        threads = [
            threading.Thread(target=loop.run, args=([step], rest), name=step.__name__)
            for steps, rest in (
                (scheduler_steps(house), _IDLE_SECONDS),
                (duty_steps(house), _DUTY_SECONDS),
            )
            for step in steps
        ]
        for thread in threads:
            thread.start()
        uvloop.run(_send(house, loop))
        for thread in threads:
            thread.join()


def scheduler_steps(house: House) -> list[Callable[[datetime], int]]:
    """What moves an experiment on by itself: start it, plan its sends, finish it."""
    database = house.database
    renderable = LiquidRenderable(house.settings, house.keyring)

    def start_what_is_due(now: datetime) -> int:
        with database.read() as session:
            due = lifecycle.due_to_start(session, now=now)
        for experiment_id in due:
            with suppress(enrolment.Overtaken):  # another worker was first, and goes on with it
                enrolment.settle(
                    database, experiment_id, renderable=renderable, settings=house.settings, now=now
                )
        return len(due)

    def plan_what_has_started(now: datetime) -> int:
        with database.read() as session:
            unplanned = planning.unplanned(session)
        for experiment_id in unplanned:
            planning.plan(database, experiment_id, now=now)
        return len(unplanned)

    def finish_what_is_sent(now: datetime) -> int:
        with database.read() as session:
            running = queue_rows.running(session)
            done = [one.id for one in running if planning.nothing_left(session, one.id)]
        for experiment_id in done:
            with database.write() as session:
                lifecycle.begin_measuring(session, experiment_id, now=now)
        return len(done)

    rests = Rests(database)

    def go_on_after_a_clock_set_back(now: datetime) -> int:
        return rests.shorten(now, ticks=time.monotonic())

    def pass_over_what_ended(now: datetime) -> int:
        return planning.drop_ended(database, now=now)

    return [
        start_what_is_due,
        plan_what_has_started,
        go_on_after_a_clock_set_back,
        pass_over_what_ended,
        finish_what_is_sent,
    ]


def sender_of(house: House, journal: Journal, transport: Transport) -> Sender:
    """What sends this data folder's mails."""
    return Sender(house.database, house.settings, house.keyring, journal, transport)


async def _send(house: House, loop: Loop) -> None:
    """Send until told to stop; the batch under way is finished first."""
    transport = transports.open_transport(house.settings, house.database)
    journal = Journal.open(
        house.sends, durability=house.settings.durability, limit=house.settings.spool_limit
    )
    sender = sender_of(house, journal, transport)
    try:
        while not loop.stopping.is_set():
            if not await _attempt(sender, loop):
                await asyncio.sleep(_IDLE_SECONDS)
    finally:
        await transport.close()
        journal.close()


async def _attempt(sender: Sender, loop: Loop) -> int:
    try:
        return await sender.step(clock.now())
    except Exception:
        log.exception(
            "%s: a batch failed; what was attempted is settled from the journal", loop.name
        )
        await asyncio.sleep(_TROUBLE_SECONDS)
        return 0

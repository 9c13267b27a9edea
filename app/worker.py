"""The loops: one ingests what came in; the other sends what is due and moves what is finished."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import uvloop

from app.audience import imports, noting
from app.audience.people_lookup import KnownPeople
from app.audience.previewing import Looks
from app.delivery import planning, queue_store, recovery
from app.delivery.facts import DeliveryEnrolments, DeliveryFacts
from app.delivery.outflow import Outflow
from app.delivery.renderable import LiquidRenderable
from app.delivery.rests import Rests
from app.delivery.sending import Sender
from app.experiments import enrolment, lifecycle, rehearsal, undoing
from app.ops.holding import Gate
from app.ops.installation import House
from app.ops.periodic_steps import duties_of
from app.ops.registering import register_unread
from app.ops.second_sender import SecondSender
from app.ops.senders import sender_of
from app.ops.targets import snapshot_keeper
from app.ops.tending import tending_duties
from app.platform import garbage, locks, meter_files
from app.platform.away import AWAY, tell
from app.platform.db import Database
from app.platform.duties import LONG_SECONDS, REST_SECONDS, SOON_SECONDS, WHOLE, Attempts, Duty
from app.platform.giving_way import give_way
from app.platform.put_off import Work
from app.platform.stir import Bell, Sizes
from app.platform.stopping import Stopping
from app.privacy.erasing import Finisher
from app.tracking import conversions, ingest
from app.tracking.intake import Intake

log = logging.getLogger(__name__)

_LATE_SECONDS = 4.0  # how much later than it is due a mail may be tried
_REPORT_SECONDS = 10.0  # between the words of an idle ingester: each is a write
_CALM_SECONDS = 1.0  # from a sign to a look at what a calendar or another system waits for
_TROUBLE_SECONDS = 2.0  # between tries while the database is away
_NICE = 5  # the redirect goes before the counting of it


@dataclass
class Loop:
    """Does its duties again and again until told to stop."""

    name: str
    database: Database
    attempts: Attempts
    bell: Bell
    stopping: Stopping

    @classmethod
    def of(cls, name: str, house: House, seen: Callable[[], object]) -> "Loop":
        """A process's own; it ends after the step under way when a signal tells it to."""
        stopping = Stopping()
        stopping.on_signals()
        return cls(name, house.database, Attempts(house.database), Bell(seen, stopping), stopping)

    def run(self, duties: Sequence[Duty], calm: float = 0.0) -> None:
        """Each duty says how much it did; when none did anything, the loop sleeps.

        The bell wakes it for all of them; those that had their rest are tried without a sign.

        Args:
            calm: seconds from the bell to the next look.
        """
        rests: dict[Work, float] = {}  # until when
        while not self.stopping.is_set():
            rings, now = self.bell.rings, time.monotonic()
            due = [duty for duty in duties if now >= rests.get(duty.work, now)]
            if any(done != 0 for done in [self.attempt(duty) for duty in due]):
                rests = {}
                continue
            rests |= {duty.work: now + self.attempts.rest_of(duty) for duty in due}
            self.bell.wait(rings, min(rests.values()) - time.monotonic())
            if self.bell.rings != rings:
                rests = {}
                self.stopping.wait(calm)

    def first(self, what: str, do: Callable[[], None]) -> bool:
        """Do what comes before all duties, once the database is there; False: told to stop."""
        while not self.stopping.is_set():
            try:
                do()
            except AWAY as error:
                tell(log, error, what=f"{what} waits for the database")
                self.stopping.wait(_TROUBLE_SECONDS)
            else:
                return True
        return False

    def attempt(self, duty: Duty) -> int | None:
        """Do one duty; where the database is away, that is logged, and waits a moment: None."""
        try:
            return self.attempts.round(duty, self.database.now())
        except Exception as error:  # noqa: BLE001 - it is told, and tried again
            tell(log, error, what=f"{duty.work} failed; it is tried again")
            self.stopping.wait(_TROUBLE_SECONDS)
            return None


def run_ingester(house: House) -> None:
    """Ingest hits, read imports, keep the snapshot of destinations. One per data folder."""
    give_way(_NICE)
    house.database.let_people_pass()
    signs, sizes = house.signs(afar_seconds=SOON_SECONDS), Sizes(house.hits)
    loop = Loop.of("ingester", house, lambda: (signs(), sizes()))
    path, _ = house.locks
    with locks.wait_and_hold(path, loop.stopping) as is_ours:
        if not is_ours:
            return
        duties = ingester_duties(house)
        garbage.look_seldom()
        with meter_files.kept(house.meters, "ingester"):
            with loop.bell.watched():
                loop.run(duties)
            rest = whole(Work.INGEST, intake_of(house).finish)
            while loop.attempt(rest):  # what the web processes journalled while they ended
                pass


def facts_of(house: House) -> DeliveryFacts:
    """What verdicts ask about sends, by this installation's settings."""
    return DeliveryFacts(house.settings.privacy)


def intake_of(house: House) -> Intake:
    """What reads this data folder's journals."""
    return Intake(house.database, house.folder, house.hits, facts_of(house))


def ingester_duties(house: House) -> list[Duty]:
    """What the ingester does in a round, in this order."""
    database = house.database
    facts = facts_of(house)
    intake = intake_of(house)
    people, enrolments = KnownPeople(house.keyring.marks), DeliveryEnrolments()
    renderable = LiquidRenderable(house.settings, house.keyring)

    def settle(ids: Sequence[str], now: datetime) -> int:
        with database.write() as session:
            return conversions.settle(session, ids, people=people, enrolments=enrolments, now=now)

    return [
        whole(Work.INGEST, intake.take, rest_seconds=_REPORT_SECONDS),
        whole(Work.JUDGE, lambda now: ingest.rejudge_due(database, facts, now=now)),
        imports.duty(
            database,
            house.imports,
            house.folder_id,
            marker=house.keyring.marks,
            looks=Looks(database, house.imports, marker=house.keyring.marks),
        ),
        Duty(
            work=Work.CONVERT,
            items=lambda session, now: conversions.due(session, now=now),
            do=lambda one, now: settle([one], now),
            together=settle,
        ),
        whole(Work.SNAPSHOT, snapshot_keeper(house), rest_seconds=LONG_SECONDS),
        noting.duty(database),
        rehearsal.duty(database, renderable=renderable, settings=house.settings),
        *Finisher(database).duties(),
        *tending_duties(house),
    ]


def whole(work: Work, do: Callable[[datetime], int], *, rest_seconds: float = REST_SECONDS) -> Duty:
    """Work of this process that is one piece."""
    return Duty(
        work=work,
        items=lambda _session, _now: [WHOLE],
        do=lambda _whole, now: do(now),
        is_shared=False,
        rest_seconds=rest_seconds,
    )


def run_sender(house: House, second: SecondSender) -> None:
    """Start what is due, send, settle, finish. One per data folder; any number of machines.

    `second`: made before this process had threads, and closed by whoever made it.
    """
    house.database.let_people_pass()
    loop = Loop.of("sender", house, house.signs(afar_seconds=SOON_SECONDS))
    _, path = house.locks
    with locks.wait_and_hold(path, loop.stopping) as is_ours:
        if not is_ours:
            return
        gate = Gate(house.database)
        while loop.first("sending", gate.look) and gate.is_shut(loop.stopping):
            pass
        dead = recovery.Predecessors(house.database, house.sends)

        def begin() -> None:
            loop.attempts.round(dead.duty(), house.database.now())
            register_unread(house, now=house.database.now())

        if not loop.first("sending", begin):
            return
        threads = [
            threading.Thread(target=loop.run, args=([duty], calm), name=duty.work)
            for duties, calm in ((scheduler_duties(house), 0.0), (duties_of(house), _CALM_SECONDS))
            for duty in duties
        ]
        with meter_files.kept(house.meters, "sender"), loop.bell.watched():
            for thread in threads:
                thread.start()
            uvloop.run(_send(house, loop, second))
        for thread in threads:
            thread.join()


def scheduler_duties(house: House) -> list[Duty]:
    """What moves an experiment on by itself: start it, plan its sends, finish it."""
    database = house.database
    renderable, paces = LiquidRenderable(house.settings, house.keyring), Outflow(house.settings)

    def start(experiment_id: str, now: datetime) -> int:
        with suppress(enrolment.Overtaken):  # another worker was first, and goes on with it
            enrolment.settle(
                database,
                experiment_id,
                renderable=renderable,
                paces=paces,
                settings=house.settings,
                now=now,
            )
        return 1

    def finish(experiment_id: str, now: datetime) -> int:
        with database.write() as session:
            lifecycle.begin_measuring(session, experiment_id, now=now)
        return 1

    plan, pass_over = planning.duties(database)
    return [
        undoing.Undoing(database).duty(),
        Duty(
            work=Work.START,
            items=lambda session, now: lifecycle.due_to_start(session, now=now),
            do=start,
            rest_seconds=SOON_SECONDS,
            waits=lifecycle.is_any_scheduled,
        ),
        plan,
        Rests(database).duty(),
        pass_over,
        Duty(
            work=Work.FINISH,
            items=lambda session, _now: queue_store.all_released(session),
            do=finish,
        ),
    ]


async def _send(house: House, loop: Loop, second: SecondSender) -> None:
    """Send until told to stop; the batch under way is finished first."""
    async with sender_of(house) as sender:
        while not loop.stopping.is_set():
            rings = loop.bell.rings
            rest_seconds = await _attempt(sender, loop)
            second.call_for(sender)
            if rest_seconds:
                await asyncio.to_thread(loop.bell.wait, rings, rest_seconds)


async def _attempt(sender: Sender, loop: Loop) -> float:
    """Send a batch; how many seconds it may take until there is another without a sign."""
    try:
        if await sender.step(await asyncio.to_thread(loop.database.now)):
            return 0
        if sender.wait_seconds is not None:
            return min(sender.wait_seconds, _LATE_SECONDS)
        return _LATE_SECONDS if sender.is_waited_for() else LONG_SECONDS
    except Exception as error:  # noqa: BLE001 - it is told, and tried again
        tell(log, error, what="a batch failed; what was attempted is settled from the journal")
        await asyncio.sleep(_TROUBLE_SECONDS)
        return _LATE_SECONDS

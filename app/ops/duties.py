"""What a worker does when its time has come, whoever waits for it: a calendar or other systems."""

import time
from collections.abc import Callable
from datetime import datetime

from app.allocation import opening, telling
from app.analysis import holding, snapshots
from app.delivery import queue_rows, recovery
from app.delivery.silence import Silence
from app.experiments import store as experiments
from app.experiments import waves
from app.okr import reading
from app.ops.house import House
from app.outreach import digests, fanout
from app.outreach.letters import Letters, ask_due
from app.outreach.pushing import Pusher
from app.outreach.vault import Vault
from app.platform.db import Database
from app.review import agenda, asked, moves


def duty_steps(house: House) -> list[Callable[[datetime], int]]:
    """What may wait a second: settle, freeze, read values, keep the calendar, tell others."""
    database = house.database

    dead = recovery.Predecessors(database, house.sends)
    silent = Silence(database, house.sends)

    def settle_what_was_killed(now: datetime) -> int:
        return dead.settle(now, ticks=time.monotonic())

    def settle_what_fell_silent(now: datetime) -> int:
        return silent.settle(now, ticks=time.monotonic())

    def freeze_what_has_closed(now: datetime) -> int:
        with database.read() as session:
            if not snapshots.closing(session, now):
                return 0
        with database.write() as session:
            return moves.write_due(session, zone=house.settings.zone, now=now)

    reader = reading.Reader(
        allowed_hosts=house.settings.allow_private_sources,
        connections=house.settings.sql_connections,
    )

    def read_values(now: datetime) -> int:
        return reading.read_due(database, reader, zone=house.settings.zone, now=now)

    return [
        settle_what_was_killed,
        settle_what_fell_silent,
        freeze_what_has_closed,
        *_dated_steps(database),
        read_values,
        *_telling_steps(house),
    ]


def _dated_steps(database: Database) -> list[Callable[[datetime], int]]:
    """What happens on planned days: waves open, looks are held."""
    gate = holding.Gate()

    def open_waves(now: datetime) -> int:
        with database.read() as session:
            running = queue_rows.running(session)
            due = [one.id for one in running if waves.is_due(session, one, gate, now=now)]
        for experiment_id in due:
            with database.write() as session:
                experiment = experiments.locked(session, experiment_id)
                waves.open_due(session, experiment, gate, now=now)
        return len(due)

    def hold_looks(now: datetime) -> int:
        with database.read() as session:
            due = holding.due(session, now)
        for experiment_id in due:
            with database.write() as session:
                holding.hold(session, experiments.locked(session, experiment_id), now=now)
        return len(due)

    return [open_waves, hold_looks]


def _telling_steps(house: House) -> list[Callable[[datetime], int]]:
    """Tell other systems and the team what happened."""
    database = house.database
    pusher = Pusher(
        database,
        Vault.at(house.settings),
        allowed_hosts=house.settings.allow_private_sources,
    )

    def tell_what_happened(now: datetime) -> int:
        return fanout.tell(database, now=now)

    def push_what_is_owed(now: datetime) -> int:
        return pusher.push_due(now)

    letters = Letters(house.settings, house.keyring)

    def find_who_owns(now: datetime) -> int:
        return asked.enlist_due(database, zone=house.settings.zone, now=now)

    def open_the_week(now: datetime) -> int:
        return opening.open_due(database, zone=house.settings.zone, now=now)

    def ask_where_it_went(now: datetime) -> int:
        return ask_due(database, letters, now=now)

    def count_what_has_closed(now: datetime) -> int:
        return telling.settle_due(database, now=now)

    def freeze_the_week(now: datetime) -> int:
        return agenda.freeze_due(database, zone=house.settings.zone, now=now)

    def send_the_digest(now: datetime) -> int:
        return digests.queue_due(database, letters, zone=house.settings.zone, now=now)

    return [
        tell_what_happened,
        push_what_is_owed,
        find_who_owns,
        open_the_week,
        ask_where_it_went,
        count_what_has_closed,
        send_the_digest,
        freeze_the_week,
    ]

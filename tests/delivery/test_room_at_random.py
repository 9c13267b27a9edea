"""Whatever happens to senders, servers, clocks and databases: nobody gets two, and rows say so."""

import asyncio
import random
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select, update

from app.audience.models import Person
from app.delivery import planning, progress, watching
from app.delivery.models import Send, State
from app.experiments.models import Enrolment, Experiment
from app.platform import journal
from app.platform.db import Database
from app.tally import shares
from app.tally.models import Counter as Counted
from app.tally.models import Outcome
from tests.delivery import room, scenes
from tests.delivery.room import MOODS, Machine, Server
from tests.delivery.scenes import NOW, Ticks

_PEOPLE, _SECOND_WAVE = 24, 8
_OPERATIONS = 50
_HOUR = 3600.0
_SKIPS = [-24 * _HOUR, -_HOUR, _HOUR, 24 * _HOUR]  # by which a clock is set
_PASSES = [0.3, 6.0, 31.0, 400.0, 2 * _HOUR]  # seconds between operations
SEEDS = 5


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        count = 200 if metafunc.config.getoption("--full") else SEEDS
        metafunc.parametrize("seed", range(count))


class World:
    """Two machines on one database, and what may happen to them."""

    def __init__(self, database: Database, folder: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.database = database
        self.ticks = Ticks()
        self.server = Server(self.rng, moods=MOODS)
        self.name = _given(database)
        self.machines = [
            Machine(database.url, folder / name, self.server, self.ticks) for name in "ab"
        ]
        for machine, other in zip(self.machines, reversed(self.machines), strict=True):
            machine.database.mood = self._mood
            machine.meanwhile = partial(self._meanwhile, machine, other)
        self.moves = ["paused", "resumed", "resumed", "resumed"]
        if self.rng.random() < 0.4:
            self.moves.append("cancelled")

    async def happen(self) -> None:
        """One thing happens."""
        machine = self.rng.choice(self.machines)
        what = self.rng.choices(
            ["step", "look", "pass", "kill", "set the clock", "move", "open"],
            weights=[10, 6, 4, 1, 1, 1, 1],
        )[0]
        if what == "step":
            await machine.step()
        elif what == "look":
            machine.look_around()
        elif what == "pass":
            self.ticks.seconds += self.rng.choice(_PASSES)
        elif what == "kill":
            machine.kill()
        elif what == "set the clock":
            machine.offset = scenes.later(self.rng.choice(_SKIPS) / 60) - NOW
        elif what == "move":
            room.move(self.database, self.name, self.rng.choice(self.moves), now=machine.now())
        else:
            room.open_wave(self.database, self.name)

    async def come_to_rest(self) -> None:
        """Troubles end: servers and databases answer, clocks are right, somebody resumes it."""
        self.server.moods = ("good",)
        for machine in self.machines:
            machine.database.mood = lambda: ""
            machine.offset = NOW - NOW
        room.open_wave(self.database, self.name)
        for _ in range(12):
            self.ticks.seconds += 5 * _HOUR
            room.move(self.database, self.name, "resumed", now=self.machines[0].now())
            for machine in self.machines:
                await machine.step()
                machine.look_around()
                room.finish(self.database, self.name, now=machine.now())

    def end(self) -> None:
        for machine in self.machines:
            machine.kill()
            machine.database.close()

    def _mood(self) -> str:
        return self.rng.choices(["", "away", "answer lost"], weights=[20, 1, 1])[0]

    async def _meanwhile(self, machine: Machine, other: Machine) -> None:
        """One machine's batch is slow, or stopped; the other goes on, for longer than a lease."""
        for _ in range(self.rng.randrange(1, 4)):
            self.ticks.seconds += self.rng.choice(_PASSES)
            if self.rng.random() < 0.5:  # its other threads go on as well
                machine.look_around()
            other.look_around()
            await other.step()


def test_nobody_gets_two_and_every_row_says_what_the_server_knows(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
):
    monkeypatch.setattr(journal, "_SEGMENT_BYTES", 400)  # it turns every few lines
    monkeypatch.setattr(watching, "_FRESH_SECONDS", 0.0)
    world = World(database, tmp_path, seed)

    asyncio.run(_live(world))

    taken = world.server.taken
    sends = _sends(database)
    states = {email: send.state for email, send in sends.items()}
    assert set(taken.values()) <= {1}
    assert {email for email, state in states.items() if state == State.SENT} <= set(taken)
    assert {states[email] for email in taken} <= {State.SENT, State.UNCERTAIN}
    assert set(states.values()) <= _FINAL
    assert all(send.deferrals <= world.server.put_off[email] for email, send in sends.items())
    assert {send.arm for send in sends.values() if send.state == State.HELD} <= {"holdout"}
    _agree(database, world.name, Counter(states.values()))


_FINAL = {
    State.SENT,
    State.FAILED,
    State.BOUNCED,
    State.UNCERTAIN,
    State.HELD,
    State.SKIPPED,
}


async def _live(world: World) -> None:
    try:
        for _ in range(_OPERATIONS):
            await world.happen()
            assert max(world.server.taken.values(), default=1) == 1
        await world.come_to_rest()
    finally:
        world.end()


def _agree(database: Database, name: str, states: Counter[str]) -> None:
    """Outcomes, counters and progress are the rows, added up."""
    with database.read() as session:
        outcomes = session.exec(select(Outcome)).all()
        counters = session.exec(select(Counted)).all()
        seen = progress.progress_of(session, session.get_one(Experiment, name))
    ends = {field: sum(getattr(row, field) for row in outcomes) for field in _ENDS}
    people = shares.moves(before=(), after=outcomes).hours

    assert ends == {field: states[state] for field, state in _ENDS.items()}
    assert len(outcomes) == _PEOPLE - states[State.SKIPPED]
    assert {field: sum(getattr(row, field) for row in counters) for field in shares.NUMBERS} == {
        field: sum(numbers[field] for numbers in people.values()) for field in shares.NUMBERS
    }
    assert {state: getattr(seen, state) for state in State} == {
        state: states[state] for state in State
    }


_ENDS = {
    "sent": State.SENT,
    "failed": State.FAILED,
    "bounced": State.BOUNCED,
    "uncertain": State.UNCERTAIN,
}


def _given(database: Database) -> str:
    waves = [{"share": 0.7, "after_hours": 0}, {"share": 0.3, "after_hours": 0}]
    with database.write() as session:
        name = scenes.enrolled(session, people=_PEOPLE, waves=waves).id
        ids = session.exec(select(Enrolment.id).order_by(col(Enrolment.id))).all()
        for chosen, fields in (
            (ids[::6], {"arm": "holdout"}),
            (ids[-_SECOND_WAVE:], {"wave": 1}),
        ):
            session.execute(update(Enrolment).where(col(Enrolment.id).in_(chosen)).values(fields))
    planning.plan(database, name, now=NOW)
    return name


def _sends(database: Database) -> dict[str, Send]:
    question: Any = select(Person.email, Send).join(Send, col(Send.person_id) == col(Person.id))
    with database.read() as session:
        return dict(session.exec(question).all())

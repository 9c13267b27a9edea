"""Days of a warm-up with relays that fail, workers that are killed, and experiments that rest."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from app.delivery.sending import Sender
from app.experiments import lifecycle
from app.experiments.models import Experiment, Status
from app.platform.db import Database
from tests.delivery import scenes
from tests.delivery.scenes import NOW, Ticks
from tests.delivery.sinks import Sink, listening
from tests.delivery.test_several_relays import relay
from tests.delivery.test_warming import DAY, LIMITS, UNTOUCHED, until_rest, worker

_TROUBLES = [one for one in UNTOUCHED if "limited" not in one[1]]  # a pace is for hours


class World:
    """Days with workers and relays that come and go; what each day had is the relays' own count."""

    def __init__(self, database: Database, folder: Path, seed: int) -> None:
        self.database, self.folder, self.random = database, folder, Random(seed)
        self.ticks, self.now, self.made = Ticks(), NOW, 0
        self.sinks = [Sink(), Sink()]
        self.senders: list[Sender] = []
        self.killed = self.random.random() < 0.5  # in this world some are, and a day may have fewer
        self.experiments = [
            scenes.launched(database, people=50),
            scenes.launched(database, people=40, domain="mill.example"),
        ]
        self.days = Counter[int]()
        self.counted = 0

    def hire(self) -> None:
        self.made += 1
        both = [relay(sink.port, f"mx{place}") for place, sink in enumerate(self.sinks)]
        folder = self.folder / str(self.made)
        self.senders.append(worker(self.database, folder, *both, ticks=self.ticks))

    async def happen(self) -> None:
        what = self.random.choice(["step"] * 6 + ["trouble", "well", "pass", "kill", "move"])
        if what == "step":
            self.ticks.seconds = (self.now - NOW).total_seconds()
            await self.random.choice(self.senders).step(self.now)
        elif what == "trouble":
            self.random.choice(self.sinks).trouble = self.random.choice(_TROUBLES)
        elif what == "well":
            self.random.choice(self.sinks).trouble = None
        elif what == "pass":
            self.now += timedelta(minutes=self.random.choice([1, 7, 30]))
        elif what == "kill" and self.killed:
            self.senders.pop(self.random.randrange(len(self.senders)))
            self.hire()
        elif what == "move":
            self.move(self.random.choice(self.experiments))
        self.count()

    def count(self) -> None:
        """Whatever relays have more than before left today."""
        total = sum(len(sink.taken) for sink in self.sinks)
        self.days[(self.now.date() - NOW.date()).days] += total - self.counted
        self.counted = total

    def move(self, made: str, *, on: bool = False) -> None:
        with self.database.write() as session:
            experiment = session.get_one(Experiment, made)
            if experiment.status == Status.PAUSED:
                lifecycle.resume(session, experiment, now=self.now)
            elif not on:
                lifecycle.pause(session, experiment, now=self.now)

    async def end_of_day(self) -> None:
        """All is well for hours: what may leave does."""
        for sink in self.sinks:
            sink.trouble = None
        for _ in range(12):
            self.now += timedelta(minutes=20)
            for made in self.experiments:
                self.move(made, on=True)
            await until_rest(self.senders, self.ticks, self.now)
            self.count()


@pytest.mark.parametrize("seed", range(4))
def test_no_day_has_more_and_a_day_without_a_crash_has_as_many(
    database: Database, tmp_path: Path, seed: int
):
    world = World(database, tmp_path, seed)

    async def live() -> None:
        async with AsyncExitStack() as stack:
            for sink in world.sinks:
                await stack.enter_async_context(listening(sink))
            world.hire()
            world.hire()
            for day in range(4):
                world.now = NOW + day * DAY
                for _ in range(25):
                    await world.happen()
                await world.end_of_day()
                assert world.days[day] <= LIMITS[day]
                if not world.killed:
                    assert world.days[day] == min(LIMITS[day], 90 - sum(LIMITS[:day]))

    asyncio.run(live())
    had = Counter(address for sink in world.sinks for address in sink.addresses())
    assert max(had.values()) == 1
    assert world.killed or had.total() == 90

"""Writers of SQLite take turns: people first, nobody shut out, and the dead hold nothing up."""

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from statistics import median

import pytest

from app.platform import queueing
from app.platform.queueing import Rank, TooBusy, WriteQueue

_fork = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns count here, not seconds."""
    monkeypatch.setattr(queueing, "_LONGEST_WAIT", 300.0)


@contextmanager
def another(target: object, *arguments: object) -> Iterator[multiprocessing.process.BaseProcess]:
    """A process of its own, ended whatever the test says."""
    process = _fork.Process(target=target, args=arguments)  # type: ignore[arg-type]  # any function
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def write_again_and_again(
    database: Path, rank: Rank, turns: "Synchronized[int]", turn_seconds: float
) -> None:
    queue = WriteQueue(database)
    while True:
        with queue.turn(rank):
            with turns.get_lock():
                turns.value += 1
            time.sleep(turn_seconds)


def begun(turns: "Synchronized[int]") -> None:
    for _ in range(1000):
        if turns.value:
            return
        time.sleep(0.01)
    raise AssertionError("nobody writes")


def passed_over(queue: WriteQueue, rank: Rank, turns: "Synchronized[int]", *, times: int) -> float:
    """How many turns of others came first, as a rule. Raises TooBusy where none comes."""
    found = []
    for _ in range(times):
        asked = turns.value
        with queue.turn(rank):
            found.append(turns.value - asked)
        time.sleep(0.005)
    return median(found)


@pytest.mark.parametrize("rank", Rank)
def test_who_retakes_the_turn_at_once_shuts_nobody_out(tmp_path: Path, rank: Rank):
    turns = _fork.Value("q")
    database = tmp_path / "t.db"

    with another(write_again_and_again, database, Rank.MACHINE, turns, 0.02):
        begun(turns)
        found = passed_over(WriteQueue(database), rank, turns, times=20)

    assert found <= 20


def test_people_go_before_a_machine_that_waits_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(queueing, "_LETS_PEOPLE_PASS", 5.0)  # however slow this machine is
    queue, other = (WriteQueue(tmp_path / "t.db") for _ in range(2))
    order: list[Rank] = []

    def go(queue: WriteQueue, rank: Rank) -> None:
        with queue.turn(rank):
            order.append(rank)

    threads = []
    with queue.turn(Rank.PERSON):
        for waiting, rank in ((other, Rank.MACHINE), (queue, Rank.PERSON), (queue, Rank.PERSON)):
            threads.append(threading.Thread(target=go, args=(waiting, rank)))
            threads[-1].start()
            time.sleep(0.3)  # until it waits
    for thread in threads:
        thread.join(10)

    assert order == [Rank.PERSON, Rank.PERSON, Rank.MACHINE]


def test_people_without_end_do_not_stop_the_machines(tmp_path: Path):
    turns = _fork.Value("q")
    database = tmp_path / "t.db"

    with (
        another(write_again_and_again, database, Rank.PERSON, turns, 0.005),
        another(write_again_and_again, database, Rank.PERSON, turns, 0.005),
    ):
        begun(turns)
        found = passed_over(WriteQueue(database), Rank.MACHINE, turns, times=3)

    assert found < 5_000  # some 30 s; seen under load: 125


def test_a_killed_writer_holds_nobody_up(tmp_path: Path):
    turns = _fork.Value("q")
    database = tmp_path / "t.db"

    with another(write_again_and_again, database, Rank.MACHINE, turns, 60) as holder:
        begun(turns)
        assert holder.pid
        os.kill(holder.pid, 9)
        with WriteQueue(database).turn(Rank.PERSON):
            first = turns.value

    assert first == 1


def test_who_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(queueing, "_LONGEST_WAIT", 0.05)
    queue = WriteQueue(tmp_path / "t.db")

    with (
        queue.turn(Rank.MACHINE),
        pytest.raises(TooBusy, match="Try again"),
        WriteQueue(tmp_path / "t.db").turn(Rank.PERSON),
    ):
        pass

"""Writers of SQLite take turns: people first, nobody shut out, and the dead hold nothing up."""

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from app.platform import queueing
from app.platform.queueing import Rank, TooBusy, WriteQueue

_fork = multiprocessing.get_context("fork")


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


def write_again_and_again(database: Path, rank: Rank, begun: Event, turn_seconds: float) -> None:
    queue = WriteQueue(database)
    while True:
        with queue.turn(rank):
            begun.set()
            time.sleep(turn_seconds)


def waits(queue: WriteQueue, rank: Rank, *, times: int) -> list[float]:
    """Seconds until each turn came."""
    found = []
    for _ in range(times):
        asked = time.monotonic()
        with queue.turn(rank):
            found.append(time.monotonic() - asked)
        time.sleep(0.005)
    return found


@pytest.mark.parametrize("rank", Rank)
def test_who_retakes_the_turn_at_once_shuts_nobody_out(tmp_path: Path, rank: Rank):
    begun = _fork.Event()
    database = tmp_path / "t.db"

    with another(write_again_and_again, database, Rank.MACHINE, begun, 0.02):
        begun.wait(10)
        found = waits(WriteQueue(database), rank, times=20)

    assert max(found) < 0.5


def test_people_go_before_a_machine_that_waits_longer(tmp_path: Path):
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
            time.sleep(0.02)
    for thread in threads:
        thread.join(10)

    assert order == [Rank.PERSON, Rank.PERSON, Rank.MACHINE]


def test_people_without_end_do_not_stop_the_machines(tmp_path: Path):
    begun = _fork.Event()
    database = tmp_path / "t.db"

    with (
        another(write_again_and_again, database, Rank.PERSON, begun, 0.005),
        another(write_again_and_again, database, Rank.PERSON, begun, 0.005),
    ):
        begun.wait(10)
        found = waits(WriteQueue(database), Rank.MACHINE, times=5)

    assert max(found) < 2


def test_a_killed_writer_holds_nobody_up(tmp_path: Path):
    begun = _fork.Event()
    database = tmp_path / "t.db"

    with another(write_again_and_again, database, Rank.MACHINE, begun, 60) as holder:
        begun.wait(10)
        assert holder.pid
        os.kill(holder.pid, 9)
        asked = time.monotonic()
        with WriteQueue(database).turn(Rank.PERSON):
            waited = time.monotonic() - asked

    assert waited < 1


def test_who_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(queueing, "_LONGEST_WAIT", 0.05)
    queue = WriteQueue(tmp_path / "t.db")

    with (
        queue.turn(Rank.MACHINE),
        pytest.raises(TooBusy, match="Try again"),
        WriteQueue(tmp_path / "t.db").turn(Rank.PERSON),
    ):
        pass

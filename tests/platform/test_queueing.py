"""Writers of SQLite take turns: people first, nobody shut out, and the dead hold nothing up."""

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from statistics import median

import pytest

from app.platform import queueing
from app.platform.queueing import LETS_PASS, Rank, TooBusy, WriteQueue
from tests.serve import wait_until

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
    wait_until(lambda: turns.value, what="somebody who writes")


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

    assert found <= 1  # the turn that is under way, or begins


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
        found = passed_over(WriteQueue(database), Rank.MACHINE, turns, times=9)

    assert 1 <= found <= LETS_PASS + 2  # and who waited already


class Told:
    """A file that many write one line each into, in the order of what happened."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._path = path

    def tell(self, what: str, place: int) -> None:
        os.write(self._file, f"{what} {place}\n".encode())

    def all(self) -> list[tuple[str, int]]:
        lines = [line.split() for line in self._path.read_text().splitlines()]
        return [(what, int(place)) for what, place in lines]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Every place that is drawn, and every turn that begins or ends, in whatever process."""
    told = Told(tmp_path / "told")
    draw, begins, opened = queueing._draw, queueing._begins, queueing._opened

    def telling_draw(file: int, rank: Rank) -> int:
        place = draw(file, rank)
        told.tell("drawn", place)
        return place

    def telling_begins(file: int, place: int) -> bool:
        if not begins(file, place):
            return False
        told.tell("begun", place)
        return True

    @contextmanager
    def telling_opened(path: Path) -> Iterator[int]:
        with opened(path) as file:
            yield file
            told.tell("ended", 0)

    monkeypatch.setattr(queueing, "_draw", telling_draw)
    monkeypatch.setattr(queueing, "_begins", telling_begins)
    monkeypatch.setattr(queueing, "_opened", telling_opened)
    return told


def write_some(database: Path, ranks: tuple[Rank, ...], turns: int) -> None:
    """Each rank is a thread that asks again at once."""
    queue = WriteQueue(database)

    def some(rank: Rank) -> None:
        for number in range(turns):
            with queue.turn(rank):
                time.sleep(0.001 * (number % 3))

    threads = [threading.Thread(target=some, args=(rank,)) for rank in ranks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


P, M = Rank.PERSON, Rank.MACHINE


@pytest.mark.parametrize(
    "processes",
    [((P,), (M,)), ((P, P, M), (M,), (M, M)), ((P, M, P, M), (P, P), (P,)), ((M,), (M,), (M,))],
)
def test_nobody_waits_for_more_turns_than_the_rule_promises(
    tmp_path: Path, told: Told, processes: tuple[tuple[Rank, ...], ...]
):
    database = tmp_path / "t.db"
    writers = sum(len(ranks) for ranks in processes)

    with ExitStack() as running:
        for ranks in processes:
            one = running.enter_context(another(write_some, database, ranks, 40))
            running.callback(one.join)

    told_all = told.all()
    turns = [what for what, _ in told_all if what != "drawn"]
    assert turns == ["begun", "ended"] * (40 * writers)  # one at a time
    waits, overtaken = waits_of(told_all)
    assert max(waits[Rank.PERSON], default=0) <= writers - 1
    assert max(waits[Rank.MACHINE], default=0) <= writers - 1 + LETS_PASS
    assert max(overtaken) <= 1  # who was on the way to the turn already


def test_where_the_system_has_no_places_still_one_writes_at_a_time(
    tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(queueing, "_HAS_PLACES", False)

    with ExitStack() as running:
        for ranks in ((P, M), (M,)):
            one = running.enter_context(another(write_some, tmp_path / "t.db", ranks, 20))
            running.callback(one.join)

    turns = [what for what, _ in told.all() if what != "drawn"]
    assert turns == ["begun", "ended"] * (20 * 3)


def waits_of(told: list[tuple[str, int]]) -> tuple[dict[Rank, list[int]], list[int]]:
    """For each turn: how many came before it while it waited, and how many of those should not."""
    waits: dict[Rank, list[int]] = {rank: [] for rank in Rank}
    overtaken = []
    waiting: dict[int, list[int]] = {}
    for what, place in told:
        if what == "drawn":
            waiting[place] = []
        elif what == "begun":
            before = waiting.pop(place)
            waits[(Rank.PERSON, Rank.MACHINE)[place % 2]].append(len(before))
            overtaken.append(sum(other > place for other in before))
            for others in waiting.values():
                others.append(place)
    return waits, overtaken


def test_a_killed_writer_holds_nobody_up(tmp_path: Path):
    turns = _fork.Value("q")
    database = tmp_path / "t.db"

    with (
        another(write_again_and_again, database, Rank.MACHINE, turns, 60) as holder,
        another(write_again_and_again, database, Rank.PERSON, turns, 60) as waiting,
    ):
        begun(turns)
        time.sleep(0.3)  # until the other one waits
        for process in (waiting, holder):
            assert process.pid
            os.kill(process.pid, 9)
        with WriteQueue(database).turn(Rank.MACHINE):
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

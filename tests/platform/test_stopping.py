"""A signal tells to stop, whatever the process is at in that moment."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from app.platform.db import Database
from app.platform.duties import Attempts, Duty
from app.platform.put_off import Work
from app.platform.stir import Bell, Stir
from app.platform.stopping import Stopping
from app.worker import Loop
from tests.serve import wait_until

INTERRUPTED_AT_EVERY_LINE = """
import signal, sys
from app.platform.stopping import Stopping

lines = 0

def trace(frame, event, _argument):
    global lines
    lines += event == "line"
    if lines == at:
        lines += 1
        signal.raise_signal(signal.SIGTERM)
    return trace

for at in range(1, 60):
    stopping, lines = Stopping(), 0
    stopping.on_signals()
    sys.settrace(trace)
    stopping.wait(0.001)
    sys.settrace(None)
    print(at, lines, stopping.is_set(), flush=True)
"""


def test_a_signal_is_heard_whatever_line_it_interrupts():
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AT_EVERY_LINE],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    told = [line.split() for line in done.stdout.splitlines()]

    assert len(told) == 59
    assert [heard for at, lines, heard in told if int(at) < int(lines)].count("False") == 0
    assert told[0][2] == "True"


def test_all_threads_wait_until_it_is_told():
    stopping = Stopping()
    threads = [threading.Thread(target=stopping.wait, args=(600,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    stopping.set()
    for thread in threads:
        thread.join(60)

    assert not any(thread.is_alive() for thread in threads)
    assert stopping.wait(600)


def test_one_thread_looks_and_every_loop_is_woken(database: Database, tmp_path: Path):
    stir, stopping, looked = Stir(tmp_path / "stir"), Stopping(), set[str]()

    def seen() -> int:
        looked.add(threading.current_thread().name)
        return stir.seen()

    bell = Bell(seen, stopping)
    tries = dict.fromkeys((Work.START, Work.PLAN, Work.FINISH), 0)

    def duty(work: Work) -> Duty:
        def items(*_: object) -> list[str]:
            tries[work] += 1
            return []

        return Duty(work=work, items=items, do=lambda *_: 0, rest_seconds=600)

    loop = Loop("a loop", database, Attempts(database), bell, stopping)
    threads = [threading.Thread(target=loop.run, args=([duty(one)],)) for one in tries]
    with bell.watched():
        for thread in threads:
            thread.start()
        wait_until(all_are(tries, 1), what="the first look")
        stir.note()
        wait_until(all_are(tries, 2), what="a look after a sign")
        stopping.set()
    for thread in threads:
        thread.join(60)

    assert looked == {"MainThread", "bell"}  # the first time before anything else
    assert not any(thread.is_alive() for thread in threads)


def all_are(tries: dict[Work, int], times: int) -> Callable[[], bool]:
    return lambda: set(tries.values()) == {times}


def test_what_falls_due_by_itself_is_tried_after_its_rest_and_nothing_else(
    database: Database, tmp_path: Path
):
    stopping = Stopping()
    bell = Bell(Stir(tmp_path / "stir").seen, stopping)
    tried: list[Work] = []

    def duty(work: Work, rest_seconds: float) -> Duty:
        def items(*_: object) -> list[str]:
            tried.append(work)
            if len(tried) == 5:
                stopping.set()
            return []

        return Duty(
            work=work,
            items=items,
            do=lambda *_: 0,
            rest_seconds=rest_seconds,
            waits=lambda _: True,
        )

    loop = Loop("a loop", database, Attempts(database), bell, stopping)
    with bell.watched():
        loop.run([duty(Work.START, 0.01), duty(Work.PLAN, 600)])

    assert tried == [Work.START, Work.PLAN, Work.START, Work.START, Work.START]

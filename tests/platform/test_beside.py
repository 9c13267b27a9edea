"""A copy of a process works when it is called, and ends with whoever calls it."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from app.platform import beside
from app.platform.beside import Beside, Line
from tests.serve import wait_until

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    # pytest has threads of its own where several run at once.
    monkeypatch.setattr(threading, "enumerate", lambda: [threading.main_thread()])

    def live(line: Line) -> None:
        for _ in line.calls():
            with (tmp_path / "worked").open("a") as file:
                file.write(f"{os.getpid()}\n")
            while (tmp_path / "busy").exists() and not line.is_closed():
                time.sleep(0.01)

    found = beside.begun(live)
    assert found is not None
    yield found
    found.end()


def worked(folder: Path) -> list[str]:
    path = folder / "worked"
    return path.read_text().split() if path.exists() else []


def has_worked(folder: Path, times: int) -> bool:
    return len(worked(folder)) == times


def test_it_works_as_often_as_it_is_called_in_a_process_of_its_own(made: Beside, tmp_path: Path):
    for number in (1, 2):
        wait_until(made.call, what="a call")
        wait_until(partial(has_worked, tmp_path, number), what="its work")

    assert worked(tmp_path) == 2 * [str(made._process)]
    assert made._process != os.getpid()


def test_whoever_works_is_not_called_and_ends_when_told(made: Beside, tmp_path: Path):
    (tmp_path / "busy").touch()
    assert made.call()
    wait_until(lambda: worked(tmp_path), what="its work")

    assert not made.call()
    made.end()

    assert not made.call()
    assert len(worked(tmp_path)) == 1


def test_one_that_was_killed_is_told_and_missed_by_nobody(
    made: Beside, caplog: pytest.LogCaptureFixture
):
    os.kill(made._process, signal.SIGKILL)
    wait_until(lambda: not made.call() and caplog.messages, what="a call that fails")

    assert caplog.messages == ["the process beside this one has ended; this one works alone"]


def test_a_signal_is_the_originals_affair(made: Beside, tmp_path: Path):
    wait_until(made.call, what="a call")
    wait_until(lambda: worked(tmp_path), what="its work")
    os.kill(made._process, signal.SIGTERM)

    wait_until(made.call, what="another call")
    wait_until(lambda: len(worked(tmp_path)) == 2, what="its work")


def test_a_process_that_has_threads_makes_no_copy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    over = threading.Event()
    thread = threading.Thread(target=over.wait, name="watch")
    monkeypatch.setattr(threading, "enumerate", lambda: [threading.main_thread(), thread])
    monkeypatch.setattr(beside, "_THREAD_SECONDS", 0.01)
    thread.start()
    try:
        with pytest.raises(RuntimeError, match="before any thread; there is watch"):
            beside.begun(lambda _line: None)
    finally:
        over.set()
        thread.join()


def test_where_there_is_one_core_there_is_no_copy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)

    assert beside.begun(lambda _line: None) is None

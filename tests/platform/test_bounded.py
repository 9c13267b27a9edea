"""What a user wrote is worked on by a child with limits: ended past them, replaced, and alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.platform import bounded
from app.platform.bounded import Pool, TooMuchMemory, TooSlow, Unworkable
from app.platform.errors import FieldError, Invalid, Unavailable
from tests.serve import is_gone, wait_until


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool(2)
    yield pool
    pool.close()


def loop_without_end(note: str) -> None:
    with Path(note).open("a") as file:
        file.write(f"{os.getpid()}\n")
    while True:
        pass


def hold_the_interpreter() -> int:
    return sum(range(10**12))  # C from beginning to end: no signal is looked at


def grow() -> bytes:
    return bytes(1 << 30)


def fail() -> float:
    return 1 / 0


def refuse() -> None:
    raise Invalid.at("body", "Not this.")


def die(number: int) -> None:
    os.kill(os.getpid(), number)


def what_it_holds() -> tuple[list[str], dict[str, str]]:
    files = [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.exists()]
    return files, dict(os.environ)


def test_what_never_ends_is_ended_and_not_begun_again_so_soon(tmp_path: Path):
    note, pool = tmp_path / "begun", Pool(2, one_seconds=0.3)

    def ask(_: int) -> None:
        with pytest.raises(TooSlow, match=r"longer than 0\.3 seconds"):
            pool.ask(loop_without_end, str(note), about="this loop")

    with ThreadPoolExecutor(5) as threads:
        list(threads.map(ask, range(10)))

    assert len(note.read_text().split()) == 1
    assert is_gone(int(note.read_text()))
    assert pool.ask(abs, -1) == 1
    pool.close()


@pytest.mark.parametrize(
    ("work", "error", "says"),
    [
        (hold_the_interpreter, TooSlow, "longer than 2 seconds"),
        (grow, TooMuchMemory, "more than 256 MB"),
        (fail, Unworkable, "ZeroDivisionError"),
    ],
)
def test_whatever_goes_wrong_is_a_sentence(
    pool: Pool, work: Callable[[], object], error: type[Invalid], says: str
):
    with pytest.raises(error, match=says):
        pool.ask(work)

    assert pool.ask(abs, -1) == 1


def test_a_refusal_comes_back_whole(pool: Pool):
    with pytest.raises(Invalid, match="Not this") as refused:
        pool.ask(refuse)

    assert refused.value.errors == (FieldError("body", "Not this."),)


def test_a_child_that_always_ends_is_asked_twice_and_no_more(pool: Pool):
    with pytest.raises(Unworkable, match="ended"):
        pool.ask(die, signal.SIGKILL)

    assert pool.ask(abs, -1) == 1


def test_a_child_that_was_ended_while_it_waited_is_replaced(pool: Pool):
    first = pool.ask(os.getpid)
    os.kill(first, signal.SIGKILL)

    assert pool.ask(os.getpid) not in {first, os.getpid()}


def test_a_child_that_nobody_asks_ends_by_itself():
    pool = Pool(1, idle_seconds=0.05)
    first = pool.ask(os.getpid)
    wait_until(lambda: is_gone(first), what="the end of an idle child")

    assert pool.ask(os.getpid) != first
    pool.close()


def test_a_child_has_no_file_and_no_setting_of_ours(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("THINSLICE_SECRET_KEYS", "hush")
    with (tmp_path / "journal").open("w") as journal:
        os.set_inheritable(journal.fileno(), True)
        files, environment = pool.ask(what_it_holds)

    assert not [one for one in files if str(tmp_path) in one]
    assert sum(one.startswith("socket:") for one in files) == 1
    assert not [name for name in environment if name.startswith("THINSLICE_")]


def test_many_ask_few_work(pool: Pool):
    with ThreadPoolExecutor(12) as threads:
        workers = list(threads.map(lambda _: pool.ask(os.getpid), range(60)))

    assert 1 <= len(set(workers)) <= 2


def spin(turns: int) -> float:
    """Processor seconds of that many turns."""
    began = time.process_time()
    for _ in range(turns):
        pass
    return time.process_time() - began


SHARES = """
import os, threading, time
from concurrent.futures import ThreadPoolExecutor
from app.platform import bounded
from app.platform.bounded import Pool
from tests.platform.test_bounded import spin

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one processor for all of them
pool = Pool(4)
with ThreadPoolExecutor(4) as threads:  # children that have begun
    list(threads.map(lambda _: pool.ask(time.sleep, 0.5), range(4)))
spent, ours = [], 0.0

def ask():
    while ours < 0.5:
        spent.append(pool.ask(spin, 300_000))

threads = [threading.Thread(target=ask) for _ in range(4)]
for thread in threads:
    thread.start()
began = time.process_time()
while ours < 0.5:
    ours = time.process_time() - began
for thread in threads:
    thread.join()
pool.close()
print(ours / (ours + sum(spent)))
"""


def test_children_work_with_what_others_leave():
    done = subprocess.run(
        [sys.executable, "-c", SHARES],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert float(done.stdout) > 0.5  # of five that are busy; an equal part would be 0.2


def test_who_asks_when_many_wait_is_told_at_once_and_the_others_are_answered():
    pool = Pool(1)
    with ThreadPoolExecutor(40) as threads:
        asked = [threads.submit(pool.ask, time.sleep, 0.05) for _ in range(40)]
    refused = [one for one in asked if isinstance(one.exception(), Unavailable)]

    assert len(asked) - len(refused) >= bounded._ASKERS
    assert refused
    assert pool.ask(abs, -1) == 1
    pool.close()


ASKS_FOR_EVER = """
import sys, threading, time
from tests.platform.test_bounded import loop_without_end
import os
from app.platform import bounded
bounded.ask = bounded.Pool(2, one_seconds=0.3).ask
print(bounded.ask(os.getpid), flush=True)
busy = threading.Thread(target=bounded.ask, args=(loop_without_end, sys.argv[1]), daemon=True)
busy.start()
time.sleep(600)
"""


def test_children_end_with_a_parent_that_is_killed_even_in_the_middle_of_their_work(
    tmp_path: Path,
):
    note = tmp_path / "begun"
    note.touch()
    parent = subprocess.Popen(
        [sys.executable, "-c", ASKS_FOR_EVER, str(note)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None
    first = int(parent.stdout.readline())
    busy = int(wait_until(note.read_text, what="its work"))
    parent.kill()
    parent.wait()
    parent.stdout.close()

    wait_until(lambda: is_gone(first) and is_gone(busy), what="the end of the children")


def test_a_process_that_ends_leaves_no_child(tmp_path: Path):
    script = "import os; from app.platform import bounded; print(bounded.ask(os.getpid))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert done.stderr == ""
    wait_until(lambda: is_gone(int(done.stdout)), what="its child's end")

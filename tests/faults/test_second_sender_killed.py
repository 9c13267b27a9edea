"""Two workers, each with a second process that sends: whichever is killed, nobody gets two."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from app.delivery.pace import MOST
from tests.conftest import KINDS
from tests.faults.relay import Relay, relay
from tests.faults.test_machines_killed import launched
from tests.journeys.test_by_api import finished, given_an_audience
from tests.postgres import Server
from tests.serve import Installation, family_of, is_gone, most_megabytes, wait_until

_MOST_MEGABYTES = 1024  # of a container in deploy/kubernetes/thinslice.yaml
_STOP_SECONDS = 90  # TimeoutStopSec of its unit
_ALONE = "the process beside this one has ended; this one works alone"


@contextmanager
def two_workers(folder: Path, url: str, mail: str) -> Iterator[list[Installation]]:
    """One that answers pages, and two that only send and are watched at a port."""
    pages, *workers = (
        Installation(folder / name, url, mail=mail) for name in ("pages", "one", "two")
    )
    try:
        pages.start("--migrate", "--no-worker")
        for one in workers:
            one.settings |= {
                "THINSLICE_SECRET_KEYS": (pages.data / "keys").read_text().strip(),
                "THINSLICE_PUBLIC_URL": pages.url,
            }
            one.start(command="worker")
        yield [pages, *workers]
    finally:
        for one in (*workers, pages):
            one.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_whichever_of_them_is_killed_everybody_is_mailed_once(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, full: bool
):
    people = 40_000 if full else 12_000
    server: Server | None = (
        request.getfixturevalue("postgres_server") if kind == "postgresql" else None
    )
    url = server.empty() if server else f"sqlite:///{tmp_path / 'shared.db'}"
    with (
        relay(tmp_path) as sink,
        two_workers(tmp_path, url, sink.setting) as (pages, one, two),
        pages.api("editor") as api,
    ):
        run = launched(api, given_an_audience(api, people=people))
        at = [_killed(sink, one, "worker beside")]
        at += [_killed(sink, two, "worker"), _killed(sink, two, "worker", "worker beside")]
        stopped = _told_to_stop_in_a_stall(sink, one)
        progress = wait_until(partial(finished, api, run.id), seconds=600, what="the sending")
        held = {one.data.name: _most(one) for one in (one, two)}
        wait_until(lambda: one.is_ready() and two.is_ready(), what="two that are ready")
        log = one.log
    taken = sink.taken()
    print(f"killed when {at} of {people} were mailed; stopped in a stall in {stopped:.1f} s")
    print(f"{progress['sent']} sent, {progress['uncertain']} uncertain; at most {held} MB")

    got = Counter(to for to, _ in taken)
    assert max(taken.values()) == 1
    assert max(got.values()) == 1
    assert progress["sent"] + progress["uncertain"] == people
    assert progress["sent"] <= len(got)
    assert progress["uncertain"] <= 4 * MOST
    assert at[0] < at[-1] < people, "killed while the queue was long"
    assert log.count(_ALONE) == 1
    assert stopped < _STOP_SECONDS
    assert max(held.values()) <= _MOST_MEGABYTES


def _second_works(worker: Installation) -> int | None:
    """The second process, once it was called; it has one thread until then."""
    assert worker.process is not None
    seconds = [pid for does, pid in family_of(worker.process.pid) if does == "worker beside"]
    return next(
        (pid for pid in seconds if sum(1 for _ in Path(f"/proc/{pid}/task").iterdir()) > 1), None
    )


def _killed(sink: Relay, worker: Installation, *which: str) -> int:
    """`kill -9` of these while mails are on their way; how many had left.

    A first one that was killed is started again at once, though its second may live on until the
    server says something.
    """
    second = wait_until(partial(_second_works, worker), what="a second process that sends")
    assert worker.process is not None
    with sink.stalled():
        killed = [pid for does, pid in family_of(worker.process.pid) if does in which]
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        number = sink.taken().total()
        if "worker" in which:
            worker.process.wait(60)
            worker.start(command="worker")
    wait_until(partial(is_gone, second), what="the end of a second process")
    return number


def _told_to_stop_in_a_stall(sink: Relay, worker: Installation) -> float:
    """SIGTERM while the server answers nothing; how many seconds it took, then it goes on."""
    assert worker.process is not None
    began = time.monotonic()
    with sink.stalled():
        worker.process.terminate()
        time.sleep(2)
    worker.process.wait(_STOP_SECONDS)
    seconds = time.monotonic() - began
    worker.start(command="worker")
    return seconds


def _most(worker: Installation) -> int:
    assert worker.process is not None
    return most_megabytes(worker.process.pid).total()

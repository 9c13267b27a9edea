import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from app.ops.supervise import PortTaken, listen
from tests.ports import free_port
from tests.serve import Installation, children_of, is_gone, wait_until

_OUTLIVED = """
import ctypes, sys, threading
threading.Thread(target=sys.stdin.read).start()
print("over", flush=True)
ctypes.CDLL(None).pthread_exit(None)  # the first thread's end; the other has every file
"""


@pytest.fixture
def service(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Installation, "forks", getattr(request, "param", True))
    installation = Installation(tmp_path / "data", "")
    installation.start("--migrate")
    yield installation
    installation.stop()


@pytest.mark.parametrize(
    "service", [False, True], indirect=True, ids=["started by Python", "as the tests start it"]
)
def test_serve_runs_a_web_process_an_ingester_and_a_sender(service: Installation):
    assert service.process is not None
    assert len(children_of(service.process.pid)) == 3


def test_a_child_that_is_killed_is_started_again(service: Installation):
    assert service.process is not None
    first = set(children_of(service.process.pid))
    for child in first:
        os.kill(child, signal.SIGKILL)

    again = wait_until(lambda: all_new(service, first), what="three new children")

    assert len(again) == 3
    wait_until(service.is_ready, what="a ready service")


def all_new(service: Installation, before: set[int]) -> set[int] | None:
    assert service.process is not None
    now = set(children_of(service.process.pid)) - before
    return now if len(now) == 3 else None


def test_children_end_with_a_killed_supervisor(service: Installation):
    assert service.process is not None
    children = children_of(service.process.pid)
    os.kill(service.process.pid, signal.SIGKILL)
    service.process.wait()

    assert wait_until(lambda: all(map(is_gone, children)), what="the children's end")


def test_a_process_is_gone_when_its_last_thread_is():
    ours = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", _OUTLIVED], stdin=ours, stdout=ours) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        state = Path(f"/proc/{process.pid}/stat")
        wait_until(lambda: state.read_text().split()[2] == "Z", what="the end of its first thread")

        assert not is_gone(process.pid)
        process.stdin.close()
        wait_until(lambda: is_gone(process.pid), what="its end")


def test_sigterm_ends_everything_in_order(service: Installation):
    assert service.process is not None
    service.process.terminate()

    assert service.process.wait(40) == 0


def test_a_taken_port_is_one_clear_sentence():
    port = free_port()
    taken = listen("127.0.0.1", port)

    with pytest.raises(PortTaken, match=f"127.0.0.1:{port}.*--port"):
        listen("127.0.0.1", port)
    taken.close()


def test_a_second_serve_on_one_folder_says_that_it_waits_and_takes_over(
    service: Installation, tmp_path: Path
):
    second = Installation(service.data, "")
    second.start()
    notes = wait_until(lambda: noted(second, 2), what="the notes")
    doctor = service.command("doctor")
    service.stop()
    wait_until(lambda: noted(second, 0) is not None, what="the second to work alone")
    log = second.log
    second.stop()

    assert [note.split(" waits: ")[0] for note in notes] == [
        "A second ingester",
        "A second sender",
    ]
    assert all(note in log for note in notes)
    assert "WRONG  processes: A second ingester waits" in doctor.stdout


def noted(service: Installation, number: int) -> list[str] | None:
    """Its notes, once it is ready and has so many; while one takes over, it may be neither."""
    told = httpx.get(f"{service.url}/ready")
    notes: list[str] = told.json()["notes"] if told.status_code == httpx.codes.OK else []
    return notes if told.is_success and len(notes) == number else None

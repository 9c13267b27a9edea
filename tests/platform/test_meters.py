"""What processes count: nothing lost between them, and no process is asked for it."""

import json
import multiprocessing
import threading
from pathlib import Path

import pytest

from app.platform import meter_files, meters
from app.platform.meters import Counts, Meter

KIND = Meter("thinslice_tests_total", "For tests.", {"kind": ("a", "b")})
ROUTE = Meter("thinslice_routes_total", "For tests.", {"route": None})
TOOK = Meter("thinslice_tests_seconds", "For tests.", {"kind": ("a",)}, (0.1, 1.0))


def test_known_labels_are_told_before_anything_is_counted():
    counts = Counts()
    assert counts.of(KIND) == {("a",): [0.0], ("b",): [0.0]}
    assert counts.of(ROUTE) == {}
    assert counts.of(TOOK) == {("a",): [0.0, 0.0, 0.0, 0.0]}


def test_how_long_something_took_is_told_by_bounds_and_in_all():
    counts = Counts()
    for seconds in (0.1, 0.5, 2.0, 3.0):
        counts.took(TOOK, seconds, "a")

    assert counts.of(TOOK) == {("a",): [1.0, 1.0, 2.0, pytest.approx(5.6)]}


def test_threads_lose_nothing():
    counts = Counts()

    def add() -> None:
        for _ in range(2_000):
            counts.count(KIND, "a")

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counts.of(KIND)[("a",)] == [16_000]


def test_a_label_that_anybody_can_invent_has_an_end():
    counts = Counts()
    for number in range(meters._MOST + 100):
        counts.count(ROUTE, str(number))
    counts.count(ROUTE, "0")

    assert len(counts.of(ROUTE)) == meters._MOST
    assert counts.of(ROUTE)[("0",)] == [2]


def test_whoever_follows_goes_on_counting(tmp_path: Path):
    for _ in range(3):
        counts = Counts()
        with meter_files.kept(tmp_path, "web", counts):
            counts.count(KIND, "a", by=2)

    assert meter_files.added_up(tmp_path).of(KIND)[("a",)] == [6]
    assert [path.name for path in tmp_path.glob("*.json")] == ["web-1.json"]


def test_processes_side_by_side_have_slots_of_their_own_and_are_added_up(tmp_path: Path):
    first, second, third = Counts(), Counts(), Counts()
    with (
        meter_files.kept(tmp_path, "web", first),
        meter_files.kept(tmp_path, "web", second),
        meter_files.kept(tmp_path, "sender", third),
    ):
        for number, counts in enumerate((first, second, third), start=1):
            counts.count(KIND, "b", by=number)
            counts.took(TOOK, 0.05, "a")
    total = meter_files.added_up(tmp_path)

    assert total.of(KIND) == {("a",): [0.0], ("b",): [6]}
    assert total.of(TOOK)[("a",)][0] == 3
    assert len(list(tmp_path.glob("*.json"))) == 3


def _count_until_killed(folder: Path, told: "multiprocessing.synchronize.Event") -> None:
    counts = Counts()
    with meter_files.kept(folder, "web", counts):
        counts.count(KIND, "a", by=5)
        while not list(folder.glob("*.json")):
            threading.Event().wait(0.01)
        told.set()
        threading.Event().wait(60)


def test_a_killed_process_leaves_its_slot_and_what_it_wrote(tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    told = context.Event()
    process = context.Process(target=_count_until_killed, args=(tmp_path, told))
    process.start()
    assert told.wait(30)
    process.kill()
    process.join()
    counts = Counts()
    with meter_files.kept(tmp_path, "web", counts):
        counts.count(KIND, "a")

    assert meter_files.added_up(tmp_path).of(KIND)[("a",)] == [6]


@pytest.mark.parametrize("rest", ["", "{", "[]", '{"thinslice_tests_total": 3}', '{"x": [[1]]}'])
def test_a_file_that_a_power_cut_left_counts_from_nought(tmp_path: Path, rest: str):
    (tmp_path / "web-1.json").write_text(rest)
    (tmp_path / "web-2.json").write_text(json.dumps({KIND.name: [[["a"], [4]]]}))
    assert meter_files.added_up(tmp_path).of(KIND)[("a",)] == [4]

    counts = Counts()
    with meter_files.kept(tmp_path, "web", counts):
        counts.count(KIND, "a")

    assert meter_files.added_up(tmp_path).of(KIND)[("a",)] == [5]


def test_what_an_earlier_version_counted_otherwise_is_not_told(tmp_path: Path):
    older = {
        KIND.name: [[["a", "x"], [1]], [["b"], [1, 2, 3]]],
        "thinslice_gone_total": [[[], [1]]],
    }
    (tmp_path / "web-1.json").write_text(json.dumps(older))

    assert meter_files.added_up(tmp_path).of(KIND) == {("a",): [0.0], ("b",): [0.0]}


def test_a_disk_without_room_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    counts = Counts()
    with meter_files.kept(tmp_path, "web", counts):
        monkeypatch.setattr(Path, "write_text", full)
        counts.count(KIND, "a")
    monkeypatch.setattr("app.platform.locks.hold", full)
    with meter_files.kept(tmp_path, "web", counts):
        counts.count(KIND, "a")

    assert counts.of(KIND)[("a",)] == [2]
    assert [record.getMessage() for record in caplog.records] == [
        "what is counted here cannot be written: No space left on device",
        "what this process counts is told to nobody: No space left on device",
    ]

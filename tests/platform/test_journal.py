"""What was acknowledged is there, whatever happened to its writer."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.platform import journal
from app.platform.config import Durability
from app.platform.journal import Journal, JournalFull
from app.platform.locks import Busy, hold

PLENTY = 10**9

WRITER = """
import sys
from pathlib import Path
from app.platform.config import Durability
from app.platform.journal import Journal

journal = Journal.open(Path(sys.argv[1]), durability=Durability.PROCESS, limit=10**9)
for number in range(10**9):
    journal.keep(b"%d" % number)
    print(number, flush=True)
"""


def opened(folder: Path, *, limit: int = PLENTY, durability=Durability.PROCESS) -> Journal:
    return Journal.open(folder, durability=durability, limit=limit)


def everything(folder: Path) -> list[bytes]:
    found = journal.segments(folder)
    return [payload for segment in found for _, payload in journal.lines(segment, 0)]


@pytest.mark.parametrize("durability", list(Durability))
def test_what_was_kept_is_read_back_in_order(tmp_path, durability):
    writer = opened(tmp_path, durability=durability)
    for payload in (b"one", b"two", b""):
        writer.keep(payload)
    writer.close()

    assert everything(tmp_path) == [b"one", b"two", b""]


def test_a_segment_is_alive_until_its_writer_closes_it(tmp_path):
    writer = opened(tmp_path)
    assert [segment.is_open for segment in journal.segments(tmp_path)] == [True]

    writer.close()

    assert [segment.is_open for segment in journal.segments(tmp_path)] == [False]


def test_reading_goes_on_from_the_offset_after_a_line(tmp_path):
    writer = opened(tmp_path)
    writer.keep(b"one")
    [segment] = journal.segments(tmp_path)
    [(offset, _)] = journal.lines(segment, 0)
    writer.keep(b"two")

    assert [payload for _, payload in journal.lines(segment, offset)] == [b"two"]


def test_two_writers_have_segments_of_their_own(tmp_path):
    first, second = opened(tmp_path), opened(tmp_path)
    first.keep(b"a")
    second.keep(b"b")

    assert len({segment.id for segment in journal.segments(tmp_path)}) == 2
    assert sorted(everything(tmp_path)) == [b"a", b"b"]


def test_a_torn_last_line_is_not_read(tmp_path):
    writer = opened(tmp_path)
    writer.keep(b"whole")
    writer.keep(b"torn")
    writer.close()
    [segment] = journal.segments(tmp_path)
    os.truncate(segment.path, segment.path.stat().st_size - 2)

    assert everything(tmp_path) == [b"whole"]


def test_a_spoilt_line_is_skipped_and_the_next_one_read(tmp_path):
    writer = opened(tmp_path)
    for payload in (b"first", b"second", b"third"):
        writer.keep(payload)
    [segment] = journal.segments(tmp_path)
    segment.path.write_bytes(segment.path.read_bytes().replace(b"second", b"sec\nnd"))

    assert everything(tmp_path) == [b"first", b"third"]


def test_a_file_without_our_header_is_no_segment(tmp_path):
    (tmp_path / "1.journal").write_bytes(b"something else\n")

    assert journal.segments(tmp_path) == []


def test_a_payload_of_two_lines_is_refused(tmp_path):
    with pytest.raises(ValueError, match="one line"):
        opened(tmp_path).keep(b"a\nb")


def test_past_its_limit_the_journal_says_so_and_writes_nothing(tmp_path):
    writer = opened(tmp_path, limit=390)
    for _ in range(5):
        writer.keep(b"x" * 30)
    with pytest.raises(JournalFull):
        writer.keep(b"x" * 60)
    [segment] = journal.segments(tmp_path)

    assert len(everything(tmp_path)) == 5
    assert segment.path.stat().st_size <= 390


def test_room_made_by_ingest_is_used_again(tmp_path):
    old = opened(tmp_path)
    old.keep(b"x" * 200)
    old.close()
    writer = opened(tmp_path, limit=400)
    with pytest.raises(JournalFull):
        writer.keep(b"y" * 100)
    journal.segments(tmp_path)[0].path.unlink()

    writer.keep(b"y" * 100)

    assert everything(tmp_path) == [b"y" * 100]


def test_a_short_write_keeps_the_whole_lines_and_fails_the_others(tmp_path, monkeypatch):
    writer = opened(tmp_path)
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:40]))

    async def four() -> list[BaseException | None]:
        return await asyncio.gather(
            *(writer.kept(b"line %d" % n) for n in range(4)), return_exceptions=True
        )

    told = asyncio.run(four())
    monkeypatch.undo()
    writer.keep(b"after")

    assert [type(answer) for answer in told] == [type(None)] * 2 + [JournalFull] * 2
    assert everything(tmp_path) == [b"line 0", b"line 1", b"after"]


def test_everybody_of_one_turn_shares_one_write(tmp_path, monkeypatch):
    writer = opened(tmp_path)
    writes: list[bytes] = []
    real = os.write

    def counted(handle: int, data: bytes) -> int:
        writes.append(data)
        return real(handle, data)

    monkeypatch.setattr(os, "write", counted)

    async def twenty() -> None:
        await asyncio.gather(*(writer.kept(b"%d" % n) for n in range(20)))

    asyncio.run(twenty())

    assert len(writes) == 1
    assert len(everything(tmp_path)) == 20


def test_one_who_gives_up_waiting_does_not_disturb_the_others(tmp_path):
    writer = opened(tmp_path)

    async def two() -> None:
        leaving = asyncio.ensure_future(writer.kept(b"leaving"))
        staying = asyncio.ensure_future(writer.kept(b"staying"))
        await asyncio.sleep(0)
        leaving.cancel()
        await staying

    asyncio.run(two())

    assert b"staying" in everything(tmp_path)


def test_a_long_segment_is_followed_by_another(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "_SEGMENT_BYTES", 200)
    writer = opened(tmp_path)
    for _ in range(20):
        writer.keep(b"x" * 50)

    is_open = [segment.is_open for segment in journal.segments(tmp_path)]

    assert is_open == [False] * (len(is_open) - 1) + [True]
    assert len(is_open) > 4
    assert len(everything(tmp_path)) == 20


@pytest.mark.parametrize("what", ["segments", "folder"])
def test_what_is_kept_after_a_journal_was_deleted_under_its_writer_is_read(
    tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
):
    folder = tmp_path / "hits"
    writer = opened(folder)
    writer.keep(b"gone")
    if what == "folder":
        shutil.rmtree(folder)
    else:
        for segment in journal.segments(folder):
            segment.path.unlink()
    for payload in (b"one", b"two"):
        writer.keep(payload)
    writer.close()

    assert everything(folder) == [b"one", b"two"]
    assert [record.levelname for record in caplog.records] == ["ERROR"]  # once, and not for each


def test_kill_9_loses_no_acknowledged_line(tmp_path):
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        for _ in range(2_000):
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().splitlines()
    acknowledged = max([acknowledged, *(int(line) for line in rest if line)])

    kept = [int(payload) for payload in everything(tmp_path)]

    assert kept == list(range(len(kept)))
    assert len(kept) >= acknowledged + 1
    assert [segment.is_open for segment in journal.segments(tmp_path)] == [False]


def test_a_lock_has_one_holder(tmp_path):
    with (
        hold(tmp_path / "lock"),
        pytest.raises(Busy, match="lock is held"),
        hold(tmp_path / "lock"),
    ):
        pass

    with hold(tmp_path / "lock"):
        pass  # free again

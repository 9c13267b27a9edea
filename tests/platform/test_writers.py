"""Whether a writer lives is told by its own lock, never by its segments."""

import os
import shutil
from pathlib import Path

import pytest

from app.platform import journal, writers
from app.platform.config import Durability
from app.platform.journal import Journal
from app.platform.writers import Life


def opened(folder: Path) -> Journal:
    return Journal.open(folder, durability=Durability.PROCESS, limit=10**8)


def test_a_writer_lives_however_many_of_its_segments_are_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(journal, "_SEGMENT_BYTES", 1)
    writer = opened(tmp_path)
    for _ in range(3):
        writer.keep(b"x")
    found = journal.segments(tmp_path)

    assert [segment.is_open for segment in found] == [False] * 3 + [True]
    assert {segment.writer for segment in found} == {writer.writer}
    assert writers.life_of(tmp_path, writer.writer) is Life.ALIVE


def test_a_writer_that_closed_has_ended(tmp_path: Path):
    writer = opened(tmp_path)
    writer.close()

    assert writers.life_of(tmp_path, writer.writer) is Life.ENDED


def test_a_copied_folder_does_not_know_who_lives(tmp_path: Path):
    writer = opened(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "copy")

    assert writers.life_of(tmp_path / "copy", writer.writer) is Life.UNKNOWN
    assert writers.life_of(tmp_path / "one", writer.writer) is Life.ALIVE


def test_after_another_boot_the_last_lines_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    writer = opened(tmp_path)
    writer.close()
    (tmp_path / "boot").write_text("another\n")
    monkeypatch.setattr(writers, "_BOOT", tmp_path / "boot")

    assert writers.life_of(tmp_path, writer.writer) is Life.CUT_OFF
    assert writers.is_boot_told()


def test_where_no_boot_can_be_told_the_last_lines_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(writers, "_BOOT", tmp_path / "hidden")
    writer = opened(tmp_path)
    writer.close()

    assert writers.life_of(tmp_path, writer.writer) is Life.CUT_OFF
    assert not writers.is_boot_told()


def test_a_full_disk_leaves_no_lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_handle: int, _mark: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        opened(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_the_lock_file_goes_with_the_last_segment(tmp_path: Path):
    writer = opened(tmp_path)
    writer.close()
    for segment in journal.segments(tmp_path):
        journal.delete(segment)

    assert list(tmp_path.iterdir()) == []


def test_a_living_writer_drops_only_what_has_turned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(journal, "_SEGMENT_BYTES", 1)
    writer = opened(tmp_path)
    for payload in (b"one", b"two"):
        writer.keep(payload)
    writer.drop_turned()
    [segment] = journal.segments(tmp_path)

    assert segment.is_open
    assert [payload for _, payload in journal.lines(segment, 0)] == [b"two"]


def test_a_segment_of_the_first_format_is_read(tmp_path: Path):
    path = tmp_path / "1.journal"
    path.write_bytes(b"".join(map(journal._line, (b"thinslice journal 1 abc", b"a hit"))))
    [segment] = journal.segments(tmp_path)

    assert (segment.id, segment.writer) == ("abc", "")
    assert [payload for _, payload in journal.lines(segment, 0)] == [b"a hit"]

"""Loops need not ask the database: whoever writes says so beside it."""

import os
from pathlib import Path

import pytest

from app.platform.db import Database
from app.platform.stir import Remembered, Seldom, Sizes, Stir


def test_a_write_is_heard_and_a_read_is_not(database: Database, tmp_path: Path):
    stir = Stir(tmp_path / "stir")
    database.on_write(stir.note)
    before = stir.seen()
    with database.read():
        pass
    unheard = stir.seen()
    with database.write():
        pass

    assert (before, unheard) == (0, 0)
    assert stir.seen() > 0


def test_what_is_noted_again_is_seen_again(tmp_path: Path):
    stir = Stir(tmp_path / "stir")
    stir.note()
    os.utime(stir.path, ns=(1, 1))
    stir.note()

    assert stir.seen() > 1


def test_that_a_process_lives_stirs_nobody(database: Database, tmp_path: Path):
    stir = Stir(tmp_path / "stir")
    database.on_write(stir.note)
    with database.write_unheard():
        pass

    assert stir.seen() == 0


def test_a_folder_that_is_gone_stops_no_write(database: Database, tmp_path: Path):
    database.on_write(Stir(tmp_path / "gone" / "stir").note)
    with database.write():
        pass


def test_a_line_more_in_a_journal_is_seen(tmp_path: Path):
    sizes = Sizes(tmp_path)
    (tmp_path / "hits").write_bytes(b"one")
    before, again = sizes(), sizes()
    (tmp_path / "hits").write_bytes(b"one, two")

    assert before == again != sizes()


def test_a_journal_that_came_within_the_same_stamp_is_seen(tmp_path: Path):
    """The stamp of a folder stands still for milliseconds: what came after a look may not move."""
    sizes = Sizes(tmp_path)
    stamp = tmp_path.stat().st_mtime_ns
    before = sizes()
    (tmp_path / "hits").write_bytes(b"one")
    os.utime(tmp_path, ns=(stamp, stamp))

    assert before != sizes()


def test_a_journal_that_went_is_seen(tmp_path: Path):
    (tmp_path / "hits").write_bytes(b"one")
    sizes = Sizes(tmp_path)
    before = sizes()
    (tmp_path / "hits").unlink()

    assert before != sizes()


def test_a_folder_of_journals_that_is_gone_is_told(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        Sizes(tmp_path / "gone")()


class Answers:
    """Answers with how often it was asked, or fails."""

    def __init__(self) -> None:
        self.asked = 0
        self.ticks = 100.0
        self.is_away = False

    def __call__(self) -> int:
        self.asked += 1
        if self.is_away:
            raise ConnectionError
        return self.asked


def test_what_is_asked_seldom_is_asked_again_after_a_while():
    answers = Answers()
    seldom = Seldom(answers, seconds=2, ticks=lambda: answers.ticks)
    first = seldom()
    answers.ticks += 1.9
    meanwhile = seldom()
    answers.ticks += 0.2

    assert (first, meanwhile, seldom()) == (1, 1, 2)


def test_what_is_remembered_is_asked_again_after_a_sign_or_a_rest():
    answers, signs = Answers(), [1]
    remembered = Remembered(answers, lambda: signs[0], seconds=60, ticks=lambda: answers.ticks)
    found = [remembered(), remembered()]
    signs[0] = 2
    found += [remembered(), remembered()]
    answers.ticks += 60

    assert [*found, remembered()] == [1, 1, 2, 2, 3]


def test_what_could_not_be_asked_after_a_sign_is_asked_again():
    answers = Answers()
    remembered = Remembered(answers, lambda: 1, seconds=60, ticks=lambda: answers.ticks)
    answers.is_away = True
    with pytest.raises(ConnectionError):
        remembered()
    answers.is_away = False

    assert (remembered(), remembered()) == (2, 2)

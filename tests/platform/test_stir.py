"""Loops need not ask the database: whoever writes says so beside it."""

import os
from pathlib import Path

from app.platform.db import Database
from app.platform.stir import Stir, sizes


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
    before = sizes(tmp_path)
    (tmp_path / "hits").write_bytes(b"one")

    assert (before, sizes(tmp_path)) == (0, 3)

"""Journals that were deleted while their machine runs: what comes after that is kept, or told."""

import shutil
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest

from app.platform.db import Database
from app.platform.errors import Conflict
from app.tracking import folder_rows, folders
from app.tracking.folders import Folder
from app.tracking.losses import Losses, lost_in
from tests.moments import NOW

HERE = Folder("here", Path("/srv/here"))


def test_a_loss_after_the_folder_was_deleted_is_counted_where_it_is_looked_for(tmp_path: Path):
    losses = Losses(tmp_path / "hits")
    losses.count(OSError("full"))
    shutil.rmtree(tmp_path / "hits")
    (tmp_path / "hits").mkdir()
    for _ in range(3):
        losses.count(OSError("full"))
    losses.close()

    assert lost_in(tmp_path / "hits") == 3


def test_losses_that_were_taken_note_of_hide_none_of_a_folder_that_counts_anew(database: Database):
    said(database, lost=5, minutes=0)
    with database.write() as session:
        folders.acknowledge(session, HERE.id)
    said(database, lost=0, minutes=1)
    said(database, lost=2, minutes=2)
    with database.read() as session:
        row = folder_rows.one(session, HERE.id)
        assert row is not None
        unseen = folders.unseen_losses(session, row)

    assert row.lost - row.lost_seen == 2
    assert [one.hits for one in unseen] == [2]


def said(database: Database, *, lost: int, minutes: int, folder: Folder = HERE) -> None:
    now = NOW + timedelta(minutes=minutes)
    with database.write() as session:
        folders.register(session, folder, is_empty=True, lost=0, now=now)
        folders.report(session, folder, until=now, lost=lost, drained=False, now=now)


@pytest.mark.parametrize("ids", list(permutations("abc")))
def test_a_machine_that_began_anew_twice_is_retired_by_its_name_each_time(
    database: Database, ids: tuple[str, str, str]
):
    """Its path is the same: what is meant is the one that nobody hears of any more."""
    retired = []
    for number, one in enumerate(ids):
        said(database, lost=0, minutes=10 * number, folder=Folder(one, HERE.path))
        if number:
            with database.write() as session:
                name = folders.labels(session)[one]
                at = NOW + timedelta(minutes=10 * number)
                retired.append(folders.retire(session, name, by="Ann", now=at).id)
    with database.write() as session, pytest.raises(Conflict, match=r"retired already|is alive"):
        folders.retire(session, name, by="Ann", now=at)

    assert retired == [*ids[:2]]


def test_losses_are_taken_note_of_where_they_are_by_a_name_that_two_have(database: Database):
    said(database, lost=0, minutes=0, folder=Folder("a", HERE.path))
    said(database, lost=3, minutes=0, folder=Folder("b", HERE.path))
    said(database, lost=4, minutes=1, folder=Folder("b", HERE.path))
    with database.write() as session:
        name = folders.labels(session)["a"]
        assert folders.acknowledge(session, name).id == "b"

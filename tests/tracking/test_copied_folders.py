"""A data folder and its copy have one id: while both live, nothing counts as read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from app.platform.db import Database
from app.tracking import folder_rows, folders
from app.tracking.folders import SILENT_AFTER, Folder, FolderState
from app.tracking.models import DataFolder, LostHits
from tests.moments import NOW

SECOND = timedelta(seconds=1)
BEAT = 5 * SECOND  # between the words of an idle ingester
FIRST = Folder("one", Path("/srv/one"), "first")
COPY = Folder("one", Path("/srv/copy"), "copy")


@dataclass
class Story:
    """What is said for one id, in time."""

    session: Session
    now: datetime = NOW

    def report(self, folder: Folder, *, lost: int = 0, drained: bool = False) -> str:
        """It has read everything, as far as it sees."""
        self.now += BEAT
        return folders.report(
            self.session,
            folder,
            until=self.now - SECOND,
            lost=lost,
            drained=drained,
            now=self.now,
        )

    def register(self, folder: Folder, *, is_empty: bool = False) -> None:
        self.now += SECOND
        folders.register(self.session, folder, is_empty=is_empty, lost=0, now=self.now)

    @property
    def row(self) -> DataFolder:
        (row,) = folder_rows.folders(self.session)
        return row

    @property
    def until(self) -> datetime | None:
        return self.row.ingested_until

    @property
    def state(self) -> FolderState:
        return folders.state_of(self.row, now=self.now)

    def is_up_to_date(self) -> bool:
        return self.until == self.now - SECOND


@pytest.fixture
def story(database: Database) -> Iterator[Story]:
    with database.write() as session:
        story = Story(session)
        story.register(FIRST, is_empty=True)
        story.report(FIRST)
        assert story.is_up_to_date()
        yield story


ORDERS = [(COPY, FIRST), (COPY, COPY, FIRST), (COPY, FIRST, FIRST, COPY), (COPY, *[FIRST] * 4)]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "".join(one.place[0] for one in order))
def test_from_the_first_word_of_a_copy_nothing_more_is_read_while_both_live(
    story: Story, order: Sequence[Folder]
):
    before = story.until
    story.register(COPY)
    found = []
    for folder in [*order] * 10:
        story.report(folder)
        found.append(story.until)

    assert set(found) <= {before, None}
    assert found[-1] is None
    assert story.state is FolderState.COPIED


def test_each_of_the_two_is_told_what_to_do(story: Story):
    story.register(COPY)
    told = [story.report(folder) for folder in (FIRST, COPY, FIRST)]

    assert all("/srv/one" in words and "/srv/copy" in words for words in told)
    assert all("delete the file `folder-id`" in words for words in told)


def test_when_one_of_them_is_silent_the_other_goes_on_alone(story: Story):
    story.register(COPY)
    for folder in (FIRST, COPY, FIRST):
        story.report(folder)
    rounds = SILENT_AFTER // BEAT
    waited = [(story.report(FIRST), story.until) for _ in range(rounds)]
    then = story.report(FIRST)

    assert {until for _, until in waited} == {None}
    assert all(words for words, _ in waited)
    assert then == ""
    assert story.is_up_to_date()
    assert story.state is FolderState.READ


@pytest.mark.parametrize("minutes", [0, 1, 60])
def test_a_container_that_starts_again_goes_on_at_once(story: Story, minutes: int):
    """Another name, another path, the same disk."""
    story.now += timedelta(minutes=minutes)
    again = replace(FIRST, path=Path("/mnt/elsewhere"))
    story.register(again)
    words = story.report(again)

    assert words == ""
    assert story.is_up_to_date()
    assert story.row.path == "/mnt/elsewhere"


def test_after_a_reboot_it_is_a_minute_until_nobody_else_can_be_there(story: Story):
    before = story.until
    story.register(COPY)
    rounds = SILENT_AFTER // BEAT
    kept = {story.report(COPY) or story.until for _ in range(rounds)}
    story.report(COPY)

    assert kept == {before}
    assert story.is_up_to_date()


def test_a_folder_that_was_stopped_in_order_may_be_moved(story: Story):
    story.report(FIRST, drained=True)
    story.register(COPY)

    assert story.report(COPY) == ""
    assert story.is_up_to_date()


def test_what_moved_away_and_lives_again_is_found_out(story: Story):
    story.report(FIRST, drained=True)
    story.register(COPY)
    story.report(COPY)
    before = story.until
    story.register(FIRST)
    found = [(story.report(folder), story.until) for folder in (COPY, FIRST, COPY)]

    assert {until for _, until in found} <= {before, None}
    assert all(words for words, _ in found)


def test_losses_of_two_are_not_counted_again_and_again(story: Story):
    story.report(FIRST, lost=5)
    story.register(COPY)
    for _ in range(4):
        story.report(COPY, lost=3)
        story.report(FIRST, lost=5)

    assert [one.hits for one in story.session.exec(select(LostHits))] == [5]


def test_a_folder_of_an_earlier_version_goes_on_at_once(story: Story):
    story.row.place = ""  # that version wrote none
    story.report(FIRST)

    assert story.is_up_to_date()
    assert story.row.place == "first"

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from sqlmodel import Session

from app.outreach import digests
from app.outreach.models import Connector
from app.outreach.schemas import DigestDraft
from app.platform.db import Database

OSLO = ZoneInfo("Europe/Oslo")
SET = datetime(2026, 11, 18, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 7, tzinfo=UTC)  # 08:00 in Oslo


class Letters:
    def __init__(self) -> None:
        self.queued: list[tuple[list[str], str]] = []

    def queue(
        self,
        session: Session,  # noqa: ARG002 - the port's shape
        recipients: list[str],
        week: str,
        *,
        now: datetime,  # noqa: ARG002 - the port's shape
    ) -> None:
        self.queued.append((recipients, week))

    def post(
        self,
        session: Session,  # noqa: ARG002 - the port's shape
        chat: Connector,
        week: str,
        *,
        now: datetime,  # noqa: ARG002 - the port's shape
    ) -> None:
        self.queued.append(([chat.name], week))


def put(database: Database) -> None:
    draft = DigestDraft(recipients=["ann@shop.example"], sends_at="Monday 08:00")
    with database.write() as session:
        digests.put(session, draft, now=SET)


def test_it_leaves_once_a_week_about_the_one_that_ended(database: Database):
    put(database)
    letters = Letters()
    moments = [MONDAY - timedelta(seconds=1), MONDAY, MONDAY + timedelta(minutes=5)]
    queued = [digests.queue_due(database, letters, zone=OSLO, now=now) for now in moments]

    assert queued == [0, 1, 0]
    assert letters.queued == [(["ann@shop.example"], "2026-W47")]


def test_the_next_week_has_its_own(database: Database):
    put(database)
    letters = Letters()
    for weeks in range(3):
        digests.queue_due(database, letters, zone=OSLO, now=MONDAY + timedelta(weeks=weeks))

    assert [week for _, week in letters.queued] == ["2026-W47", "2026-W48", "2026-W49"]


def test_a_letter_that_cannot_be_queued_is_tried_again(database: Database):
    put(database)

    class Broken(Letters):
        def queue(self, *_args: object, **_more: object) -> None:
            raise RuntimeError("no disk")

    with pytest.raises(RuntimeError):
        digests.queue_due(database, Broken(), zone=OSLO, now=MONDAY)

    assert digests.queue_due(database, Letters(), zone=OSLO, now=MONDAY) == 1


def test_a_time_that_was_gone_when_it_was_set_is_not_made_up_for(database: Database):
    draft = DigestDraft(recipients=["ann@shop.example"], sends_at="monday 08:00")
    with database.write() as session:
        row = digests.put(session, draft, now=MONDAY + timedelta(hours=1))

    assert digests.due(row, zone=OSLO, now=MONDAY + timedelta(hours=2)) is None


@pytest.mark.parametrize("text", ["monday", "monday 25:00", "moonday 08:00", "08:00"])
def test_a_time_is_a_day_and_an_hour(text: str):
    with pytest.raises(ValidationError, match="monday 08:00"):
        DigestDraft(recipients=[], sends_at=text)

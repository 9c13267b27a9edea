import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from sqlmodel import Session

from app.links.keyring import Keyring
from app.outreach import digests
from app.outreach.models import Connector
from app.outreach.schemas import DigestDraft
from app.outreach.team_mails import Letters
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.iso_weeks import monday_of, week_of
from app.platform.weekly import DAYS
from tests.duties import digest, run
from tests.outreach.conftest import LETTERS

OSLO = ZoneInfo("Europe/Oslo")
SET = datetime(2026, 11, 18, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 7, tzinfo=UTC)  # 08:00 in Oslo
NEW_YEAR = datetime(2026, 12, 20, tzinfo=UTC)  # of a year with a week 53
LEAP_DAY = datetime(2028, 2, 13, tzinfo=UTC)
SUMMER_ENDS = datetime(2026, 10, 11, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Noted(Letters):
    """Notes whom it would write to."""

    settings: Settings = LETTERS.settings
    keyring: Keyring = LETTERS.keyring
    queued: list[tuple[str, str]] = field(default_factory=list)

    def queue(self, session: Session, to: str, week: str, *, now: datetime) -> None:  # noqa: ARG002
        self.queued.append((to, week))

    def post(self, session: Session, chat: Connector, week: str, *, now: datetime) -> None:  # noqa: ARG002
        self.queued.append((chat.name, week))


def put(database: Database) -> None:
    draft = DigestDraft(recipients=["ann@shop.example"], sends_at="Monday 08:00")
    with database.write() as session:
        digests.put(session, draft, now=SET)


def test_it_leaves_once_a_week_about_the_one_that_ended(database: Database):
    put(database)
    letters = Noted()
    moments = [MONDAY - timedelta(seconds=1), MONDAY, MONDAY + timedelta(minutes=5)]
    queued = [digest(database, letters, OSLO, now) for now in moments]

    assert queued == [0, 1, 0]
    assert letters.queued == [("ann@shop.example", "2026-W47")]


def test_the_next_week_has_its_own(database: Database):
    put(database)
    letters = Noted()
    for weeks in range(3):
        digest(database, letters, OSLO, MONDAY + timedelta(weeks=weeks))

    assert [week for _, week in letters.queued] == ["2026-W47", "2026-W48", "2026-W49"]


def test_a_letter_that_cannot_be_queued_is_tried_again(database: Database):
    put(database)

    class Broken(Noted):
        def queue(self, *_args: object, **_more: object) -> None:
            raise RuntimeError("no disk")

    with pytest.raises(RuntimeError):
        digest(database, Broken(), OSLO, MONDAY)

    assert run(database, digests.duty(database, Noted(), zone=OSLO), MONDAY) == 1


def test_a_time_that_was_gone_when_it_was_set_is_not_made_up_for(database: Database):
    draft = DigestDraft(recipients=["ann@shop.example"], sends_at="monday 08:00")
    with database.write() as session:
        row = digests.put(session, draft, now=MONDAY + timedelta(hours=1))

    assert digests.due(row, zone=OSLO, now=MONDAY + timedelta(hours=2)) is None


@pytest.mark.parametrize("text", ["monday", "monday 25:00", "moonday 08:00", "08:00"])
def test_a_time_is_a_day_and_an_hour(text: str):
    with pytest.raises(ValidationError, match="monday 08:00"):
        DigestDraft(recipients=[], sends_at=text)


def edited(database: Database, sends_at: str | None, to: str, now: datetime) -> None:
    with database.write() as session:
        digests.put(session, DigestDraft(recipients=[to], sends_at=sends_at), now=now)


def test_editing_the_recipients_leaves_the_owed_digest_owed(database: Database):
    put(database)
    letters = Noted()
    edited(database, "monday 08:00", "bo@shop.example", MONDAY + timedelta(hours=1))
    digest(database, letters, OSLO, MONDAY + timedelta(hours=2))

    assert letters.queued == [("bo@shop.example", "2026-W47")]


@pytest.mark.parametrize("time", ["monday 07:00", "monday 10:00", "friday 12:00", "sunday 20:00"])
def test_moving_the_time_before_it_comes_tells_the_week_once(database: Database, time: str):
    put(database)
    letters = Noted()
    edited(database, time, "ann@shop.example", MONDAY - timedelta(hours=1))
    for hours in range(24 * 14):
        digest(database, letters, OSLO, MONDAY + timedelta(hours=hours))

    assert [week for _, week in letters.queued][:2] == ["2026-W47", "2026-W48"]


@pytest.mark.parametrize("began", [MONDAY, NEW_YEAR, LEAP_DAY, SUMMER_ENDS])
@pytest.mark.parametrize("seed", range(3))
def test_each_week_is_told_once_however_often_the_time_is_moved(
    database: Database, seed: int, began: datetime, full: bool
):
    if seed and not (full or database.is_sqlite):
        pytest.skip("weeks are counted by us, not by PostgreSQL: one of the seeds beside a change")
    rng, letters = random.Random(seed), Noted()
    now, until = began, began + timedelta(weeks=6)
    edited(database, "monday 08:00", "ann@shop.example", now)
    while now < until:
        now += timedelta(hours=rng.randint(1, 12))
        if rng.random() < 0.1:
            time = f"{rng.choice(DAYS)} {rng.randint(0, 23):02}:30"
            edited(database, time, "bo@shop.example", now)
        digest(database, letters, OSLO, now)
    told = [week for _, week in letters.queued]
    first = monday_of(told[0])

    assert told == [week_of(first + number * timedelta(weeks=1)) for number in range(len(told))]
    assert len(told) in {5, 6, 7}

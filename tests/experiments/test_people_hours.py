"""In whose time mails leave: what the checklist says of people's zones, and when the plan ends."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, select

from app.audience.models import Person
from app.experiments import design, drafts, people_hours
from app.experiments.enrolment import judge_of
from app.experiments.plans import SETTLES_AFTER
from app.platform.db import Database
from tests.experiments.scenes import (
    NOW,
    RENDERABLE,
    SETTINGS,
    check,
    draft,
    enrolled,
    given_audience,
    given_draft,
    given_people,
    item,
    scheduled,
    settle,
)

HOURS = {"opens": 8, "closes": 18, "zone_column": "timezone"}


def given_zones(session: Session, *cells: str, **data: str) -> str:
    """Somebody for each cell, in their own column; `data` is an audience's."""
    audience = given_audience(session, 0)
    for number, cell in enumerate(cells):
        columns = {"euros": 61} | data
        emails = [f"z{number}@b.example"]
        given_people(session, audience, emails, timezone=cell, data=columns)
    return audience


def test_the_checklist_says_how_many_name_no_zone(session: Session):
    audience = given_zones(session, "Europe/Oslo", "asia/tokyo", "", "Mars")
    found = check(session, given_draft(session, audience_id=audience, hours=HOURS))

    said = item(found, "hours_zone")
    assert said.level == "warns"
    assert "“timezone” names no time zone for 2 of 4 people" in said.message


@pytest.mark.parametrize("column", ["timezone", "Zone", "zone"])
def test_where_everybody_names_one_it_says_so(session: Session, column: str):
    audience = given_zones(session, "Europe/Oslo", "Asia/Tokyo", Zone="Asia/Tokyo")
    row = given_draft(session, audience_id=audience, hours=HOURS | {"zone_column": column})

    found = check(session, row)

    if column == "zone":  # no file was read, so nobody knows that it is another's name
        assert item(found, "hours_zone").level == "warns"
    else:
        said = item(found, "hours").message
        assert said == "Mails leave from 8:00 to 18:00 on every day, in each person’s own time."


@pytest.mark.parametrize("hours", [{}, {"zone_column": "timezone"}])
def test_at_any_time_nothing_is_said(session: Session, hours: dict[str, object]):
    found = check(session, given_draft(session, people=2, hours=hours))

    assert [one.id for one in found.items if one.id.startswith("hours")] == []


def test_the_plan_waits_for_the_last_zone_and_its_window(session: Session):
    audience = given_zones(session, *["Europe/Oslo"] * 99, "Pacific/Honolulu")
    row = given_draft(session, audience_id=audience, hours=HOURS | {"days": "working"})
    judge = judge_of(session, row, RENDERABLE, SETTINGS, now=NOW)

    honolulu, friday = ZoneInfo("Pacific/Honolulu"), datetime(2026, 11, 27, 16, tzinfo=UTC)
    plan = design.plan(
        drafts.design_of(row),
        people=100,
        start=friday,
        zones=people_hours.zones_of(session, judge.design, ZoneInfo("Europe/Oslo")),
    )

    last = datetime(2026, 11, 27, 8, 0, 6, tzinfo=honolulu)
    assert plan.last_leaves == last
    assert plan.answer_by == last + timedelta(hours=72) + SETTLES_AFTER


def test_without_a_column_the_plan_knows_one_zone_and_without_anything_all(session: Session):
    row = draft(hours={"opens": 8, "closes": 18})
    evening = datetime(2026, 11, 25, 17, 59, tzinfo=UTC)  # 18:59 in Oslo

    def last(*zones: ZoneInfo) -> datetime:
        found = design.plan(row, people=60, start=evening, zones=zones).last_leaves
        assert found is not None
        return found

    oslo = ZoneInfo("Europe/Oslo")
    assert people_hours.zones_of(session, row, oslo) == (oslo,)
    assert last(oslo) == datetime(2026, 11, 26, 8, 0, 3, 600_000, tzinfo=oslo)
    assert last(oslo) < last() < evening + timedelta(hours=15)


def test_peoples_zones_are_frozen_with_what_their_mail_says(database: Database):
    made = scheduled(database, people=30, hours=HOURS)
    with database.write() as session:
        for row in session.exec(select(Person)).all():
            row.timezone = "Asia/Tokyo"
            session.add(row)

    settle(database, made)

    assert {one.frozen["timezone"] for one in enrolled(database, made)} == {"Asia/Tokyo"}

"""The hours in which mails leave, from the form to the launch page and the API."""

import re
from datetime import timedelta

from sqlmodel import col, select, update

from app.delivery import planning
from app.delivery.models import Send
from app.experiments import hours
from app.experiments.part_schemas import MailHours
from app.platform import clock
from app.platform.db import Database
from tests.delivery import scenes
from tests.web.conftest import Browser
from tests.web.test_journey import CARD, id_in

HOURS = {"hours_from": "8", "hours_to": "18", "hours_days": "working", "hours_zone": "timezone"}


def test_the_launch_page_says_when_the_last_leaves_and_the_card_in_whose_time(
    eve: Browser, bakeries: str
):
    made = id_in(eve.post("/experiments", **CARD, **HOURS, audience_id=bakeries), "experiments")

    launch = eve.get(f"/experiments/{made}/launch").text
    overview = eve.get(f"/experiments/{made}").text
    form = eve.get(f"/experiments/{made}/edit/mail").text

    words = "from 8:00 to 18:00 on Monday to Friday"
    assert re.search(f"Mails leave {words}; launched now, the last one leaves by [^<]+\\.", launch)
    assert f"{words.capitalize()}, by the column “timezone”" in overview
    assert "names no time zone for" in launch
    assert re.search(r'name="hours_from"[^>]*value="8"', form)


def test_hours_that_end_before_they_begin_are_told_at_their_field(eve: Browser, bakeries: str):
    wrong = HOURS | {"hours_from": "18", "hours_to": "8"}
    made = id_in(eve.post("/experiments", **CARD, **wrong, audience_id=bakeries), "experiments")

    page = eve.get(f"/experiments/{made}/edit/mail").text

    assert "Must be later than 18: the hours of one day" in page
    assert re.search(r'name="hours_to"[^>]*aria-invalid="true"', page)


def test_a_running_experiment_says_how_many_wait_for_their_hours(eve: Browser, database: Database):
    with database.write() as session:
        made = scenes.enrolled(session, people=3, hours={"opens": 8, "closes": 18}).id
    planning.plan(database, made, now=scenes.NOW)
    with database.write() as session:  # as of people far away, of whom one is put off otherwise
        ids = session.scalars(select(Send.id)).all()
        opens = max(hours.openings(clock.now(), MailHours(opens=8, closes=18)))
        for send_id, minutes in zip(ids, (0, 0, 7), strict=True):
            at = opens + timedelta(minutes=minutes)
            session.execute(update(Send).where(col(Send.id) == send_id).values(due_at=at))

    page = eve.get(f"/experiments/{made}").text

    assert "2 of those waiting are outside the hours in which mails leave" in page
    assert "3 of those waiting leave later" in page

"""Where the time went, on its page."""

from zoneinfo import ZoneInfo

import pytest

from app.allocation import answers, opening, roster, store
from app.allocation.schemas import AnswerDraft, BucketsDraft
from app.platform import clock
from app.platform.db import Database
from app.platform.iso_weeks import week_of
from app.review import items
from tests.web.conftest import Browser

pytestmark = pytest.mark.calendar


def given(ann: Browser, name: str) -> None:
    email = f"{name.lower()}@halvern.example"
    ann.send("/time/respondents", on="respondent", name=name, email=email)


def test_a_newcomer_is_told_what_to_do(ann: Browser):
    page = ann.get("/time").text

    assert "No week was asked about yet." in page
    assert "Ask somebody" in page


def test_somebody_is_added_asked_and_their_answer_shown(ann: Browser, database: Database):
    given(ann, "Oven")
    opened = ann.send("/time/open", on="opening")
    with database.write() as session:
        (respondent,) = store.respondents(session)
        week = store.last_week(session)
        assert week
        shares = {"lights": 40, "new": 30, "existing": 20, "productivity": 10}
        answers.put(session, week, respondent, AnswerDraft(shares=shares), now=clock.now())
    page = ann.get("/time").text

    assert "0 of 1 answered" in opened.text
    assert "40 % kept the lights on; build new got 50 % of elective time (target 60 %)." in page
    assert "1 of 1 answered" in page


def test_a_week_opens_once(ann: Browser):
    given(ann, "Oven")
    ann.send("/time/open", on="opening")
    again = ann.post("/time/open")

    assert again.status_code == 409
    assert "is open already" in again.text


def test_what_is_wrong_stays_in_the_form(ann: Browser):
    given(ann, "Oven")
    twice = ann.post("/time/respondents", name="Oven two", email="oven@halvern.example")
    wrong = ann.post("/time/respondents", name="Oven", email="nowhere")

    assert (twice.status_code, wrong.status_code) == (422, 422)
    assert "is a respondent already" in twice.text
    assert 'value="nowhere"' in wrong.text


def test_whoever_left_is_not_asked_again(ann: Browser, database: Database):
    given(ann, "Oven")
    with database.read() as session:
        (respondent,) = store.respondents(session)
    page = ann.send(f"/time/respondents/{respondent.id}/leave", on="leaving")

    assert "Oven" not in page.text
    with database.write() as session:
        assert [one.active for one in store.respondents(session)] == [False]


def test_somebody_works_half_and_for_another_team(ann: Browser, database: Database):
    given(ann, "Oven")
    with database.read() as session:
        (respondent,) = store.respondents(session)
    page = ann.send(
        f"/time/respondents/{respondent.id}", on="change", name="Olaf", fte="0.5", time="1"
    )
    wrong = ann.post(f"/time/respondents/{respondent.id}", name="Olaf", fte="2")

    assert "time, 50 % of full time" in page.text
    assert wrong.status_code == 422
    assert 'value="2"' in wrong.text
    assert 'value="0.5"' in ann.get(f"/time/respondents/{respondent.id}").text


def test_whoever_left_may_be_asked_again(ann: Browser, database: Database):
    given(ann, "Oven")
    with database.read() as session:
        (respondent,) = store.respondents(session)
    ann.send(f"/time/respondents/{respondent.id}/leave", on="leaving")
    given(ann, "Oven")

    assert "oven@halvern.example" in ann.get("/time").text


def test_a_viewer_sees_no_addresses_and_changes_nothing(ann: Browser, bo: Browser):
    given(ann, "Oven")
    page = bo.get("/time").text

    assert "Oven" in page
    assert "oven@halvern.example" not in page
    assert bo.post("/time/respondents", name="x", email="x@y.example").status_code == 403


def test_two_weeks_make_a_trend_and_new_stands_against_existing(ann: Browser, database: Database):
    given(ann, "Oven")
    now = clock.now()
    this_week = week_of(now.date())
    with database.write() as session:
        (respondent,) = store.respondents(session)
        for week, lights in ((items.week_before(this_week), 40), (this_week, 50)):
            opening.open_by_hand(session, week, zone=ZoneInfo("UTC"), now=now)
            shares = {"lights": lights, "new": 80 - lights, "existing": 10, "productivity": 10}
            answers.put(session, week, respondent, AnswerDraft(shares=shares), now=now)
    page = ann.get("/time").text

    assert "Keeping the lights on, of all the time" in page
    assert "Build new against improve existing (dashed), of elective time" in page


def test_a_retired_kind_leaves_targets_and_sentence(ann: Browser, database: Database):
    given(ann, "Oven")
    ann.send("/time/open", on="opening")
    with database.write() as session:
        week = store.last_week(session)
        assert week
        (one,) = store.respondents(session)
        shares = {"lights": 40, "new": 30, "existing": 30}
        answers.put(session, week, one, AnswerDraft(shares=shares), now=clock.now())
        kept = [bucket for bucket in store.buckets(session) if bucket.id != "new"]
        items = [
            {"id": bucket.id, "name": bucket.name, "elective": bucket.elective,
             "target": 0.5 if bucket.elective else None}
            for bucket in kept
        ]  # fmt: skip
        roster.put_buckets(session, BucketsDraft.model_validate({"items": items}), now=clock.now())
    page = ann.get("/time").text

    assert "40 % kept the lights on; improve existing got 50 % of elective time" in page
    assert '<th scope="row">Build new</th>' not in page
    assert '<th scope="row">Kinds retired since</th><td class="number">30 %</td>' in page

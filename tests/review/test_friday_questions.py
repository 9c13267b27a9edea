"""Whom Friday's mail asks beside those who give their time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from app.allocation import opening, roster, store, weeks
from app.allocation.schemas import RespondentChanges, RespondentDraft
from app.delivery.models import Notice
from app.links.keyring import Keyring
from app.okr import store as okr
from app.okr import values
from app.okr.models import KeyResult
from app.outreach import team_mails
from app.outreach.team_mails import Letters
from app.platform.config import Settings
from app.platform.db import Database
from app.review import friday_questions, items, time_spent
from app.review.schemas import CommitmentDraft
from tests.duties import run
from tests.okr.scenes import given_key_result, given_objective

ZONE = ZoneInfo("Europe/Oslo")
FRIDAY = datetime(2026, 11, 27, 13, 1, tzinfo=UTC)  # 14:01 in Oslo
MONDAY = datetime(2026, 11, 30, 8, 1, tzinfo=UTC)  # 09:01: the reminder
WEEK = "2026-W48"
LETTERS = Letters(
    Settings(public_url="https://insights.example.com", timezone="Europe/Oslo"),
    Keyring.of([b"a secret of thirty-two characters"]),
)


def given_owner(database: Database, owner: str, *, of_objective: str = "") -> str:
    with database.write() as session:
        objective = given_objective(session)
        objective.owner = of_objective
        row: KeyResult = given_key_result(session, objective)
        row.owner = owner
        session.add_all([objective, row])
        session.flush()
        return row.id


def enlisted(database: Database) -> list[tuple[str, str, bool]]:
    run(database, friday_questions.duty(database, zone=ZONE), FRIDAY)
    with database.read() as session:
        return [(one.name, one.email, one.asked_time) for one in store.respondents(session)]


def friday(database: Database) -> list[Notice]:
    run(database, friday_questions.duty(database, zone=ZONE), FRIDAY)
    run(database, opening.duty(database, zone=ZONE), FRIDAY)
    run(database, team_mails.duty(database, LETTERS), FRIDAY)
    with database.read() as session:
        return list(session.exec(select(Notice).order_by(col(Notice.id))).all())


def test_an_owners_address_is_enough_to_be_asked(database: Database):
    given_owner(database, "Ann.Berg@halvern.example")

    assert enlisted(database) == [("Ann Berg", "ann.berg@halvern.example", False)]
    assert len(enlisted(database)) == 1


def test_without_an_owner_the_objectives_answers(database: Database):
    given_owner(database, "", of_objective="bo@halvern.example")

    assert [one[1] for one in enlisted(database)] == ["bo@halvern.example"]


def test_a_name_or_a_broken_address_is_nobodys(database: Database):
    given_owner(database, "Ann")
    given_owner_again = "ann@\r\nhalvern"
    with database.write() as session:
        row = session.exec(select(KeyResult)).one()
        row.owner = given_owner_again
        session.add(row)

    assert enlisted(database) == []


def test_whoever_left_is_not_enlisted_again(database: Database):
    given_owner(database, "ann@halvern.example")
    enlisted(database)
    with database.write() as session:
        (one,) = store.respondents(session)
        one.active = False
        session.add(one)

    assert friday(database) == []


def test_an_owner_gets_one_mail_about_their_number_and_a_reminder(database: Database):
    given_owner(database, "ann@halvern.example")
    (mail,) = friday(database)
    reminded = [run(database, team_mails.duty(database, LETTERS), MONDAY) for _ in range(2)]

    assert mail.subject == "Week 48: your key results"
    assert "Weekly active bakeries" in mail.text
    assert "lights on" not in mail.text
    assert reminded == [1, 0]


def test_whoever_answered_on_the_page_is_not_reminded(database: Database):
    given_owner(database, "ann@halvern.example")
    friday(database)
    with database.write() as session:
        (one,) = store.respondents(session)
        invitation = store.invitation_of(session, WEEK, one.id)
        assert invitation
        invitation.answered_at = FRIDAY
        session.add(invitation)

    assert run(database, team_mails.duty(database, LETTERS), MONDAY) == 0


def test_who_owns_nothing_any_more_gets_no_mail(database: Database):
    key = given_owner(database, "ann@halvern.example")
    enlisted(database)
    with database.write() as session:
        row = session.get_one(KeyResult, key)
        row.owner = ""
        session.add(row)

    assert friday(database) == []


def test_one_mail_asks_time_number_and_promise(database: Database):
    given_owner(database, "Ann")
    with database.write() as session:
        draft = RespondentDraft(name="Ann", email="ann@halvern.example")
        roster.add_respondent(session, draft, number=7, now=FRIDAY)
        promise = CommitmentDraft(text="Ask ten bakers", owner="ann@halvern.example")
        items.commit(session, "2026-W47", promise, by="Cem", now=FRIDAY)
    (mail,) = friday(database)

    assert mail.subject == "Where did week 48 go?"
    for said in ("lights on", "“Weekly active bakeries”", "“Ask ten bakers”"):
        assert said in mail.text


def test_owners_do_not_thin_the_response_rate(database: Database):
    given_owner(database, "ann@halvern.example")
    friday(database)
    with database.read() as session:
        assert weeks.opened_week(session, WEEK).asked == 0
        assert time_spent.time_split(session, WEEK) is None


def test_a_cycle_that_is_over_asks_nobody(database: Database):
    given_owner(database, "ann@halvern.example")
    late = datetime(2027, 6, 4, 13, 1, tzinfo=UTC)

    assert run(database, friday_questions.duty(database, zone=ZONE), late) == 0
    assert run(database, friday_questions.duty(database, zone=ZONE), FRIDAY) == 1


@pytest.mark.parametrize("days", range(5))
def test_an_owner_whose_cycle_ended_in_the_week_is_asked_of_it(database: Database, days: int):
    key = given_owner(database, "ann@halvern.example")
    ended = FRIDAY.date() - timedelta(days=days)
    with database.write() as session:
        cycle = okr.cycle_of_key_result(session, session.get_one(KeyResult, key))
        cycle.ends = ended
        session.add(cycle)
    mails = friday(database)
    with database.write() as session:
        (ann,) = store.respondents(session)
        told = friday_questions.questions_for(session, WEEK, ann, today=FRIDAY.date())

    assert [one.row.id for one in told.key_results] == [key]
    assert len(mails) == 1


def test_a_value_after_the_last_day_is_that_days(database: Database):
    key = given_owner(database, "ann@halvern.example")
    with database.write() as session:
        row = session.get_one(KeyResult, key)
        cycle = okr.cycle_of_key_result(session, row)
        cycle.ends = FRIDAY.date() - timedelta(days=1)
        session.add(cycle)
        session.flush()

        assert values.day_of(session, row, FRIDAY.date()) == cycle.ends
        assert values.day_of(session, row, cycle.ends) == cycle.ends


def test_a_cycle_that_ended_the_week_before_asks_nobody(database: Database):
    key = given_owner(database, "ann@halvern.example")
    with database.write() as session:
        cycle = okr.cycle_of_key_result(session, session.get_one(KeyResult, key))
        cycle.ends = FRIDAY.date() - timedelta(days=5)
        session.add(cycle)

    assert run(database, friday_questions.duty(database, zone=ZONE), FRIDAY) == 0


def test_whoever_leaves_meanwhile_is_not_reminded(database: Database):
    with database.write() as session:
        draft = RespondentDraft(name="Ann", email="ann@halvern.example")
        ann = roster.add_respondent(session, draft, number=7, now=FRIDAY)
    friday(database)
    with database.write() as session:
        gone = RespondentChanges(active=False)
        roster.change_respondent(session, ann.id, gone, now=FRIDAY)

    assert run(database, team_mails.duty(database, LETTERS), MONDAY) == 0

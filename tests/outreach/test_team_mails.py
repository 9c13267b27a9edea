"""The team's mails: asked once, reminded once, and the week on its day."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from app.allocation import answers, opening
from app.allocation.models import Opening, Respondent
from app.allocation.schemas import AnswerDraft
from app.delivery.models import Notice
from app.links.keyring import Kind
from app.links.token import read
from app.outreach import digests, team_mails
from app.outreach.models import Connector
from app.outreach.push_worker import Pusher
from app.outreach.schemas import DigestDraft
from app.platform.db import Database
from app.review import items, week_links
from app.review.schemas import CommitmentDraft
from tests.duties import digest, run
from tests.outreach.conftest import LETTERS, VAULT, Receiver

ZONE = ZoneInfo("Europe/Oslo")
FRIDAY = datetime(2026, 11, 27, 13, 1, tzinfo=UTC)  # 14:01 in Oslo
MONDAY = datetime(2026, 11, 30, 8, 1, tzinfo=UTC)  # 09:01: the reminder


def given_two(database: Database) -> None:
    with database.write() as session:
        for number, name in enumerate(("Ann", "Bo"), start=1):
            session.add(
                Respondent(number=number, name=name, email=f"{name.lower()}@halvern.example")
            )


def notices(session: Session) -> list[Notice]:
    return list(session.exec(select(Notice).order_by(col(Notice.id))).all())


def test_everybody_is_asked_once_with_a_link_of_their_own(database: Database):
    given_two(database)
    run(database, opening.duty(database, zone=ZONE), FRIDAY)
    asked = [run(database, team_mails.duty(database, LETTERS), FRIDAY) for _ in range(3)]
    with database.read() as session:
        mails = notices(session)
    token = mails[0].text.partition("/s/")[2].split()[0]

    assert asked == [2, 0, 0]
    assert {mail.recipient for mail in mails} == {"ann@halvern.example", "bo@halvern.example"}
    assert read(token, Kind.SURVEY, LETTERS.keyring).set_id == 202648
    assert "Where did week 48 go?" in mails[0].subject
    assert "closes on Monday, 10:00" in mails[0].text
    assert f"/s/{token}" in mails[0].html


def test_only_who_has_not_answered_is_reminded_and_once(database: Database):
    given_two(database)
    run(database, opening.duty(database, zone=ZONE), FRIDAY)
    run(database, team_mails.duty(database, LETTERS), FRIDAY)
    with database.write() as session:
        ann = session.exec(select(Respondent).where(Respondent.name == "Ann")).one()
        week = session.exec(select(Opening)).one().week
        shares = {"lights": 40, "new": 30, "existing": 20, "productivity": 10}
        answers.put(session, week, ann, AnswerDraft(shares=shares), now=FRIDAY)
    reminded = [run(database, team_mails.duty(database, LETTERS), MONDAY) for _ in range(2)]
    with database.read() as session:
        last = notices(session)[-1]

    assert reminded == [1, 0]
    assert (last.recipient, last.subject) == (
        "bo@halvern.example",
        "Still open: where did week 48 go?",
    )


def test_after_it_closed_nobody_is_asked(database: Database):
    given_two(database)
    run(database, opening.duty(database, zone=ZONE), FRIDAY)

    assert run(database, team_mails.duty(database, LETTERS), MONDAY.replace(hour=10)) == 0


def test_the_week_goes_to_the_digest_list_once(database: Database):
    with database.write() as session:
        draft = DigestDraft.model_validate(
            {"recipients": ["cem@halvern.example"], "sends_at": "Monday 10:00"}
        )
        digests.put(session, draft, now=FRIDAY)
        promise = CommitmentDraft(text="Ask <ten> bakers", owner="Ann")
        items.commit(session, "2026-W48", promise, by="Ann", now=FRIDAY)
    due = MONDAY.replace(hour=9)
    sent = [digest(database, LETTERS, ZONE, due) for _ in range(2)]
    with database.read() as session:
        (mail,) = notices(session)
    token = mail.text.partition("https://insights.example.com/w/")[2].split()[0]

    assert sent == [1, 0]
    assert mail.recipient == "cem@halvern.example"
    assert mail.subject == "Week 48: No key results are set for these weeks."
    assert "Commitments for next week\n- Ask <ten> bakers (Ann)" in mail.text
    assert "<li>Ask &lt;ten&gt; bakers (Ann)</li>" in mail.html
    assert week_links.week_of(read(token, Kind.WEEK, LETTERS.keyring), now=due) == "2026-W48"


def test_every_chat_gets_the_same_week_once(database: Database):
    with database.write() as session:
        draft = DigestDraft.model_validate({"recipients": [], "sends_at": "monday 10:00"})
        digests.put(session, draft, now=FRIDAY)
        promise = CommitmentDraft(text="Ask <ten> bakers", owner="Ann")
        items.commit(session, "2026-W48", promise, by="Ann", now=FRIDAY)
        for name, gone in (("team", None), ("old", FRIDAY)):
            sealed = VAULT.seal({"url": f"https://chat.example/{name}"}, owner=name)
            session.add(
                Connector(
                    id=name, kind="slack", name=name, secrets=sealed, created_at=FRIDAY,
                    created_by="Ann", disabled_at=gone,
                )
            )  # fmt: skip
    due = MONDAY.replace(hour=9)
    sent = [digest(database, LETTERS, ZONE, due) for _ in range(2)]
    receiver = Receiver()
    Pusher(database, VAULT, send=receiver.send, patience=60).push_due(due)
    (asked,) = receiver.asked
    text = json.loads(asked["content"])["text"]

    assert sent == [1, 0]
    assert asked["url"] == "https://chat.example/team"
    assert text.startswith("*Week 48: No key results are set for these weeks.*")
    assert "*Commitments for next week*\n• Ask &lt;ten&gt; bakers (Ann)" in text
    assert "<https://insights.example.com/w/" in text
    assert text.endswith("|Open the week>")

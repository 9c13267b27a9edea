"""What somebody wrote back goes on to whoever ran the experiment: once, and never in a circle."""

import asyncio
from email import message_from_bytes, policy

import pytest
from sqlmodel import select

from app.audience.models import Person
from app.delivery import notices
from app.delivery.inbox import hearing
from app.delivery.inbox.hearing import Brought
from app.delivery.models import Notice, OutboxMail, Send, WrittenBack
from app.delivery.transports.outbox import Outbox
from app.identity import audit
from app.identity.models import User
from app.outreach import fanout, reply_mails
from app.outreach.team_mails import Letters
from app.platform.db import Database
from app.platform.events import Event
from tests.delivery import scenes
from tests.delivery.inbox.mails import letter
from tests.delivery.inbox.test_answers import REPLIES, address, released, take
from tests.delivery.scenes import KEYS, NOW
from tests.duties import run

SETTINGS = scenes.SETTINGS.model_copy(update={"mail_replies": REPLIES, "mail": "outbox:"})


def told(database: Database) -> list[OutboxMail]:
    """Whatever was to be told has been, and left."""
    run(database, fanout.duty(database, reply_mails.hearing(Letters(SETTINGS, KEYS))), NOW)
    asyncio.run(notices.send_due(database, SETTINGS, Outbox(database), now=NOW))
    with database.read() as session:
        return list(session.exec(select(OutboxMail)).all())


def launched_by(database: Database, send_id: int, email: str = "ann@halvern.example") -> None:
    with database.write() as session:
        user = User(email=email, name="Ann", role="editor", password_hash="", created_at=NOW)
        session.add(user)
        session.flush()
        experiment_id = session.get_one(Send, send_id).experiment_id
        audit.note(
            session,
            actor=user.id,
            actor_id=user.id,
            action="POST /experiments/{experiment_id}/launch",
            subject=experiment_id,
            now=NOW,
        )


def test_whoever_launched_it_reads_the_words_and_answers_the_customer(database: Database):
    [send_id] = released(database)
    launched_by(database, send_id)
    take(database, letter(address(send_id), "Too late <b>for</b> Monday.\n\nSee?"))
    [mail] = told(database)
    again = told(database)
    message = message_from_bytes(mail.raw, policy=policy.default)
    plain, html = (part.get_content() for part in message.iter_parts())

    assert again == [mail]
    assert mail.recipient == "ann@halvern.example"
    assert message["Reply-To"] == "p0@bakery.example"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Subject"] == "Baker 0 wrote back: Waste in euros"
    assert "Too late <b>for</b> Monday." in plain
    assert "Too late &lt;b&gt;for&lt;/b&gt; Monday." in html
    assert f"https://insights.example.com/experiments/{mail_of(database).experiment_id}" in plain


def mail_of(database: Database) -> WrittenBack:
    with database.read() as session:
        return session.exec(select(WrittenBack)).one()


def test_where_its_author_wants_answers_they_go_there(database: Database):
    sender = {"from_name": "", "reply_to": "team@halvern.example"}
    [send_id] = released(database, sender=sender)
    launched_by(database, send_id)
    take(database, letter(address(send_id)))

    assert [mail.recipient for mail in told(database)] == ["team@halvern.example"]


def test_an_answer_of_somebody_whom_nobody_launched_for_stays_on_the_page(database: Database):
    [send_id] = released(database)
    take(database, letter(address(send_id)))

    assert told(database) == []
    assert mail_of(database).words == "Thank you!"


@pytest.mark.parametrize("to", [REPLIES, "Replies+x@mail.halvern.example"])
def test_nothing_goes_to_the_address_that_answers_come_by(database: Database, to: str):
    [send_id] = released(database, sender={"from_name": "", "reply_to": to})
    take(database, letter(address(send_id)))

    assert told(database) == []


def test_what_is_passed_on_and_comes_back_is_no_answer(database: Database):
    """Whatever forwards our mail to the signed address again: it goes no second time."""
    [send_id] = released(database)
    launched_by(database, send_id)
    take(database, letter(address(send_id)))
    [mail] = told(database)
    heard = hearing.hear(database, Brought(mail.raw, [address(send_id)]), keyring=KEYS, now=NOW)

    assert heard.sentence.startswith("An automatic answer")
    assert told(database) == [mail]


_HEAD = "From: {name} <p0@bakery.example>\nTo: {to}\nSubject: Re: x\r\nBcc: z@z.example\n\nHello\n"


@pytest.mark.parametrize(
    "name", ["Ann\r\n Bcc: x@x.example", "=?utf-8?q?a=0D=0ABcc:_x@x.example?=", "\u202eAnn\x07"]
)
def test_no_head_of_theirs_gets_into_ours(database: Database, name: str):
    [send_id] = released(database)
    launched_by(database, send_id)
    with database.write() as session:
        person = session.get_one(Person, session.get_one(Send, send_id).person_id)
        person.name = name.replace("\r\n", "\n")
    take(database, _HEAD.format(name=name, to=address(send_id)).encode())
    [mail] = told(database)
    message = message_from_bytes(mail.raw, policy=policy.default)

    assert set(message.keys()) == {
        "From", "To", "Subject", "Message-ID", "Auto-Submitted", "Reply-To", "Date",
        "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert mail.subject.isprintable()


def test_once_it_left_its_words_are_forgotten(database: Database):
    [send_id] = released(database)
    launched_by(database, send_id)
    take(database, letter(address(send_id)))
    told(database)
    with database.read() as session:
        notice = session.exec(select(Notice)).one()

    assert (notice.state, notice.text, notice.html, notice.headers) == ("sent", "", "", {})


def test_an_event_names_nobody(database: Database):
    [send_id] = released(database)
    take(database, letter(address(send_id)))
    with database.read() as session:
        event = session.exec(select(Event)).one()

    assert event.facts.keys() == {"reply_id"}

"""An answer of one word takes its person off the list, and no other answer does."""

import pytest
from sqlmodel import select

from app.audience.models import Suppression
from app.delivery.inbox import stopping
from app.delivery.models import State
from app.platform.db import Database
from tests.delivery import scenes
from tests.delivery.inbox.mails import letter
from tests.delivery.inbox.test_answers import address, kept, outcome, released, take

QUOTE = (
    "\n\nOn 24 November 2026 at 10:00, Halvern <ann@example.com> wrote:\n> Stop wasting bread.\n"
)
ASKS = (
    "stop", "STOP!", "Stop.", " unsubscribe ", "Unsubscribe\n\nSent from my iPhone", "“Stop”",
    "Abmelden", "bitte abbestellen", "Désabonner", "BAJA", "¡Baja!", "Meld av", "stopp",
    "Stop\n-- \nAnn Baker\nBakery", "Darse   de\nbaja", "STOP" + QUOTE,
)  # fmt: skip
ASKS_NOT = (
    "", "Stop it, I laughed so much", "Do not stop", "stop?\nWhy this?", "Please stop the bread",
    "unsubscribe me from the other one, I like this one", "stopstop", "Stop. Or rather, go on.",
    "Yes", "Baja California", "Arrête de plaisanter", "stop\n\nPS: call me", QUOTE,
)  # fmt: skip


def suppressed(database: Database) -> list[str]:
    with database.read() as session:
        return [row.reason for row in session.exec(select(Suppression)).all()]


@pytest.mark.parametrize("words", ASKS)
def test_a_word_that_asks_for_no_more_mail_is_known(words: str):
    from app.delivery.inbox.written import own_words

    assert stopping.asks(own_words(words, ["ann@example.com"]))


@pytest.mark.parametrize("words", ASKS_NOT)
def test_whatever_says_more_is_left_to_a_person(words: str):
    from app.delivery.inbox.written import own_words

    assert not stopping.asks(own_words(words, ["ann@example.com"]))


def test_it_takes_them_off_the_list_and_is_kept_as_an_answer_too(database: Database):
    [send_id] = released(database)
    heard = take(database, letter(address(send_id), "STOP" + QUOTE), address(send_id))
    again = take(database, letter(address(send_id), "Stop", message_id="<2@x>"), address(send_id))
    seen = outcome(database)

    assert "gets none" in heard.sentence
    assert "gets none" in again.sentence
    assert [row.words for row in kept(database)] == ["STOP", "Stop"]
    assert suppressed(database) == ["unsubscribed"]
    assert seen.unsubscribed_at is not None
    assert seen.replied_at is not None


def test_one_more_word_takes_nobody_off(database: Database):
    [send_id] = released(database)
    take(database, letter(address(send_id), "Stop wasting bread."), address(send_id))

    assert suppressed(database) == []
    assert outcome(database).unsubscribed_at is None


def test_a_program_that_says_stop_takes_nobody_off(database: Database):
    [send_id] = released(database)
    raw = letter(address(send_id), "Stop").replace(
        b"Subject:", b"Auto-Submitted: auto-replied\r\nSubject:", 1
    )
    take(database, raw, address(send_id))

    assert suppressed(database) == []


def test_it_is_in_force_while_the_mail_is_still_being_settled(database: Database):
    scenes.launched(database, people=1)
    [send] = scenes.sends(database)
    from tests.delivery.inbox.test_answers import release

    with database.write() as session:
        release(session, send.id, State.SENDING)
    take(database, letter(address(send.id), "Unsubscribe"), address(send.id))

    assert suppressed(database) == ["unsubscribed"]

"""What customers see: mails that never count here, the way out, the answer page."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.audience.models import Suppression
from app.delivery import transports
from app.delivery.models import Send
from app.delivery.sending import Sender
from app.links.keyring import Keyring, Kind
from app.links.token import NEVER_COUNTS, NOBODY, TrackedLink, pack_fills, read, sign
from app.platform import clock, config
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.journal import Journal
from app.tracking.models import Answer
from tests.web.conftest import Browser
from tests.web.test_journey import draft, key_result, started  # noqa: F401 - fixtures

TOKENS = re.compile(r"/([cou])/([A-Za-z0-9_-]{32,})")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Whose mails stay in the outbox, and whose customers are played: no rehearsal."""
    return config.load(data_dir=tmp_path, timezone="Europe/Oslo", demo=True)


@pytest.fixture
def sent(started: str, database: Database, settings: Settings, application: FastAPI) -> str:  # noqa: F811 - the fixture
    """Both mails stand in the outbox."""
    asyncio.run(send_all(application, settings, database))
    return started


async def send_all(application: FastAPI, settings: Settings, database: Database) -> None:
    """Everything that is due is in the outbox."""
    folder = settings.data_dir / "sends"
    folder.mkdir()
    journal = Journal.open(folder, durability=settings.durability, limit=10**6)
    [transport] = transports.open_transports(settings, database)
    sender = Sender(database, settings, application.state.keyring, journal, transport)
    while await sender.step(clock.now() + timedelta(seconds=5)):
        pass
    await transport.close()
    journal.close()


def send_id(database: Database) -> int:
    with database.read() as session:
        found = session.exec(select(Send.id)).first()
    assert found is not None
    return found


def test_no_link_in_the_outbox_counts(eve: Browser, sent: str, application: FastAPI):
    mail = re.search(r'href="(/outbox/[a-z0-9]{20})"', eve.get("/outbox").text)
    assert mail
    pages = eve.get(mail[1]).text + eve.get(f"{mail[1]}/mail").text
    tokens = TOKENS.findall(pages)

    assert len(tokens) >= 4
    for kind, token in tokens:
        assert read(token, Kind(kind), application.state.keyring).id == NEVER_COUNTS


def test_a_get_never_unsubscribes_and_a_post_does_again_and_again(
    stranger: Browser, sent: str, database: Database, application: FastAPI
):
    token = sign(TrackedLink(1, send_id(database), 0), Kind.UNSUBSCRIBE, application.state.keyring)
    for _ in range(3):
        assert "<form" in stranger.get(f"/u/{token}").text
    with database.read() as session:
        before = session.exec(select(Suppression)).all()
    answers = [
        stranger.post(f"/u/{token}", csrf="", **{"List-Unsubscribe": "One-Click"}),
        stranger._ask("POST", f"/u/{token}", files={"List-Unsubscribe": (None, "One-Click")}),
        stranger._ask("POST", f"/u/{token}"),
    ]
    with database.read() as session:
        after = session.exec(select(Suppression)).all()

    assert before == []
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len(after) == 1


def test_a_link_with_a_changed_byte_or_of_another_kind_is_not_here(
    stranger: Browser, application: FastAPI
):
    keyring: Keyring = application.state.keyring
    token = sign(TrackedLink(1, 7, 0), Kind.UNSUBSCRIBE, keyring)
    changed = ("A" if token[0] != "A" else "B") + token[1:]

    assert stranger.get(f"/u/{changed}").status_code == 404
    assert stranger.get(f"/a/{token}").status_code == 404
    assert stranger.get(f"/u/{'x' * 5000}").status_code == 404
    assert stranger.get("/u/é").status_code == 404


def test_the_answer_page_says_the_persons_own_columns_and_keeps_their_word(
    stranger: Browser, sent: str, database: Database, application: FastAPI
):
    token = sign(TrackedLink(1, send_id(database), 0), Kind.ANSWER, application.state.keyring)
    page = stranger.get(f"/a/{token}").text
    answer = stranger.post(f"/a/{token}", csrf="", useful="yes", comment="Weekly, please")
    again = stranger.get(answer.headers["location"]).text
    with database.read() as session:
        kept = session.exec(select(Answer)).one()

    assert "61 €" in page or "44 €" in page
    assert "Thank you" in again
    assert (kept.useful, kept.comment) == (True, "Weekly, please")


def test_whoever_refused_to_be_tracked_reads_the_answer_page_and_is_not_asked(
    stranger: Browser, sent: str, database: Database, application: FastAPI
):
    with database.read() as session:
        send = session.get_one(Send, send_id(database))
    fills = pack_fills((sent, send.arm, send.person_id))
    asked = {}
    for number in (NEVER_COUNTS, NOBODY):
        token = sign(TrackedLink(1, number, 0, fills), Kind.ANSWER, application.state.keyring)
        page = stranger.get(f"/a/{token}").text
        assert "61 €" in page or "44 €" in page
        answer = stranger.post(f"/a/{token}", csrf="", useful="yes", comment="Weekly")
        asked[number] = ("Was this useful?" in page, answer.status_code)
    with database.read() as session:
        kept = session.exec(select(Answer)).all()

    assert asked == {NEVER_COUNTS: (True, 303), NOBODY: (False, 404)}
    assert kept == []


def test_nobody_is_thanked_for_an_answer_that_says_nothing(
    stranger: Browser, sent: str, database: Database, application: FastAPI
):
    token = sign(TrackedLink(1, send_id(database), 0), Kind.ANSWER, application.state.keyring)
    stranger.post(f"/a/{token}", csrf="", comment=" ")
    page = stranger.get(f"/a/{token}?thanks").text

    assert "Nothing was chosen or written." in page
    assert "Thank you" not in page


def test_comments_stand_on_the_readout(
    eve: Browser, sent: str, database: Database, application: FastAPI
):
    token = sign(TrackedLink(1, send_id(database), 0), Kind.ANSWER, application.state.keyring)
    eve.post(f"/a/{token}", csrf="", useful="no", comment="<b>Nothing new</b>")

    assert "&lt;b&gt;Nothing new&lt;/b&gt;" in eve.get(f"/experiments/{sent}/readout").text


def test_the_privacy_page_leads_to_the_way_out(stranger: Browser, application: FastAPI):
    token = sign(TrackedLink(1, 7, 0), Kind.PREFERENCES, application.state.keyring)
    page = stranger.get(f"/p/{token}").text
    way_out = re.search(r'action="(/u/[^"]+)"', page)

    assert way_out
    assert stranger.get(way_out[1]).status_code == 200

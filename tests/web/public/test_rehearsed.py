"""A mail of a rehearsal, opened as its customer: it works as it would, and stops at its edges."""

import asyncio
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.audience.models import Suppression
from app.delivery.models import OutboxMail
from app.experiments.models import Experiment
from app.links.keyring import Kind
from app.links.token import TrackedLink, read, sign
from app.platform import config
from app.platform.config import Settings
from app.platform.db import Database
from app.tally.models import Outcome
from app.tracking.models import Hit
from tests.web.conftest import Browser
from tests.web.public.test_public import TOKENS, send_all, send_id
from tests.web.test_journey import draft, key_result, started  # noqa: F401 - fixtures


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return config.load(data_dir=tmp_path, timezone="Europe/Oslo")


@pytest.fixture
def rehearsed(started: str, database: Database, settings: Settings, application: FastAPI) -> str:  # noqa: F811 - the fixture
    asyncio.run(send_all(application, settings, database))
    return started


def mails(database: Database) -> list[OutboxMail]:
    with database.read() as session:
        found = session.exec(select(OutboxMail).order_by(OutboxMail.id)).all()
        session.expunge_all()
    return list(found)


def test_its_links_are_the_ones_that_left_and_each_mail_leads_to_the_next(
    eve: Browser, rehearsed: str, database: Database, application: FastAPI
):
    first, second = mails(database)
    page = eve.get(eve.get(f"/outbox/experiments/{rehearsed}").headers["location"])
    framed = eve.get(f"/outbox/{first.id}/customer/mail")
    ids = {
        read(token, Kind(kind), application.state.keyring).id
        for kind, token in TOKENS.findall(framed.text)
    }

    assert f"as {first.recipient} would" in page.text
    assert f"/outbox/{second.id}/customer" in page.text
    assert "Next person" not in eve.get(f"/outbox/{second.id}/customer").text
    assert ids == {first.send_id}
    assert framed.headers["content-security-policy"].startswith("sandbox allow-popups")
    assert "script-src" not in framed.headers["content-security-policy"]


def test_what_was_seen_of_a_customer_stands_beside_the_mail(
    eve: Browser, rehearsed: str, database: Database
):
    first = mails(database)[0]
    nothing = eve.get(f"/outbox/{first.id}/customer/seen").text
    with database.write() as session:
        session.add(
            Hit(
                segment_id="s", segment_offset=1, send_id=first.send_id or 0, kind="click", link=1,
                experiment_id=rehearsed, at=first.at, method="GET", user_agent="x",
                address_class="residential", address_key="", verdict="human", rule="R15",
                rule_version="1", reason="a browser",
            )
        )  # fmt: skip
    seen = eve.get(f"/outbox/{first.id}/customer/seen").text

    assert "Nothing yet." in nothing
    assert "Link 1 was followed: a browser" in seen
    assert ">Person<" in seen


def test_unsubscribing_in_a_rehearsal_keeps_mail_from_nobody(
    stranger: Browser, rehearsed: str, database: Database, application: FastAPI
):
    token = sign(TrackedLink(1, send_id(database), 0), Kind.UNSUBSCRIBE, application.state.keyring)
    asked, done = stranger.get(f"/u/{token}"), stranger.post(f"/u/{token}", csrf="")
    with database.read() as session:
        suppressed = session.exec(select(Suppression)).all()
        counted = session.get_one(Outcome, send_id(database)).unsubscribed_at

    assert suppressed == []
    assert counted is not None
    assert all("stops no mail to anybody" in page.text for page in (asked, done))


def test_the_answer_page_of_a_rehearsal_says_so(
    stranger: Browser, rehearsed: str, database: Database, application: FastAPI
):
    token = sign(TrackedLink(1, send_id(database), 0), Kind.ANSWER, application.state.keyring)

    assert "Rehearsal." in stranger.get(f"/a/{token}").text


def test_nobody_plays_the_reader_of_a_real_mail_and_viewers_play_nobody(
    eve: Browser, bo: Browser, rehearsed: str, database: Database
):
    mail = mails(database)[0]
    pages = ["customer", "customer/mail", "customer/seen"]
    refused = [bo.get(f"/outbox/{mail.id}/{page}").status_code for page in pages]
    refused.append(bo.get(f"/outbox/experiments/{rehearsed}").status_code)
    overview = bo.get(f"/experiments/{rehearsed}").text
    with database.write() as session:
        session.get_one(Experiment, rehearsed).rehearsal = False
    real = [eve.get(f"/outbox/{mail.id}/{page}").status_code for page in pages]

    assert refused == [403] * 4
    assert "Rehearsal." in overview
    assert "Open as customer" not in overview
    assert real == [404] * 3
    assert "Open as customer" not in eve.get(f"/outbox/{mail.id}").text


def test_it_cannot_be_decided_and_says_so_before_anything_is_typed(eve: Browser, rehearsed: str):
    asked = eve.get(f"/experiments/{rehearsed}/decide")

    assert asked.status_code == 409
    assert "rehears" in asked.text
    assert "Therefore we will" not in asked.text

"""Where nothing leaves: the outbox, test mails, previews and the answer page."""

import asyncio
import re
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from app.delivery import answers_page, destination_store, mail_store, preview, trials
from app.delivery.models import Notice, OutboxMail, State
from app.delivery.transports.outbox import Outbox
from app.experiments.models import Experiment, Status
from app.links.keyring import Kind
from app.links.token import NEVER_COUNTS, TrackedLink, pack_fills, read
from app.platform.db import Database
from app.platform.errors import Invalid, NotFound
from tests.delivery import scenes
from tests.delivery.scenes import ARM, KEYS, NOW, SETTINGS

ANSWER = {"body": "[Show my list](answer:)", "answer": "# {{ euros }} €, {{ name }}"}
_TOKEN = re.compile(r"https://insights\.example\.com/([cou])/([A-Za-z0-9_-]+)")
OPEN: Any = {"names_people": True, "settings": SETTINGS, "keyring": KEYS, "now": NOW}


def test_mails_stay_in_the_outbox_with_links_that_count(database: Database, tmp_path: Path):
    experiment_id = scenes.launched(database, people=3)

    asyncio.run(scenes.run(scenes.sender(database, tmp_path, Outbox(database))))

    with database.read() as session:
        mails = mail_store.outbox_page(session, before=None, limit=10, experiment_id=experiment_id)
        ids = [send.id for send in scenes.sends(database)]
        assert sorted(mail.send_id or 0 for mail in mails) == ids
        assert {link.id for mail in mails for link in _links(mail)} == set(ids)
    assert scenes.states(database) == [State.SENT] * 3


def test_a_test_mail_shows_a_real_person_and_its_links_never_count(
    database: Database, tmp_path: Path
):
    experiment_id = scenes.launched(database, people=2)
    _set_status(database, experiment_id, Status.DRAFT)

    with database.write() as session:
        experiment = session.get_one(Experiment, experiment_id)
        person_id = scenes.sends(database)[1].person_id
        trial = trials.write(
            session, experiment, [person_id], settings=SETTINGS, keyring=KEYS, now=NOW
        )
        trial.queue(session, "ann@example.com", keyring=KEYS, now=NOW)
    asyncio.run(scenes.run(scenes.sender(database, tmp_path, Outbox(database))))

    with database.read() as session:
        mail = session.exec(select(OutboxMail)).one()
        links = _links(mail)
        targets = destination_store.destinations_of(session, links[0].set_id)
        assert (mail.recipient, mail.subject) == ("ann@example.com", "Baker 1, 41 €")
        assert {link.id for link in links} == {NEVER_COUNTS}
        assert [target.address for target in targets] == ["https://shop.example/list"]
        assert session.exec(select(Notice)).one().state == "sent"
    assert scenes.outcomes(database) == []


def test_a_preview_is_what_this_person_would_get(database: Database):
    experiment_id = scenes.launched(database, people=2)

    with database.read() as session:
        experiment = session.get_one(Experiment, experiment_id)
        person_id = scenes.sends(database)[1].person_id
        shown = preview.preview_of(
            session,
            experiment,
            "insight",
            person_id,
            names_people=True,
            settings=SETTINGS,
            keyring=KEYS,
            now=NOW,
        )

    assert shown.subject == "Baker 1, 41 €"
    assert "you lose 41 €" in shown.html
    assert {read(token, Kind(kind), KEYS).id for kind, token in _TOKEN.findall(shown.html)} == {0}


def test_a_preview_of_a_stranger_or_without_an_audience_is_refused(database: Database):
    experiment_id = scenes.launched(database, people=1)

    with database.read() as session:
        experiment = session.get_one(Experiment, experiment_id)
        with pytest.raises(NotFound):
            preview.preview_of(
                session,
                experiment,
                "insight",
                "x",
                names_people=True,
                settings=SETTINGS,
                keyring=KEYS,
                now=NOW,
            )
        experiment.audience_id = None
        with pytest.raises(Invalid):
            preview.preview_of(
                session,
                experiment,
                "insight",
                "x",
                names_people=True,
                settings=SETTINGS,
                keyring=KEYS,
                now=NOW,
            )


def test_the_answer_page_writes_up_the_persons_own_columns(database: Database):
    scenes.launched(database, people=2, arms=[ARM | ANSWER])
    send = scenes.sends(database)[1]

    with database.read() as session:
        page = answers_page.answer_page(session, TrackedLink(1, send.id, 0), now=NOW)

    assert page.html == "<h1>41 €, Baker 1</h1>\n"
    assert page.send_id == send.id


def test_an_answer_page_of_a_preview_shows_the_same_and_keeps_nothing(database: Database):
    experiment_id = scenes.launched(database, people=2, arms=[ARM | ANSWER])
    fills = pack_fills((experiment_id, "insight", scenes.sends(database)[1].person_id))

    with database.read() as session:
        page = answers_page.answer_page(session, TrackedLink(1, NEVER_COUNTS, 0, fills), now=NOW)

    assert page.html == "<h1>41 €, Baker 1</h1>\n"
    assert page.send_id == NEVER_COUNTS


@pytest.mark.parametrize(
    "token", [TrackedLink(1, 77, 0), TrackedLink(1, 0, 0), TrackedLink(1, 0, 0, b"abc")]
)
def test_an_answer_page_of_nobody_is_not_here(database: Database, token: TrackedLink):
    with database.read() as session, pytest.raises(NotFound):
        answers_page.answer_page(session, token, now=NOW)


def _links(mail: OutboxMail) -> list[TrackedLink]:
    body = message_from_bytes(mail.raw, policy=policy.default).get_body(("html",))
    assert body is not None
    found = _TOKEN.findall(body.get_content())
    return [read(token, Kind.CLICK, KEYS) for kind, token in found if kind == "c"]


def _set_status(database: Database, experiment_id: str, status: Status) -> None:
    with database.write() as session:
        session.get_one(Experiment, experiment_id).status = status

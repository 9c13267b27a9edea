"""Pages that a mail leads to are in the mail's language; others in the one a browser asks for."""

import re

import pytest
from fastapi import FastAPI

from app.delivery.mail.letterhead import letterhead
from app.experiments.models import Experiment
from app.languages.words import TRANSLATED, words_of
from app.links.keyring import Kind
from app.links.token import TrackedLink, sign
from app.platform.db import Database
from tests.web.conftest import Browser
from tests.web.public.test_public import send_id, sent, settings  # noqa: F401 - fixtures
from tests.web.test_journey import draft, key_result, started  # noqa: F401 - fixtures

KINDS = {
    Kind.UNSUBSCRIBE: "Or choose which mails you get",
    Kind.PREFERENCES: "No more mail at all",
    Kind.ANSWER: "Was this useful?",
}


def spoken(page: str) -> tuple[str, str]:
    found = re.search(r'<html lang="(\w+)" dir="(\w+)"', page)
    assert found
    return found[1], found[2]


@pytest.mark.parametrize("language", ["en", *TRANSLATED, "ar"])
def test_a_mails_pages_are_in_its_language(
    stranger: Browser,
    sent: str,  # noqa: F811 - the fixture
    database: Database,
    application: FastAPI,
    language: str,
):
    with database.write() as session:
        experiment = session.get_one(Experiment, sent)
        experiment.design = experiment.design | {"language": language}
    link, words = TrackedLink(1, send_id(database), 0), words_of(language)
    for kind, sentence in KINDS.items():
        token = sign(link, kind, application.state.keyring)
        page = stranger.get(f"/{kind}/{token}", **{"accept-language": "es"}).text

        assert words.say(sentence).replace("\u00a0", " ") in page
        assert spoken(page) == (words.spoken, "ltr")
        if language == "ar" and kind is Kind.ANSWER:  # its author's words are
            assert 'lang="ar" dir="rtl"' in page


@pytest.mark.parametrize("language", ["en", *TRANSLATED])
def test_a_broken_link_says_so_in_the_language_that_is_asked_for(stranger: Browser, language: str):
    words = words_of(language)
    for kind in ("u", "p", "k", "a", "s"):
        page = stranger.get(f"/{kind}/nothing", **{"accept-language": language})

        assert page.status_code == 404
        assert words.say("Not found") in page.text
        assert "program" in page.text.casefold() or "messagerie" in page.text
        assert "This week" not in page.text  # there is none for them
        assert spoken(page.text)[0] == language


def test_the_teams_pages_stay_english(eve: Browser):
    page = eve.get("/nothing", **{"accept-language": "de"}).text

    assert spoken(page) == ("en", "ltr")
    assert "Nicht gefunden" not in page


def test_the_letter_knows_its_language(settings):  # noqa: F811 - the fixture
    head = letterhead(settings, experiment_id="e", sender={}, language="he")

    assert head.language == "he"

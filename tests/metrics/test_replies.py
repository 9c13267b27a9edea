"""What people wrote back, on pages and by API: the same, as far as whoever reads may know it."""

import re
from urllib.parse import quote

import pytest
from sqlmodel import Session, select

from app.delivery.models import Send, WrittenBack
from app.identity import sessions
from app.identity.models import User
from tests.api.conftest import Api, as_
from tests.delivery.inbox.mails import letter
from tests.delivery.inbox.test_answers import address, released
from tests.delivery.scenes import KEYS
from tests.metrics.scenes import START
from tests.web.conftest import Browser

_SAID = [
    "Too late for Monday.\n\nBaker 0",
    "100% <script>alert(1)</script> _yes_, says Baker 1",
    "תודה רבה",
]


@pytest.fixture
def experiment_id(api: Api) -> str:
    from app.delivery.inbox import hearing
    from app.delivery.inbox.hearing import Brought

    database = api.application.state.database
    for place, send_id in enumerate(released(database, people=3)):
        raw = letter(address(send_id), _SAID[place], content_type="text/plain; charset=utf-8")
        hearing.hear(
            database, Brought(raw, [address(send_id)]), keyring=KEYS, now=START.replace(hour=place)
        )
    with database.read() as session:
        return session.exec(select(Send.experiment_id)).first() or ""


@pytest.fixture
def bo(api: Api, browser: Browser) -> Browser:
    """May only look."""
    with api.application.state.database.write() as session:
        secret = _logged_in(session)
    found = Browser(api.application)
    found.cookies.set("thinslice", secret, domain="127.0.0.1")
    return found


def _logged_in(session: Session) -> str:
    user = User(
        email="bo@halvern.example", name="Bo", role="viewer", password_hash="", created_at=START
    )
    session.add(user)
    session.flush()
    return sessions.begin(session, user, now=START).secret


def words_on(page: str) -> list[str]:
    found = re.findall(
        r'<blockquote class="quote"><p class="keep" dir="auto">(.*?)</p>', page, re.DOTALL
    )
    return [one.replace("&lt;", "<").replace("&gt;", ">") for one in found]


def test_an_editor_reads_who_wrote_what_on_page_and_by_api(
    api: Api, browser: Browser, experiment_id: str
):
    listed = api.read(f"/experiments/{experiment_id}/replies")["items"]
    page = browser.get(f"/experiments/{experiment_id}/replies").text
    readout = browser.get(f"/experiments/{experiment_id}/readout").text

    assert [one["words"] for one in listed] == _SAID[::-1]
    assert [one["email"] for one in listed] == [f"p{n}@bakery.example" for n in (2, 1, 0)]
    assert words_on(page) == words_on(readout) == _SAID[::-1]
    assert all(one["email"] in page for one in listed)
    assert "<script>alert" not in page
    assert "3 people wrote back. Words explain a result; they never change it." in page


def test_a_viewer_reads_the_words_without_who_wrote_them(api: Api, bo: Browser, experiment_id: str):
    listed = as_(api.application, "viewer").read(f"/experiments/{experiment_id}/replies")["items"]
    pages = [bo.get(f"/experiments/{experiment_id}/{name}").text for name in ("replies", "readout")]

    assert [one["words"] for one in listed][-1] == "Too late for Monday.\n\n(name) 0"
    assert {(one["email"], one["person_id"], one["send_id"]) for one in listed} == {(None,) * 3}
    for page in pages:
        assert words_on(page) == [one["words"] for one in listed]
        assert "bakery.example" not in page
        assert "/customers/" not in page


_FOUND = {  # by an editor, by a viewer
    "MONDAY": (1, 1), "0%": (1, 1), "_": (1, 1), "baker": (2, 0), "תודה": (1, 1), "no": (0, 0),
    "": (3, 3),
}  # fmt: skip


def test_it_is_searched_as_far_as_it_is_shown(
    api: Api, browser: Browser, bo: Browser, experiment_id: str
):
    path, viewer = f"/experiments/{experiment_id}/replies", as_(api.application, "viewer")
    for wanted, expected in _FOUND.items():
        found = [len(one.read(path, q=wanted)["items"]) for one in (api, viewer)]
        pages = [one.get(f"{path}?q={quote(wanted)}").text for one in (browser, bo)]

        assert tuple(found) == tuple(map(len, map(words_on, pages))) == expected, wanted


def test_page_after_page_is_everything_once(api: Api, experiment_id: str):
    path, cursor, seen = f"/experiments/{experiment_id}/replies", None, []
    while True:
        part = api.read(path, limit=1, **({"cursor": cursor} if cursor else {}))
        seen += [one["words"] for one in part["items"]]
        cursor = part["next"]
        if cursor is None:
            break

    assert seen == _SAID[::-1]


def test_nobody_wrote_and_nobody_could(api: Api, browser: Browser, experiment_id: str):
    with api.application.state.database.write() as session:
        for row in session.exec(select(WrittenBack)).all():
            session.delete(row)
    path = f"/experiments/{experiment_id}/replies"
    waits = browser.get(path).text
    settings = api.application.state.settings
    api.application.state.settings = settings.model_copy(update={"mail_replies": ""})
    away = browser.get(path).text

    assert "Nobody has written back yet." in waits
    assert "Answers do not come back here." in away


def test_the_export_says_when_each_wrote_back(api: Api, experiment_id: str):
    lines = api.get(f"/experiments/{experiment_id}/export").text.splitlines()

    assert "replied_at" in lines[0].split(",")

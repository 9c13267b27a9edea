"""A readout for people without a log-in: what a link opens, how it ends, what a file holds."""

import re

import pytest
from sqlmodel import col, select

from app.experiments.models import Experiment, Status
from app.identity import share_links, users
from app.identity.models import ShareLink, User
from app.identity.roles import Role
from app.platform.db import Database
from app.tracking.models import Answer
from tests.experiments import scenes
from tests.web.conftest import NOW, Browser

_SAID = "The oven at Rue Cler 12 is broken"


@pytest.fixture
def running(database: Database) -> str:
    with database.write() as session:
        row = Experiment(
            name="Waste & money", design=scenes.document(), status=Status.RUNNING, created_at=NOW,
            updated_at=NOW, launched_at=NOW, scheduled_at=NOW, started_at=NOW, enrolled=600,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def made(browser: Browser, experiment: str, days: str = "30") -> str:
    """The path of a link that somebody made."""
    page = browser.post(f"/experiments/{experiment}/share", days=days)
    found = re.search(r'class="secret">[^<]*(/r/[\w-]+)<', page.text)
    assert found, page.text
    return found[1]


def test_a_link_opens_the_readout_and_nothing_else(eve: Browser, stranger: Browser, running: str):
    path = made(eve, running)
    read = stranger.get(path)

    assert read.status_code == 200
    assert "Waste &amp; money" in read.text
    assert re.search(r"Shared by Eve, to be read until (\w+ )?25 Dec 2026", read.text)
    assert set(re.findall(r'<a [^>]*href="([^"]*)"', read.text)) == {"/"}
    assert "<form" not in read.text
    assert "noindex" in read.text
    listed = eve.get(f"/experiments/{running}/share").text
    assert path.removeprefix("/r/") not in listed, "it is shown once"
    assert path.removeprefix("/r/")[:6] in listed


def test_a_link_that_ended_says_the_same_as_one_that_never_was(
    eve: Browser, stranger: Browser, running: str, database: Database
):
    over, taken_back, never = made(eve, running), made(eve, running), "/r/nobodys"
    with database.write() as session:
        first, second = session.exec(select(ShareLink).order_by(col(ShareLink.id))).all()
        first.expires_at = NOW
        ended = second.id
    eve.send(f"/experiments/{running}/share/{ended}/end", on="end")

    said = {stranger.get(path).text for path in (over, taken_back, never)}
    assert [stranger.get(path).status_code for path in (over, taken_back, never)] == [404] * 3
    assert len(said) == 1
    told = said.pop()
    assert "Ask whoever gave it to you" in told
    assert "Back to this week" not in told, "whoever reads this has no log-in"
    assert "This week" not in told
    assert eve.post(f"/experiments/{running}/share/{ended}/end").status_code == 404
    assert eve.post(f"/experiments/other/share/{first.id}/end").status_code == 404


def test_whoever_may_share_nothing_any_more_shared_nothing(
    eve: Browser, stranger: Browser, running: str, database: Database
):
    path = made(eve, running)
    for role, status in ((Role.ADMIN, 200), (Role.EDITOR, 200), (Role.VIEWER, 404)):
        with database.write() as session:
            user = session.exec(select(User).where(User.name == "Eve")).one()
            users.change_role(session, user, role, now=NOW)
        assert stranger.get(path).status_code == status, role


def test_a_link_lasts_a_number_of_days(eve: Browser, running: str):
    for days in ("0", "367", "-1", "1.5", "", "x", "²", "99999"):
        refused = eve.post(f"/experiments/{running}/share", days=days)
        assert refused.status_code == 422, days
        assert "A link lasts 1 to 366 days." in refused.text, days
    assert made(eve, running, "1")
    assert made(eve, running, "366")


def test_not_more_are_open_than_somebody_can_keep_count_of(
    eve: Browser, running: str, database: Database
):
    made(eve, running, days="1")
    with database.write() as session:
        one = session.exec(select(ShareLink)).one()
        session.add_all(
            ShareLink(**one.model_dump(exclude={"id", "hash"}), hash=str(number))
            for number in range(share_links._MOST - 1)
        )
    refused = eve.post(f"/experiments/{running}/share", days="1")

    assert refused.status_code == 422
    assert "End some of them first." in refused.text


def test_nothing_is_shared_before_there_is_a_readout(
    eve: Browser, running: str, database: Database
):
    with database.write() as session:
        session.get_one(Experiment, running).started_at = None
    page = eve.get(f"/experiments/{running}/share")

    assert "Nothing to share yet." in page.text
    assert eve.post(f"/experiments/{running}/share", days="3").status_code == 422
    assert eve.get(f"/experiments/{running}/readout/file").status_code == 409


def test_viewers_share_no_link_and_keep_a_file(bo: Browser, running: str):
    assert bo.get(f"/experiments/{running}/share").status_code == 403
    assert bo.post(f"/experiments/{running}/share", days="3").status_code == 403
    shown = bo.get(f"/experiments/{running}/readout").text
    assert f"/experiments/{running}/share" not in shown
    assert f"/experiments/{running}/readout/file" in shown


def test_words_that_customers_wrote_stay_inside(
    eve: Browser, stranger: Browser, running: str, database: Database
):
    with database.write() as session:
        session.add(Answer(send_id=1, experiment_id=running, useful=True, comment=_SAID, at=NOW))
    inside = eve.get(f"/experiments/{running}/readout").text
    path = made(eve, running)

    assert _SAID in inside
    for told in (stranger.get(path), eve.get(f"/experiments/{running}/readout/file")):
        assert _SAID not in told.text


@pytest.mark.parametrize("what", ["experiments/{}/readout/file", "weeks/2026-W48/file"])
def test_a_file_asks_nobody_for_anything(bo: Browser, running: str, what: str):
    kept = bo.get("/" + what.format(running))
    name = kept.headers["content-disposition"]
    asked = re.findall(r'(?:href|src|action|url)[=(]"?([^"\s>)]*)', kept.text)

    assert re.fullmatch(r'attachment; filename="[A-Za-z0-9-]+\.html"', name)
    assert [one for one in asked if not one.startswith(("#", "http://127.0.0.1"))] == []
    assert kept.text.count("<style>") == 1
    assert "<script" not in kept.text
    assert "Log out" not in kept.text
    assert "bo@" not in kept.text


def test_a_rehearsal_says_so_to_whoever_reads_it(
    eve: Browser, stranger: Browser, running: str, database: Database
):
    with database.write() as session:
        session.get_one(Experiment, running).rehearsal = True

    assert "Rehearsal." in stranger.get(made(eve, running)).text
    assert "Rehearsal." in eve.get(f"/experiments/{running}/readout/file").text

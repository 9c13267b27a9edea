"""The bell, the page behind it, comments and who watches: as people of each role meet them."""

import re

import pytest
from sqlmodel import select

from app.identity import news
from app.identity.models import News, NoticeChoice, User, Watch
from app.outreach.notice_kinds import KINDS, Name
from app.platform.db import Database
from app.review.models import Comment
from tests.analysis.scenes import given_experiment
from tests.web.conftest import NOW, Browser


def _told(database: Database, name: str, *facts: str, href: str = "/experiments") -> None:
    with database.write() as session:
        user = session.exec(select(User).where(User.name == name)).one()
        for fact in facts:
            news.add(session, user.id, fact=fact, kind="verdict", sentence=f"<b>{fact}</b> fell",
                     href=href, now=NOW)  # fmt: skip


def _bell(page: str) -> str:
    found = re.search(r'<span class="nav__count">(\S+?)<span', page)
    return found[1] if found else ""


def test_the_bell_counts_what_is_new_on_every_page_until_it_is_read(
    ann: Browser, bo: Browser, database: Database
):
    _told(database, "Ann", "one", "two")
    page = ann.get("/notices").text
    first = re.search(r'action="(/notices/\w+/read)"', page)
    assert first
    went = ann.post(first[1])
    one_left = _bell(ann.get("/features").text)
    ann.send("/notices/read", on="read all")

    assert (_bell(page), one_left, _bell(ann.get("/features").text)) == ("2", "1", "")
    assert (went.status_code, went.headers["location"]) == (303, "/experiments")
    assert "&lt;b&gt;two&lt;/b&gt; fell" in page
    assert (_bell(bo.get("/notices").text), "fell" in bo.get("/notices").text) == ("", False)


def test_nobody_reads_what_somebody_else_was_told(ann: Browser, bo: Browser, database: Database):
    _told(database, "Ann", "one")
    with database.read() as session:
        line = session.exec(select(News)).one()
    answer = bo.post(f"/notices/{line.id}/read")

    assert answer.status_code == 404
    assert _bell(ann.get("/").text) == "1"


@pytest.mark.parametrize("role", ["ann", "bo"])
def test_one_chooses_what_comes_by_mail_among_what_ones_role_gets(
    role: str, request: pytest.FixtureRequest, database: Database
):
    browser: Browser = request.getfixturevalue(role)
    page = browser.get("/account/notices").text
    browser.send("/account/notices", on="choose", by_mail=["comment"])
    with database.read() as session:
        chosen = {row.kind: row.by_mail for row in session.exec(select(NoticeChoice))}
    offered = set(Name) if role == "ann" else {Name.VERDICT, Name.GUARDRAIL, Name.MENTION,
                                               Name.COMMENT}  # fmt: skip

    assert set(re.findall(r'name="by_mail" value="(\w+)"', page)) == offered
    assert set(re.findall(r'value="(\w+)" checked', page)) == {
        name for name in offered if KINDS[name].by_mail
    }
    assert chosen == {name: name == "comment" for name in offered}


@pytest.fixture
def home(database: Database) -> str:
    with database.write() as session:
        return f"/experiments/{given_experiment(session).id}"


def test_a_comment_is_said_changed_and_taken_back(eve: Browser, home: str, database: Database):
    said = eve.send(f"{home}/comments", on="say", text="<script>\r\n@Bo why?")
    with database.read() as session:
        row = session.exec(select(Comment)).one()
    changed = eve.send(f"{home}/comments/{row.id}", on="change", text="@Bo why & how?")
    gone = eve.send(f"{home}/comments/{row.id}/remove", on="take back")

    assert "&lt;script&gt;\n@Bo why?" in said.text
    assert (row.text, len(row.mentions)) == ("<script>\n@Bo why?", 1)
    assert "@Bo why &amp; how?" in changed.text
    assert "changed" in changed.text
    assert "Nothing was said yet." in gone.text


@pytest.mark.parametrize("text", ["", " ", "x" * 4001])
def test_a_comment_that_cannot_be_kept_is_shown_again(eve: Browser, home: str, text: str):
    answer = eve.post(f"{home}/comments", text=text)

    assert answer.status_code == 422
    assert "Please look at the marked fields." in answer.text
    assert text.strip() in answer.text


def test_a_change_that_cannot_be_kept_stands_in_its_own_form(
    eve: Browser, home: str, database: Database
):
    eve.send(f"{home}/comments", on="say", text="As it was")
    with database.read() as session:
        row = session.exec(select(Comment)).one()
    answer = eve.post(f"{home}/comments/{row.id}", text="y" * 4001)

    assert answer.status_code == 422
    assert "y" * 4001 in answer.text
    assert answer.text.count("Please look at the marked fields.") == 1
    assert '<p class="talk__text keep">As it was</p>' in answer.text


def test_a_viewer_reads_and_watches_and_sees_no_form_that_is_refused(
    eve: Browser, bo: Browser, home: str
):
    eve.send(f"{home}/comments", on="say", text="Why?")
    page = bo.get(f"{home}/comments").text
    watched = bo.send(f"{home}/watch", on="watch", watch="yes").text
    stopped = bo.send(f"{home}/watch", on="stop", watch="no").text

    assert "Why?" in page
    assert f'action="{home}/comments' not in page
    assert bo.post(f"{home}/comments", text="x").status_code == 403
    assert "Told of what happens here: Bo, Eve." in watched
    assert "Told of what happens here: Eve." in stopped


def test_whoever_makes_an_experiment_watches_it(eve: Browser, database: Database):
    answer = eve.post("/experiments", name="A new one")
    with database.read() as session:
        watched = list(session.exec(select(Watch)).all())

    assert answer.status_code == 303, answer.text
    assert [row.is_on for row in watched] == [True]


def test_what_was_done_stands_beside_what_was_said(eve: Browser, home: str):
    eve.send("/features", on="make", title="Waste list", problem="")
    page = eve.get("/features").text
    feature = re.search(r'href="(/features/\w{20,})"', page)
    assert feature
    activity = eve.get(f"{feature[1]}/comments").text

    assert ">Made it<" in activity
    assert "Eve" in activity


def test_one_takes_along_what_is_kept_of_oneself_and_of_nobody_else(
    ann: Browser, eve: Browser, home: str, database: Database
):
    _told(database, "Ann", "hers")
    _told(database, "Eve", "fell")
    ann.send(f"{home}/comments", on="say", text="What Ann said")
    eve.send(f"{home}/comments", on="say", text="Why?")
    kept = eve.get("/account/export").json()

    assert [one["text"] for one in kept["comments"]] == ["Why?"]
    assert [one["sentence"] for one in kept["notices"]] == ["<b>fell</b> fell"]
    assert (kept["email"], len(kept["watches"])) == ("eve@halvern.example", 1)


def test_a_name_that_tells_nobody_is_said_to_its_author_alone(eve: Browser, bo: Browser, home: str):
    said = eve.send(f"{home}/comments", on="say", text="@nobody and @Bo: why?").text

    assert "“@nobody” told nobody: nobody of the team is called so" in said
    assert "told nobody" not in bo.get(f"{home}/comments").text

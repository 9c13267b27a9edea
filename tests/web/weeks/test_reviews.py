"""The weekly review as a manager holds it, and as its link shows it."""

import re
from datetime import timedelta

import pytest
from fastapi import FastAPI

from app.platform import clock
from app.platform.iso_weeks import week_of
from app.review import week_links
from tests.moments import OSLO
from tests.web.conftest import Browser

pytestmark = pytest.mark.calendar


@pytest.fixture
def week(eve: Browser) -> str:
    """Where /weeks leads to."""
    found = re.fullmatch(r"/weeks/(\d{4}-W\d\d)", eve.get("/weeks").headers["location"])
    assert found
    return found[1]


def items_of(html: str) -> list[str]:
    return re.findall(r"/items/(\w+)/drop", html)


def test_a_review_is_held_frozen_and_stays_as_it_was(eve: Browser, week: str):
    page = f"/weeks/{week}"
    eve.send(f"{page}/notes", on="blocker", kind="blocker", blocker="SMTP is slow")
    eve.send(f"{page}/notes", on="decision", kind="decision", decision="Two slices a week")
    noted = eve.send(f"{page}/commitments", on="commitment", text="Ask ten bakers", owner="Cem")
    frozen = eve.send(f"{page}/freeze", on="freeze")
    refused = eve.post(f"{page}/commitments", text="One more")

    for said in ("SMTP is slow", "Two slices a week", "Ask ten bakers", "Cem"):
        assert said in noted.text
        assert said in frozen.text
    assert "Frozen by Eve." in frozen.text
    assert "Take away" not in frozen.text
    assert refused.status_code == 409
    assert "is frozen, so nothing is added to it." in refused.text
    assert "frozen already" in eve.post(f"{page}/freeze").text


def test_a_line_is_taken_back(eve: Browser, week: str):
    noted = eve.send(f"/weeks/{week}/notes", on="note", kind="blocker", blocker="A mistake")
    (item,) = items_of(noted.text)
    after = eve.send(f"/weeks/{week}/items/{item}/drop", on="drop")

    assert "A mistake" not in after.text
    assert "No blockers." in after.text


def test_the_next_review_says_what_became_of_a_commitment(eve: Browser, week: str):
    before = re.search(r"← (\d{4}-W\d\d)", eve.get(f"/weeks/{week}").text)
    assert before
    promised = eve.send(f"/weeks/{before[1]}/commitments", on="promise", text="Ask ten bakers")
    (item,) = items_of(promised.text)
    asked = eve.get(f"/weeks/{week}").text
    done = eve.send(f"/weeks/{week}/commitments/{item}/kept", on="kept", kept="done").text
    odd = eve.post(f"/weeks/{week}/commitments/{item}/kept", kept="perhaps")

    is_over = week < week_of(clock.now().astimezone(OSLO).date())
    assert "Ask ten bakers" in asked
    assert ("Nobody has said whether it was done." in asked) == is_over
    assert "Nobody has said whether it was done." not in done
    assert ">Done<" in done
    assert odd.status_code == 422


def test_what_was_typed_is_not_lost_with_an_error(eve: Browser, week: str):
    empty = eve.post(f"/weeks/{week}/commitments", text=" ", owner="Cem")
    long = eve.post(f"/weeks/{week}/notes", kind="blocker", blocker="x" * 501)

    assert (empty.status_code, long.status_code) == (422, 422)
    assert 'value="Cem"' in empty.text
    assert "x" * 501 in long.text
    assert "at most 500 characters" in long.text


def test_what_was_written_is_shown_as_text(eve: Browser, week: str):
    noted = eve.send(
        f"/weeks/{week}/notes", on="note", kind="blocker", blocker="<script>alert(1)</script>"
    )

    assert "<script>alert(1)" not in noted.text
    assert "&lt;script&gt;alert(1)" in noted.text


def test_a_viewer_reads_and_changes_nothing(bo: Browser, week: str):
    page = bo.get(f"/weeks/{week}").text

    assert "Are we closer than when the cycle began?" in page
    assert "Freeze" not in page
    assert bo.post(f"/weeks/{week}/freeze").status_code == 403


@pytest.mark.parametrize("week", ["2026-W54", "last", "2026-47"])
def test_what_is_no_week_says_so(eve: Browser, week: str):
    answer = eve.get(f"/weeks/{week}")

    assert answer.status_code == 422
    assert "write it like 2026-W47" in answer.text


def test_its_link_shows_the_week_and_nothing_else(eve: Browser, stranger: Browser, week: str):
    eve.send(f"/weeks/{week}/commitments", on="promise", text="Ask ten bakers", owner="Cem")
    link = re.search(r"http\S+(/w/[\w-]+)", eve.get(f"/weeks/{week}").text)
    assert link
    shown = stranger.get(link[1])

    assert shown.status_code == 200
    assert "Ask ten bakers" in shown.text
    assert "<form" not in shown.text
    assert 'href="/key-results' not in shown.text
    assert stranger.get(link[1][:-4] + "AAAA").status_code == 404
    assert stranger.get(link[1].replace("/w/", "/s/")).status_code == 404


def test_a_link_is_good_for_thirty_days(stranger: Browser, application: FastAPI, week: str):
    def shown(days: float) -> int:
        made = clock.now() - timedelta(days=days)
        token = week_links.token_of(week, keyring=application.state.keyring, now=made)
        return stranger.get(f"/w/{token}").status_code

    assert (shown(29.9), shown(30.1)) == (200, 404)

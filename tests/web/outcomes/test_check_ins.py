"""Whoever reads a check-in says so with one click: on its page, in the week, by the API."""

import re
from datetime import UTC, datetime

import pytest

from app.platform.db import Database
from app.review import seen
from app.review.seen import Reader
from tests.web.conftest import Browser
from tests.web.outcomes.test_outcomes import a_key_result, on_friday

__all__ = ["on_friday"]  # the moment, for these tests, too
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def home(eve: Browser, database: Database) -> str:
    """A key result into which Eve has put a value."""
    home = f"/key-results/{a_key_result(database)}"
    eve.keep(f"{home}/values", date="2026-11-26", value="1300", comment="Two shops came back")
    return home


def button(page: str) -> str:
    """The address of the button beside the newest check-in."""
    found = re.search(r'action="(/key-results/\w+/check-ins/\w+/seen)"', page)
    assert found, "no button to say so"
    return found[1]


@pytest.mark.parametrize(
    ("names", "reader", "said"),
    [
        ((), "", ""),
        (("Ada",), "", "Seen by Ada"),
        (("Ada", "Bo"), "", "Seen by Ada and Bo"),
        (("Ada", "Bo", "Cleo"), "", "Seen by Ada and 2 others"),
        (("Ada",), "Ada", "Seen by you"),
        (("Ada", "Bo"), "Bo", "Seen by you and Ada"),
        (("Ada", "Bo", "Cleo"), "Cleo", "Seen by you and 2 others"),
    ],
)
def test_who_has_read_it_is_said_in_few_words(names: tuple[str, ...], reader: str, said: str):
    assert seen.in_words([Reader(one, one, AT) for one in names], reader=reader) == said


@pytest.mark.parametrize("where", ["{home}", "/", "/weeks/2026-W48"])
def test_a_viewer_says_so_with_one_click_and_its_author_sees_it(
    eve: Browser, bo: Browser, home: str, where: str
):
    where = where.format(home=home)
    page = bo.get(where).text
    said = bo.send(button(page), on=f"from {where}", seen="yes", onward=where)
    again = bo.send(button(page), on="pressed twice", seen="yes", onward=where)
    authors = eve.get(where).text
    taken_back = bo.send(button(again.text), on="back", seen="no", onward=where)

    assert "Two shops came back" in page
    assert "Seen by you" in said.text
    assert again.text.count("Seen by you") == 1
    assert "Seen by Bo" in authors
    assert "/check-ins/" not in authors  # it is hers: others read it
    assert "Seen by" not in taken_back.text.replace('scope="col">Seen by', "")


def test_another_value_of_the_day_is_to_be_read_anew(eve: Browser, bo: Browser, home: str):
    old = button(bo.get(home).text)
    bo.send(old, on="read", seen="yes")
    eve.keep(f"{home}/values", date="2026-11-26", value="1310")
    too_late = bo.send(old, on="of before", seen="yes")

    assert "Another value took the place of that one meanwhile." in too_late.text
    assert "Seen by you" not in too_late.text
    assert button(too_late.text) != old


def test_what_only_says_how_sure_somebody_is_may_be_read_too(eve: Browser, bo: Browser, home: str):
    eve.keep(f"{home}/confidence", confidence="8", comment="Surer")
    said = bo.send(button(bo.get(home).text), on="read", seen="yes")

    assert "Surer" in said.text
    assert said.text.count("Seen by you") == 1


def test_in_the_activity_it_is_talk_and_nothing_that_was_done(eve: Browser, bo: Browser, home: str):
    bo.send(button(bo.get(home).text), on="read", seen="yes")

    assert "check ins" not in bo.get(f"{home}/comments").text


def test_of_an_old_check_in_nobody_is_asked_any_more(eve: Browser, bo: Browser, home: str):
    eve.keep(f"{home}/values", date="2026-10-01", value="1250")

    assert bo.get(home).text.count("/check-ins/") == 1

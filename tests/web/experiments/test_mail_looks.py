"""While a mail is written it stands beside its text, as a real person gets it."""

import re
from urllib.parse import quote

import pytest

from tests.web.conftest import Browser
from tests.web.experiments.test_steps import fields_of
from tests.web.test_journey import CARD, id_in


@pytest.fixture
def step(eve: Browser, bakeries: str) -> str:
    """The mail's step of a draft."""
    made = id_in(eve.post("/experiments", **CARD, audience_id=bakeries), "experiments")
    return f"/experiments/{made}/edit/mail"


def frame_in(page: str) -> str:
    found = re.search(r'<iframe[^>]*src="([^"]*)"', page)
    assert found, page
    return found[1].replace("&amp;", "&")


def test_it_is_the_first_persons_until_another_is_asked_for(eve: Browser, step: str):
    first, other = eve.get(step).text, eve.get(f"{step}?reader=bo@b.example").text

    assert "Ann, 61 € a week" in first
    assert "Hello Ann" in eve.get(frame_in(first)).text
    assert "Bo, 44 € a week" in other
    assert "Hello Bo" in eve.get(frame_in(other)).text


def test_what_is_typed_is_seen_when_it_is_saved(eve: Browser, step: str):
    sent = fields_of(eve.get(step).text) | {"subject": "For {{ name }}", "reader": "bo@b.example"}
    told = eve.keep(step, **sent).text

    assert 'id="look"' in told
    assert "For Bo" in told
    assert frame_in(told) != frame_in(eve.get(f"{step}?reader=ann@b.example").text)


def test_what_keeps_it_from_being_seen_is_said_beside_it(eve: Browser, step: str):
    hint = "is all capitals, which filters take for spam"
    sound = eve.get(step).text
    shouting = eve.keep(step, **fields_of(sound) | {"subject": "YOUR WASTE IN EUROS"}).text
    checklist = eve.get(step.replace("edit/mail", "checklist")).text

    assert hint not in sound
    assert hint in shouting
    assert hint in checklist


def test_whose_mail_it_is_outlives_a_save_and_is_nothing_of_the_draft(eve: Browser, step: str):
    sent = fields_of(eve.get(step).text) | {"reader": "bo@b.example"}
    answer = eve.post(step, **sent)

    assert answer.headers["location"] == f"{step}?reader=bo%40b.example&said=saved"
    assert re.search(r'name="reader"[^>]*value="bo@b.example"', eve.get(
        answer.headers["location"]).text)  # fmt: skip
    assert "Ann, 61 € a week" in eve.get(step).text


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        ("nobody@else.example", "Nobody here has the address “nobody@else.example”."),
        ("cem@b.example", "euros"),  # their cell is empty
    ],
)
def test_who_gets_none_is_told_with_the_reason(eve: Browser, step: str, reader: str, said: str):
    page = eve.get(f"{step}?reader={reader}").text

    assert "<iframe" not in page
    assert said in page.partition('id="look"')[2]


@pytest.mark.parametrize(
    ("reader", "shown"),
    [
        ("Bo", "Bo, 44 € a week"),
        ("bo@", "Bo, 44 € a week"),
        ("44", "Bo, 44 € a week"),
        ("BO@B.EXAMPLE", "Bo, 44 € a week"),
        ("b.example", "3 people fit. This is Ann: write more to see another."),
        ("Zoe", "Nobody of this audience has “Zoe” in their name or columns."),
        ("@", "3 people fit."),
        ("x@@y", "Nobody here has the address “x@@y”."),
    ],
)
def test_anybody_is_found_by_name_address_or_column(
    eve: Browser, step: str, reader: str, shown: str
):
    assert shown in eve.get(f"{step}?reader={quote(reader)}").text


def test_without_an_audience_it_says_what_to_do(eve: Browser):
    made = id_in(eve.post("/experiments", **CARD), "experiments")

    assert "Choose an audience that has people" in eve.get(f"/experiments/{made}/edit/mail").text


def test_problems_are_told_as_they_arise(eve: Browser, step: str):
    sent = fields_of(eve.get(step).text)
    fine = eve.keep(step, **sent).text
    broken = eve.keep(step, **sent | {"body": "Hello {{ name }. [Show](answer:)"}).text

    assert "Must fix" not in fine
    assert "Must fix" in broken


def test_a_viewer_reads_nobodys_address(bo: Browser, step: str):
    page = bo.get(f"{step}?reader=bo@b.example").text

    assert "@b.example" not in page
    assert 'name="reader"' not in page

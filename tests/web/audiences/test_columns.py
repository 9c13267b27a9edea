"""The audience's page says how each column is read, and takes another word for it."""

import re

import pytest
from fastapi import FastAPI

from app.platform.db import Database
from app.web.audiences import columns
from tests.duties import read_imports
from tests.web.conftest import NOW, Browser

CSV = b"""email;name;Waste a week;renewal
ann@b.example;Ann;61,3;12.05.2027
bo@b.example;Bo;58;01.06.2027
cem@b.example;Cem;lots;02.06.2027
dee@b.example;Dee;n/a;03.06.2027
eli@b.example;Eli;7;04.06.2027
"""


@pytest.fixture
def bakers(eve: Browser, database: Database, application: FastAPI) -> tuple[str, str]:
    """The addresses of an audience and of its import."""
    page = eve.post("/audiences", name="Bakers")
    audience = page.headers["location"].partition("?")[0]
    done = eve.upload(f"{audience}/imports", "bakers.csv", CSV)
    read_imports(database, application.state.house.imports, "here", NOW)
    return audience, done.headers["location"].partition("?")[0]


def test_both_pages_show_type_examples_empty_and_misfits(eve: Browser, bakers: tuple[str, str]):
    for address in bakers:
        page = eve.get(address).text

        assert "{{ Waste_a_week }}" in page
        assert 'value="number:decimal_comma" selected' in page
        assert "61,3, 58, 7" in page
        assert "“lots” (line 4)" in page
        assert "can be read in two ways" in page


def test_an_import_lists_what_it_noted(eve: Browser, bakers: tuple[str, str]):
    page = eve.get(bakers[1]).text

    assert "“lots” is not a number; mails that use it leave this person out" in page
    assert '"line": 4' in eve.get(f"{bakers[1]}/notes").text


def test_the_author_says_how_a_column_is_read(eve: Browser, bakers: tuple[str, str]):
    audience, _ = bakers
    said = eve.post(f"{audience}/columns/renewal", reading="date:month_first")
    page = eve.get(audience).text

    assert said.status_code == 303
    assert 'value="date:month_first" selected' in page
    assert "can be read in two ways" not in page


@pytest.mark.parametrize("reading", ["", "date:", "date:decimal_comma", "colour:red"])
def test_a_reading_that_there_is_not_is_refused(
    eve: Browser, bakers: tuple[str, str], reading: str
):
    assert eve.post(f"{bakers[0]}/columns/renewal", reading=reading).status_code == 422


def test_who_may_only_look_sees_no_form(bo: Browser, bakers: tuple[str, str]):
    page = bo.get(bakers[0]).text

    assert "Number, 1.234,50" in page
    assert not re.search(r"<select[^>]*name=\"reading\"", page)


def test_help_tells_what_a_cell_means(eve: Browser):
    assert "Printed as typed, counted as meant" in eve.get("/help/columns").text


def test_the_cell_that_is_asked_about_is_one_that_two_readings_tell_apart():
    amounts = [{"examples": [5, "7", "1.234"], "type": "number", "choices": ["?"]}]
    days = [{"examples": ["31.12.2027", "05.06.2027"], "type": "date", "choices": ["?"]}]

    assert columns._question(amounts[0]).startswith("“1.234” is a number that can be read in two")
    assert columns._question(days[0]).startswith("“05.06.2027” is a date that can be read in two")
    assert columns._question(amounts[0] | {"examples": [5]}).startswith("A cell is a number")

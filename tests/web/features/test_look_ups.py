"""The search on every page: what it finds, of whom it says nothing, what it makes of odd words."""

import re
from typing import Any

import pytest
from sqlmodel import SQLModel

from app.audience.models import Person
from app.experiments.models import Experiment, Feature, Slice
from app.okr.models import KeyResult
from app.platform.db import Database
from app.review import learnings
from app.review.models import Decision
from tests.api.lists import PARENTS, filled
from tests.cast import DESIGN
from tests.web.conftest import Browser

_NAMES: dict[type[SQLModel], dict[str, Any]] = {
    Feature: {"title": "Quokka feature", "problem": "too many quokkas"},
    Slice: {"title": "Quokka slice", "status": "idea", "feature_id": "one"},
    Experiment: {"name": "Quokka mail", "design": DESIGN, "status": "draft"},
    KeyResult: {"title": "Quokkas seen", "kind": "increase", "source": "manual"},
    Person: {"email": "quokka@b.example", "email_key": "quokka@b.example", "name": "Cem"},
}
_KINDS = {"Experiments", "Features", "Slices", "Key results"}


@pytest.fixture
def zoo(database: Database) -> None:
    with database.write() as session:
        for model, fields in PARENTS.items():
            session.add(filled(model, 0, id="one", **fields))
            session.flush()
        for model, fields in _NAMES.items():
            session.add(filled(model, 1, id="two", **fields))
            session.flush()


def headings(page: str) -> set[str]:
    return set(re.findall(r"<h2>(.*?)</h2>", page))


@pytest.mark.usefixtures("zoo")
@pytest.mark.parametrize("words", ["quokka", "QUOKKA", " uokk "])
def test_each_kind_is_found_in_any_case(eve: Browser, words: str):
    assert headings(eve.post("/search", q=words).text) == _KINDS | {"People"}


@pytest.mark.usefixtures("zoo")
def test_an_address_holds_nobody_and_a_viewer_finds_nobody(eve: Browser, bo: Browser):
    kept = eve.get("/search?q=quokka").text
    viewed = bo.post("/search", q="quokka").text
    by_address = bo.post("/search", q="quokka@b.example").text

    assert headings(kept) == _KINDS
    assert "by the button alone" in kept
    assert headings(viewed) == _KINDS
    assert headings(by_address) == set()
    assert "quokka@b.example</a>" not in viewed + by_address
    assert "by the button alone" not in viewed + by_address


@pytest.mark.usefixtures("zoo")
@pytest.mark.parametrize(
    ("words", "said"),
    [("", "What are you looking for?"), ("q", "Write two letters at least."),
     ("wombat", "Nothing has all of these words."), ("quokka wombat", "Nothing has all"),
     ("%%", "Nothing has all"), ("__", "Nothing has all"), ("\\\\", "Nothing has all"),
     ("' OR 1=1 --", "Nothing has all"), ("😀😀", "Nothing has all")],
)  # fmt: skip
def test_what_finds_nothing_says_what_to_do(ann: Browser, words: str, said: str):
    assert said in ann.post("/search", q=words).text


def test_words_too_long_are_refused_in_a_sentence(ann: Browser):
    assert "200 characters at most" in ann.post("/search", q="x" * 201).text
    assert ann.get("/search?q=" + "x" * 201).status_code == 422


def test_more_than_ten_lead_to_the_list_of_all(ann: Browser, database: Database):
    with database.write() as session:
        for number in range(12):
            session.add(filled(Feature, number, id=f"f{number:02}", title=f"Numbat {number}"))
    page = ann.post("/search", q="numbat").text

    assert len(re.findall(r'href="/features/f\d\d"', page)) == 10
    assert 'href="/features?q=numbat"' in page
    assert len(re.findall(r'href="/features/f\d\d"', ann.get("/features?q=numbat").text)) == 12


@pytest.mark.usefixtures("zoo")
def test_a_learning_is_found_by_the_beginning_of_its_words(ann: Browser, database: Database):
    with database.write() as session:
        session.add(
            filled(Decision, 1, experiment_id="two", decision="stop", learning="Nobody came")
        )
        session.flush()
        learnings.keep_words(session, "two")

    assert "Learnings" in headings(ann.post("/search", q="nobo").text)

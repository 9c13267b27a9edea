"""Several versions and a group that gets nothing, from the form to the launch."""

import re

import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.delivery.models import Notice
from app.platform.db import Database
from tests.duties import read_imports
from tests.web.conftest import NOW, Browser
from tests.web.test_journey import CARD, id_in

TWO = CARD | {
    "second_subject": "{{ name }}, you lose {{ euros }} €",
    "second_body": "Bye {{ name }}. [Show my list](answer:)",
    "second_answer": "# {{ euros }} €",
    "rule_kind": "comparison",
    "baseline": "insight",
    "mde": "2",
}


@pytest.fixture
def bakeries(eve: Browser, database: Database, application: FastAPI, bakeries: str) -> str:
    """Forty who can be mailed: two of one version and two of another could not be compared."""
    more = "".join(f"b{n}@b.example,B{n},{n + 10}\n" for n in range(38))
    eve.upload(f"/audiences/{bakeries}/imports", "more.csv", f"email,name,euros\n{more}".encode())
    read_imports(database, application.state.house.imports, "here", NOW)
    return bakeries


@pytest.fixture
def framings(eve: Browser, bakeries: str) -> str:
    """Two versions, half of everybody each."""
    return id_in(eve.post("/experiments", **TWO, audience_id=bakeries), "experiments")


@pytest.fixture
def held(eve: Browser, bakeries: str) -> str:
    """One version against a holdout of half."""
    fields = CARD | {
        "metric_kind": "conversion_rate",
        "event": "paid",
        "holdout": "50",
        "rule_kind": "comparison",
        "baseline": "holdout",
        "mde": "2",
        "threshold": "",
    }
    return id_in(eve.post("/experiments", **fields, audience_id=bakeries), "experiments")


def test_a_preview_shows_the_version_that_was_asked_for(eve: Browser, framings: str):
    path = f"/experiments/{framings}/preview"
    page = eve.get(path).text
    person = re.search(r'<option value="([a-z0-9]{20})"[^>]*>Ann', page)
    assert person
    second = eve.get(f"{path}?person={person[1]}&version=second").text
    mail = eve.get(f"{path}/mail?person={person[1]}&version=second").text

    assert "Ann, 61 € a week" in page
    assert "Ann, you lose 61 €" in second
    assert "Bye Ann." in mail


def test_a_version_that_is_none_is_shown_as_the_first(eve: Browser, framings: str):
    page = eve.get(f"/experiments/{framings}/preview?version=third")

    assert page.status_code == 200
    assert "61 € a week" in page.text


def test_a_single_version_offers_no_choice_of_versions(eve: Browser, held: str):
    assert 'aria-label="Versions"' not in eve.get(f"/experiments/{held}/preview").text


def test_the_launch_page_counts_each_version_and_shows_a_mail_of_each(eve: Browser, framings: str):
    page = eve.get(f"/experiments/{framings}/launch").text

    assert "Version “insight”" in page
    assert "Version “second”" in page
    assert "Send to 40 people" in page
    assert "Ann, you lose 61 €" in page


def test_whoever_gets_nothing_is_not_counted_among_those_who_are_mailed(eve: Browser, held: str):
    page = eve.get(f"/experiments/{held}/launch").text

    assert "Get nothing (holdout)" in page
    assert "Send to about 20 people" in page


def test_the_test_mail_comes_in_every_version(eve: Browser, framings: str, database: Database):
    eve.send(f"/experiments/{framings}/test-send", on="test", to="eve@halvern.example")
    with database.read() as session:
        subjects = set(session.exec(select(Notice.subject)).all())

    assert {subject.partition(" ")[2] for subject in subjects} >= {"61 € a week", "you lose 61 €"}


def test_the_usual_rate_is_typed_in_kept_and_planned_with(eve: Browser, bakeries: str):
    typed = TWO | {"base_rate": "12,5"}
    made = id_in(eve.post("/experiments", **typed, audience_id=bakeries), "experiments")
    form = eve.get(f"/experiments/{made}/edit/count").text
    plan = eve.keep(f"/experiments/{made}/edit/count", **typed).text

    assert re.search(r'name="base_rate"[^>]*value="12\.5"', form)
    assert "12.5 % of “insight”" in eve.get(f"/experiments/{made}").text
    assert "if 12.5 % of the baseline click" in plan or "too few" in plan.lower()


@pytest.mark.parametrize("wrong", ["0", "100", "-3", "many"])
def test_a_usual_rate_that_is_none_is_refused_beside_its_field(
    eve: Browser, bakeries: str, wrong: str
):
    fields = TWO | {"base_rate": wrong}
    made = id_in(eve.post("/experiments", **fields, audience_id=bakeries), "experiments")
    answer = eve.get(f"/experiments/{made}/edit/count")

    assert re.search(rf'name="base_rate"[^>]*value="{wrong}"', answer.text)
    assert re.search(r'name="base_rate"[^>]*aria-invalid="true"', answer.text)

"""Copy as template, on the pages."""

import re

import pytest

from tests.web.conftest import Browser
from tests.web.test_journey import id_in


@pytest.fixture
def cycle(eve: Browser) -> str:
    eve.send("/cycles", on="cycle", cycle_name="2026 Q4", starts="2026-10-01", ends="2026-12-31")
    found = re.search(r"/cycles/(\w{20})", eve.get("/objectives").text)
    assert found
    return found[1]


def test_the_next_cycle_is_made_from_this_one(eve: Browser, cycle: str):
    asked = eve.get(f"/cycles/{cycle}").text
    made = eve.send(
        f"/cycles/{cycle}/copy",
        on="copy",
        copy_name="2027 Q1",
        copy_starts="2027-01-01",
        copy_ends="2027-03-31",
    )
    taken = eve.post(f"/cycles/{cycle}/copy", copy_name="2027 Q1", copy_starts="2027-01-01")

    assert 'value="2027-01-01"' in asked
    assert "1 Jan 2027 to 31 Mar 2027" in made.text
    assert taken.status_code == 422
    assert "There is a cycle “2027 Q1” already." in taken.text
    assert 'value="2027 Q1"' in taken.text


def test_a_file_goes_out_and_comes_in(eve: Browser, cycle: str):
    file = eve.get(f"/cycles/{cycle}/template")
    sent = {"copy_name": "2027 Q1", "copy_starts": "2027-01-01"}
    made = eve.upload("/cycles/from-template", "book.yaml", file.content, **sent)
    wrong = eve.upload("/cycles/from-template", "book.yaml", b"a: [", **sent)

    assert file.headers["content-disposition"] == 'attachment; filename="playbook-2026-Q4.yaml"'
    assert made.status_code == 303
    assert "2027 Q1" in eve.get(made.headers["location"].partition("?")[0]).text
    assert wrong.status_code == 422
    assert "This is not YAML" in wrong.text
    assert 'value="2027 Q1"' in wrong.text


def test_a_viewer_copies_nothing(bo: Browser, eve: Browser, cycle: str):
    assert "Copy as template" not in bo.get(f"/cycles/{cycle}").text
    assert bo.post(f"/cycles/{cycle}/copy", copy_name="x").status_code == 403


def test_an_experiment_is_kept_as_a_template_and_begun_from(eve: Browser, bakeries: str):
    form = {
        "name": "Waste in euros",
        "audience_id": bakeries,
        "subject": "{{ name }}, look",
        "body": "[Look](answer:)",
        "answer": "Thank you",
        "metric": "click_rate",
        "window_hours": "72",
        "rule": "threshold",
        "threshold": "8",
        "confidence": "95",
    }
    made = eve.post("/experiments", **form)
    home = f"/experiments/{id_in(made, 'experiments')}"
    kept = eve.send(f"{home}/template", on="keep", name="In euros", about="600 people")
    again = eve.post(f"{home}/template", name="In euros")
    listed = eve.get(f"{home}/template").text
    (template,) = re.findall(r"/experiments/templates/(\w+)/remove", listed)
    begun = id_in(eve.post("/experiments", name="Next", begun=f"own-{template}"), "experiments")
    after = eve.send(f"/experiments/templates/{template}/remove", on="remove")

    assert "In euros ✓" in kept.text
    assert "{{ name }}, look" in eve.get(f"/experiments/{begun}/edit/mail").text
    assert again.status_code == 422
    assert "There is a template “In euros” already." in again.text
    assert "In euros" not in after.text

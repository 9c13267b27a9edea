"""Versions of a draft as people meet them: told field by field, undone, brought back."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from app.experiments import store, versions
from app.experiments.models import Experiment, Status
from app.platform.db import Database
from app.web.experiments import version_words
from app.web.experiments.form_fields import FIELDS
from app.web.experiments.form_steps import STEPS, Step
from tests import moments
from tests.moments import NOW
from tests.web.conftest import Browser
from tests.web.experiments.test_form_fields import typed_for
from tests.web.experiments.test_steps import design_of
from tests.web.test_journey import id_in

_LATER = versions.GOES_ON + timedelta(seconds=1)
BELIEF = "Bakers act on waste when it is told in euros."


@pytest.fixture
def draft(eve: Browser) -> str:
    return id_in(eve.post("/experiments", name="Waste in euros"), "experiments")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> "Later":
    return Later(monkeypatch)


class Later:
    """Lets minutes pass, so that nobody goes on with what they wrote."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch, self._now = patch, NOW
        moments.state(patch, NOW)

    def __call__(self) -> None:
        self._now += _LATER
        moments.state(self._patch, self._now)


def told(browser: Browser, draft: str) -> list[str]:
    """Newest first: the sentence and the differences of each version, without tags."""
    page = browser.get(f"/experiments/{draft}/versions").text
    items = page.partition('<ol class="history">')[2].partition("</ol>")[0].split("<li ")[1:]
    return [" ".join(unescape(re.sub(r"<[^>]*>", " ", f"<li {one}")).split()) for one in items]


def undo(browser: Browser, draft: str, step: str = "believe", **typed: str) -> str:
    """Press Undo as it stands on the page; the page that comes of it."""
    address = f"/experiments/{draft}/edit/{step}"
    return press(browser, address, mark(browser.get(address).text), **typed)


def press(browser: Browser, address: str, seen: str, **typed: str) -> str:
    return browser.send(address, on="undo", undo=seen, **typed).text


def mark(page: str) -> str:
    found = re.search(r'name="undo" value="([^"]*)"', page)
    return found[1] if found else ""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_every_field_of_the_form_is_told_by_its_label(eve: Browser, later: Later, step: Step):
    untold = []
    for field in step.fields:
        draft = id_in(eve.post("/experiments", name="Waste"), "experiments")
        later()
        typed: dict[str, Any] = {
            name: list(texts) for name, texts in typed_for(field).fields.items()
        }
        eve.post(f"/experiments/{draft}/edit/{step.key}", **typed)
        label = field.asked.shown.removesuffix(" …")
        newest = told(eve, draft)[0]
        if label not in newest or "Now" not in newest:
            untold.append((field.name, label, newest))

    assert untold == []


def test_a_field_of_every_path_has_words():
    assert [
        path for path in (field.path for field in FIELDS.values())
        if version_words.field_of(_as_told(path)) is None
    ] == []  # fmt: skip


def _as_told(path: str) -> str:
    return f"{path}.max" if path.startswith("guardrails.") else path.replace("waves.0", "waves.1")


def test_who_goes_on_writing_goes_on_with_one_version(eve: Browser, ann: Browser, draft: str):
    path = f"/experiments/{draft}/edit/believe"
    for belief in ("Bakers", "Bakers act", BELIEF):
        eve.keep(path, believe=belief)
    ann.keep(path, measure="Who clicks.")
    found = told(eve, draft)

    assert len(found) == 3
    assert found[0].startswith("Changed We measure Now Version 3 · Ann ·")
    assert found[1].startswith("Changed We believe Version 2 · Eve ·")
    assert BELIEF in found[1]
    assert found[2].startswith("Begun Version 1 · Eve ·")


def test_another_template_loses_no_word_and_is_undone(
    eve: Browser, draft: str, database: Database, later: Later
):
    path = f"/experiments/{draft}/edit/believe"
    eve.post(path, believe=BELIEF)
    later()
    before = design_of(database, draft)
    eve.post(path, begin="door", believe=BELIEF)
    filled = design_of(database, draft)
    page = undo(eve, draft)

    assert filled["hypothesis"]["believe"] == BELIEF
    assert filled["hypothesis"]["verify"].startswith("We mail the way in")
    assert design_of(database, draft) == before
    assert "Undone. What it took back is kept among the versions of this draft." in page
    assert "Filled in from a template" in told(eve, draft)[1]


def test_words_that_are_not_saved_yet_are_a_version_before_they_are_undone(
    eve: Browser, draft: str, database: Database, later: Later
):
    eve.post(f"/experiments/{draft}/edit/believe", believe=BELIEF)
    later()
    undo(eve, draft, believe=BELIEF, measure="Typed a moment ago.")
    back = design_of(database, draft)["hypothesis"]
    later()
    eve.post(f"/experiments/{draft}/versions/3/restore", mark="4.1")

    assert back["believe"] == BELIEF
    assert back["measure"] != "Typed a moment ago."
    assert design_of(database, draft)["hypothesis"]["measure"] == "Typed a moment ago."


def test_undo_takes_nothing_back_that_nobody_saw(
    eve: Browser, ann: Browser, draft: str, database: Database, later: Later
):
    path = f"/experiments/{draft}/edit/believe"
    eve.post(path, believe=BELIEF)
    seen = mark(eve.get(path).text)
    later()
    ann.post(path, measure="Who clicks.")
    page = press(eve, path, seen)
    kept = design_of(database, draft)["hypothesis"]
    again = undo(eve, draft)

    assert "Somebody else changed this draft meanwhile, so nothing was undone." in page
    assert "(Ann’s change)" in page
    assert kept["measure"] == "Who clicks."
    assert "Undone." in again
    assert design_of(database, draft)["hypothesis"]["measure"] != "Who clicks."


def test_nothing_is_undone_where_nothing_was_changed(eve: Browser, draft: str):
    page = eve.get(f"/experiments/{draft}/edit/believe").text

    assert 'name="undo"' not in page
    assert "There is nothing left to undo." in press(
        eve, f"/experiments/{draft}/edit/believe", "1.1"
    )


def test_a_page_that_saves_itself_brings_the_button_that_undoes_it(eve: Browser, draft: str):
    path = f"/experiments/{draft}/edit/believe"
    fragment = eve.keep(path, believe=BELIEF).text

    assert mark(fragment)
    assert "Undone." in press(eve, path, mark(fragment))


def test_bringing_back_is_refused_where_somebody_was_quicker(
    eve: Browser, ann: Browser, draft: str, database: Database, later: Later
):
    later()
    eve.post(f"/experiments/{draft}/edit/believe", believe=BELIEF)
    page = eve.get(f"/experiments/{draft}/versions").text
    seen = re.search(r'name="mark" value="([^"]*)"', page)
    assert seen is not None
    ann.post(f"/experiments/{draft}/edit/believe", measure="Who clicks.")
    answer = eve.post(f"/experiments/{draft}/versions/1/restore", mark=seen[1])

    assert answer.status_code == 422
    assert "Somebody changed this draft after you looked at it" in answer.text
    assert design_of(database, draft)["hypothesis"]["measure"] == "Who clicks."
    now = re.search(r'name="mark" value="([^"]*)"', answer.text)
    assert now is not None
    eve.send(f"/experiments/{draft}/versions/1/restore", on="restore", mark=now[1])
    assert told(eve, draft)[0].startswith("Brought back version 1 Now Version 4 · Eve")


def test_a_viewer_reads_and_brings_nothing_back(eve: Browser, bo: Browser, draft: str):
    eve.post(f"/experiments/{draft}/edit/count", threshold="many")
    page = bo.get(f"/experiments/{draft}/versions").text

    assert "Your line, as it was typed" in page
    assert "Bring this back" not in page
    assert bo.post(f"/experiments/{draft}/versions/1/restore", mark="2.1").status_code == 403


def test_what_is_launched_says_which_version_it_was(
    eve: Browser, draft: str, database: Database, later: Later
):
    later()
    eve.post(f"/experiments/{draft}/edit/believe", believe=BELIEF)
    with database.write() as session:
        store.experiment_of(session, draft).status = Status.DECIDED
    page = eve.get(f"/experiments/{draft}/versions").text

    assert told(eve, draft)[0].startswith("Changed We believe Launched Version 2 · Eve")
    assert "Bring this back" not in page
    assert eve.post(f"/experiments/{draft}/versions/1/restore", mark="2.1").status_code == 422


def test_a_version_that_is_not_kept_says_so(eve: Browser, draft: str):
    answer = eve.post(f"/experiments/{draft}/versions/9/restore", mark="1.1")

    assert answer.status_code == 422
    assert "There is no such version of this draft, or it is not kept any more." in answer.text


def test_what_was_written_before_versions_were_kept_has_an_empty_page(
    eve: Browser, database: Database
):
    with database.write() as session:
        row = Experiment(name="Old", design={}, created_at=NOW, updated_at=NOW)
        session.add(row)
        session.flush()
        old = row.id

    assert "No version is kept yet." in eve.get(f"/experiments/{old}/versions").text

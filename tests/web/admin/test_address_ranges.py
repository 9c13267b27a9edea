"""Lists of address ranges on their page: what is in force, loaded by a form, refused by line."""

from pathlib import Path

import pytest
from sqlmodel import select

from app.identity.models import AuditRow
from app.platform.db import Database
from tests.tracking.test_ranges import placed_at
from tests.web.conftest import Browser

PAGE = "/address-ranges"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_an_admin_sees_what_is_built_in_and_loads_a_list(
    ann: Browser, database: Database, tmp_path: Path
):
    before = ann.get(PAGE).text
    went = ann.upload(PAGE, "ours.txt", b"9.10.0.0/16 vendor\n9.11.0.1 people\n")
    after = ann.get(went.headers["location"]).text
    with database.read() as session:
        rows = session.exec(select(AuditRow.action, AuditRow.subject)).all()

    assert "networks of mail scanners" in before
    assert "ours.txt" not in before
    assert "1 network of mail scanners, 1 network of people" in after
    assert "Loaded. Clicks that come from now on" in after
    assert placed_at(tmp_path / "ranges", "9.10.0.1") == "security_vendor"
    assert ("POST /address-ranges", "ours.txt") in rows


def test_a_bad_line_is_named_above_the_form_and_what_was_typed_stays(ann: Browser):
    said = ann.upload(PAGE, "x.txt", b"9.10.0.0/16\noops\n", name="mine", **{"class": "vendor"})

    assert said.status_code == 422
    assert "Line 2: “oops” is no network" in said.text
    assert 'value="mine"' in said.text
    assert '<option value="vendor" selected>' in said.text
    assert "mine</th>" not in said.text


@pytest.mark.parametrize(
    ("file", "typed", "sentence"),
    [
        ("", {}, "Choose a file first."),
        ("a b.txt", {}, "“a b.txt” is no name for a list"),
        ("x.txt", {"class": "robots"}, "“robots” is no class"),
    ],
)
def test_a_form_that_says_too_little_or_nonsense_is_shown_again(
    ann: Browser, file: str, typed: dict[str, str], sentence: str
):
    said = ann.upload(PAGE, file, b"9.10.0.0/16\n", **typed)

    assert said.status_code == 422
    assert sentence in said.text


def test_lists_go_one_by_one_or_all_at_once(ann: Browser, tmp_path: Path):
    for name in ("one", "two", "three"):
        ann.upload(PAGE, name, b"9.10.0.0/16\n")
    removed = ann.send(f"{PAGE}/one/remove", on="address ranges").text
    reset = ann.send(f"{PAGE}/reset", on="address ranges").text

    assert ("one</th>" in removed, "two</th>" in removed) == (False, True)
    assert "Only the built-in table is left." in reset
    assert placed_at(tmp_path / "ranges", "9.10.0.1") is None
    assert ann.post(f"{PAGE}/one/remove").status_code == 404


def test_others_neither_see_nor_change_them(eve: Browser, bo: Browser):
    assert {one.get(PAGE).status_code for one in (eve, bo)} == {403}
    assert eve.post(f"{PAGE}/reset").status_code == 403
    assert eve.upload(PAGE, "own", b"9.10.0.0/16\n").status_code == 403

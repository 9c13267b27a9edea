"""A form that is shown again says what it could not hold: passwords and files."""

import re
from pathlib import Path

import pytest

from app.web.kit.form_state import PASSWORDS, Typed
from tests.web.conftest import Browser

TEMPLATES = Path(__file__).parents[3] / "templates"
_FIELD = r'(?:new_password\(form, "(\w+)"|text\(form, "(\w+)"[^}]*type="password")'


def test_every_field_for_a_password_is_known():
    pages = [path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html")]
    found = {one or other for page in pages for one, other in re.findall(_FIELD, page)}

    assert found == PASSWORDS


@pytest.mark.parametrize(
    ("form", "forgotten"),
    [
        (Typed.of(name="Ann"), ""),
        *((Typed.of(**{name: ""}), "the password") for name in sorted(PASSWORDS)),
        (Typed(had_file=True), "the file"),
        (Typed(fields={"password": ("",)}, had_file=True), "the password and the file"),
    ],
)
def test_what_a_form_forgets(form: Typed, forgotten: str):
    assert form.forgets == forgotten


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_refused_form_says_what_must_be_given_once_more(eve: Browser):
    password = eve.post("/password", old="not mine", password="another long sentence")
    file = eve.upload("/start/people", "bakers.csv", b"email\n", name="")
    neither = eve.post("/features", title="")

    assert "lost: only the password must be given once more." in password.text
    assert "lost: only the file must be given once more." in file.text
    assert "Nothing that you typed is lost." in neither.text

"""Images for mails, as another system brings them: the file as base64, told where it is none."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.api.images import ImageDraft
from tests.api.conftest import Api, as_

WHOLE: dict[str, Any] = ImageDraft.model_json_schema()["examples"][0]


@pytest.fixture
def editor(application: FastAPI) -> Api:
    return as_(application, "editor")


def test_an_image_is_kept_said_in_other_words_listed_and_taken_away(editor: Api):
    made = editor.made("/images", WHOLE)
    place = f"/images/{made['id']}"
    editor.ask("PATCH", place, json={"says": "Four loaves"})

    assert [(one["says"], one["kind"]) for one in editor.read("/images")["items"]] == [
        ("Four loaves", "png")
    ]
    assert made["source"].startswith("image:")
    assert editor.ask("DELETE", place).status_code == 204
    assert editor.get(place).status_code == 404


@pytest.mark.parametrize(
    "written",
    ["", "\x15û¯", "é", "====", "ab", "a b c d", "%00", "ZGF0YQ==", "-_-_", "🥖"],
)
def test_what_is_no_base64_or_no_image_is_told_at_its_field(editor: Api, written: str):
    answer = editor.post("/images", WHOLE | {"file": written})

    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == ["file"]

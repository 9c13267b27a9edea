"""Refused lines by the API: read with their cells, mended once."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.audience import confirming, imports
from app.audience.models import Import
from app.audience.schemas import FileWords
from app.platform.db import Database
from app.platform.errors import Invalid
from tests.api.conftest import NOW, Api
from tests.duties import read_imports

FILE = b"email,name\nann@b.example,Ann\nnobody,Dee\nann@b.example,Ann again\n"
KIND = {"content-type": "text/csv"}


@pytest.fixture
def path(api: Api, database: Database, application: FastAPI) -> str:
    """Where the refused lines of a file stand."""
    made = api.made("/audiences", {"name": "Of a file"})["id"]
    begun = api.ask("POST", f"/audiences/{made}/imports", content=FILE, headers=KIND).json()
    read_imports(database, application.state.house.imports, "here", NOW)
    return f"/imports/{begun['id']}/refused"


def test_a_line_is_read_mended_and_gone(api: Api, path: str):
    line = api.read(f"{path}/3")
    mended: dict[str, Any] = api.made(
        f"{path}/3", {"cells": line["cells"] | {"email": "d@b.example"}}
    )
    again = api.post(f"{path}/3", {"cells": {"email": "other@b.example"}})

    assert line["cells"] == {"email": "nobody", "name": "Dee"}
    assert line["reason"].startswith("bad_address: ")
    assert mended["refused"] == 1
    assert api.read(f"/people/{mended['person_id']}/export")["person"]["email"] == "d@b.example"
    assert again.status_code == 409
    assert "Line 3 is not refused" in again.json()["detail"]


@pytest.mark.parametrize(
    ("line", "cells", "status"),
    [
        (3, {"email": "nobody"}, 422),
        (3, {}, 422),
        (4, {"email": "ann@b.example"}, 422),
        (3, {"email": "d@b.example", "size": 9}, 422),
        (2, {"email": "d@b.example"}, 409),
        (2**31, {"email": "d@b.example"}, 422),
    ],
)
def test_what_cannot_be_taken_says_why_and_takes_nothing(
    api: Api, path: str, line: int, cells: dict[str, Any], status: int
):
    answer = api.post(f"{path}/{line}", {"cells": cells})

    assert answer.status_code == status
    assert api.read(path.removesuffix("/refused"))["refused"] == 2


def test_a_viewer_reads_no_cell(viewer: Api, path: str):
    assert viewer.get(f"{path}/3").status_code == 403
    assert viewer.post(f"{path}/3", {"cells": {}}).status_code == 403


@pytest.mark.parametrize(("lines", "signs"), [(101, 1), (60, 5_000)])
def test_what_is_mended_before_the_import_is_bounded_however_often_it_is_said(
    lines: int, signs: int
):
    first, second = (
        FileWords(mended={start + line: {"email": "a" * signs} for line in range(lines)})
        for start in (1, 1 + lines)
    )
    look = Import(format="csv", said=first.model_dump(mode="json"))  # type: ignore[call-arg]  # as far as it is read

    assert confirming.together(look, FileWords()).mended == first.mended
    with pytest.raises(Invalid, match="200 of its lines"):
        confirming.together(look, second)


def test_a_file_that_fails_or_is_cancelled_keeps_nothing_of_its_mended_lines(
    api: Api, database: Database
):
    said = FileWords(mended={3: {"email": "d@b.example"}}).model_dump(mode="json")
    made = api.made("/audiences", {"name": "Of a file"})["id"]
    with database.write() as session:
        row = Import(
            audience_id=made, format="csv", folder="x", created_at=NOW, said=said, status="running"
        )
        session.add(row)
        session.flush()
        imports.give_up(session, row.id, by="Ann", now=NOW)
        cancelled, row.said = row.said, said
        imports._fail(row, ValueError("a"), now=NOW)

    assert cancelled is not None
    assert row.said is not None
    assert cancelled["mended"] == row.said["mended"] == {}

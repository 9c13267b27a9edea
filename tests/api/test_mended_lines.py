"""Refused lines by the API: read with their cells, mended once."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.platform.db import Database
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

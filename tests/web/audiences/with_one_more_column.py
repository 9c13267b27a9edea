"""What `test_own_columns` runs with the plugin: a column that is declared is wherever it has to be.

The table gets it here as a migration would.
"""

from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.api import imports as import_routes
from app.api.people import PersonOut
from app.audience import headers, members, own, store
from app.audience.columns import Columns
from app.audience.models import Person
from app.delivery import person_store, preview, reserving
from app.platform.db import Database
from app.privacy import erasing, export
from app.privacy.registry import PARTS
from app.web.kit import choices
from tests.cast import MARKS
from tests.duties import read_imports
from tests.web.audiences.one_more_column import NAME
from tests.web.conftest import NOW, Browser

FILE = b"email,Rufname,euros\nann@b.example,Annie,61\nbo@b.example,,44\n"


@pytest.fixture
def bakers(eve: Browser, database: Database, application: FastAPI) -> str:
    """An audience whose file calls the column as one of its headers does."""
    with database.write() as session:
        session.execute(text(f"ALTER TABLE person ADD COLUMN {NAME} VARCHAR NOT NULL DEFAULT ''"))
    made = eve.post("/audiences", name="Bakers").headers["location"]
    audience_id = made.split("/")[2].split("?")[0]
    eve.upload(f"/audiences/{audience_id}/imports", "bakers.csv", FILE)
    read_imports(database, application.state.house.imports, "here", NOW)
    return audience_id


def test_a_file_fills_it_and_nothing_else_of_the_audience_is_called_so(
    database: Database, bakers: str
):
    with database.read() as session:
        found = {one.email: one for one in members.chunk(session, bakers, after=None, limit=5)}
        columns = [one["name"] for one in store.audience_of(session, bakers).columns]

    assert {email: one.own[NAME] for email, one in found.items()} == {
        "ann@b.example": "Annie",
        "bo@b.example": "",
    }
    assert columns == ["euros"]


def test_a_file_that_names_it_again_changes_it(
    eve: Browser, database: Database, bakers: str, application: FastAPI
):
    again = FILE.replace(b"Annie", b"Ann-Marie")
    eve.upload(f"/audiences/{bakers}/imports", "bakers.csv", again)
    read_imports(database, application.state.house.imports, "here", NOW)

    with database.read() as session:
        ann = store.person_by_email(session, "ann@b.example")
    assert getattr(ann, NAME) == "Ann-Marie"


def test_its_name_is_reserved():
    written = ("email", "nickname", "NickName", "Rufname")

    names = [one.name for one in headers.columns_of(written)]

    assert names == ["email", NAME, f"{NAME}_2", "Rufname"]


def test_a_filter_and_every_mail_see_it(database: Database, bakers: str):
    with database.read() as session:
        ann, bo = sorted(members.chunk(session, bakers, after=None, limit=5), key=lambda m: m.email)
        shown = person_store.members(session, bakers, [ann.person_id])[ann.person_id]
        person = store.person_of(session, ann.person_id)
    sent = SimpleNamespace(**person.model_dump(), frozen={"euros": "61"})

    assert Columns().real("Nick Name") == NAME
    assert ann.row()[NAME] == "Annie"
    assert NAME not in bo.row()
    assert preview.columns_of(shown)[NAME] == "Annie"
    assert reserving.columns_of(sent)[NAME] == "Annie"  # type: ignore[arg-type]  # a row's attributes
    assert person_store.people_of(session, []) == {}


def test_the_pages_name_it(eve: Browser, database: Database, bakers: str):
    with database.read() as session:
        offered = choices.columns(session, bakers)

    assert f"“{NAME}”" in eve.get(f"/audiences/{bakers}").text
    assert NAME in offered


def test_the_api_answers_it_and_says_that_it_is_known():
    shape: dict[str, Any] = PersonOut.model_json_schema(mode="serialization")

    assert NAME in shape["properties"]
    assert NAME in shape["required"]
    assert shape["example"][NAME] == own.OWN[NAME].example
    assert f" {NAME}," in import_routes._TAKEN


def test_it_is_exported_and_erased(database: Database, bakers: str):
    (part,) = [one for one in PARTS if one.model is Person]
    with database.read() as session:
        ann = store.person_by_email(session, "ann@b.example")
        assert ann
        held = export.rows_about(session, ann.id)["person"]
    with database.write() as session:
        erasing.erase(session, ann.id, marker=MARKS, now=NOW)
    with database.read() as session:
        left = store.person_by_email(session, "ann@b.example")

    assert NAME in part.personal
    assert [row[NAME] for row in held] == ["Annie"]
    assert left is None

"""A refused line is mended where it is told: checked as a line of a file is, and taken once."""

import re
from html import unescape
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.audience import mending, one_person, store
from app.audience.models import Import, Membership, Person, Refusal
from app.platform.db import Database
from app.platform.errors import Conflict
from app.privacy import erasing
from tests.cast import MARKS
from tests.duties import read_imports
from tests.web.conftest import NOW, Browser
from tests.web.test_journey import id_in

FILE = b"""email,name,euros,country
ann@b.example,Ann,61,NO
nobody,Dee,5,NO
,Ed,7,SE
ann@b.example,Ann again,8,NO
fay@b.example,Fay,9,NO,too many
"""
OBJECTS = b"""{"email": "ann@b.example", "euros": 61}
{"email": "nobody", "euros": 5, "keen": true}
not json
"""
_WHY = {
    "ANN@b.example": "the same address stands on line 2",
    "ann@b.example": "the same address stands on line 2",
    "x" * 10_001: "A cell holds 10,000 characters at most.",
}
Held = dict[str, dict[str, Any]]


@pytest.fixture
def imported(eve: Browser, database: Database, application: FastAPI) -> str:
    return _imported(eve, database, application, "bakers.csv", FILE)


def _imported(
    eve: Browser, database: Database, application: FastAPI, name: str, file: bytes
) -> str:
    audience = id_in(eve.post("/audiences", name=f"Of {name}"), "audiences")
    eve.upload(f"/audiences/{audience}/imports", name, file)
    read_imports(database, application.state.house.imports, "here", NOW)
    with database.read() as session:
        return session.exec(select(Import).where(Import.audience_id == audience)).one().id


def lines(page: str) -> dict[int, dict[str, str]]:
    """What can be mended: the fields of each line, as they are filled in."""
    found = {}
    for form in re.findall(r'<form[^>]*/refused/\d+">.*?</form>', page, re.DOTALL):
        number = int(re.findall(r"/refused/(\d+)", form)[0])
        fields = re.findall(r'name="cell:(\w+)" value="([^"]*)"', form)
        found[number] = {f"cell:{name}": unescape(value) for name, value in fields}
    return found


def people(database: Database) -> Held:
    with database.read() as session:
        rows = session.exec(
            select(Person, Membership).where(Person.id == Membership.person_id)
        ).all()
        return {person.email: {"name": person.name, **member.data} for person, member in rows}


def mend(browser: Browser, imported: str, line: int, **cells: str) -> str:
    shown = lines(browser.get(f"/imports/{imported}").text)[line]
    typed = shown | {f"cell:{name}": text for name, text in cells.items()}
    answer = browser.post(f"/imports/{imported}/refused/{line}", **typed)
    if answer.status_code == 303:
        return browser.get(answer.headers["location"]).text
    assert answer.status_code == 422
    return answer.text


def counts(database: Database, imported: str) -> tuple[int, int, int, int]:
    """Refused as counted, refused as kept, added, and people as the audience says."""
    with database.read() as session:
        row = store.import_of(session, imported)
        kept = session.exec(select(Refusal).where(Refusal.import_id == imported)).all()
        audience = store.audience_of(session, row.audience_id)
        told = sum(one["count"] for one in (row.reasons or {}).values())
        assert told == row.refused
        return row.refused, len(kept), row.added, audience.people


def test_each_refused_line_has_its_reason_and_its_fields(eve: Browser, imported: str):
    page = eve.get(f"/imports/{imported}").text

    assert lines(page) == {
        3: _fields("nobody", "Dee", "5", "NO"),
        4: _fields("", "Ed", "7", "SE"),
        5: _fields("ann@b.example", "Ann again", "8", "NO"),
        6: _fields("fay@b.example", "Fay", "9", "NO"),
    }
    assert "6 cells" not in page
    assert "5 cells where the header names 4 columns" in page


def _fields(*cells: str) -> dict[str, str]:
    names = ("email", "name", "euros", "country")
    return {f"cell:{name}": cell for name, cell in zip(names, cells, strict=True)}


def test_a_mended_line_is_somebody_as_if_it_had_been_right(
    eve: Browser, imported: str, database: Database
):
    page = mend(eve, imported, 3, email="Dee@b.example")

    assert "Taken. The line is refused no more." in page
    assert people(database)["Dee@b.example"] == {"name": "Dee", "euros": "5", "country": "NO"}
    assert 3 not in lines(page)
    assert counts(database, imported) == (3, 3, 2, 2)


@pytest.mark.parametrize(
    ("line", "typed"),
    [
        (3, "nobody"),
        (4, ""),
        (4, "ed@"),
        (4, "ANN@b.example"),
        (5, "ann@b.example"),
        (3, "x" * 10_001),
    ],
)
def test_what_is_wrong_still_says_why_and_keeps_what_was_typed(
    eve: Browser, imported: str, database: Database, line: int, typed: str
):
    said = _WHY.get(typed, "No address that can be used")
    before = people(database), counts(database, imported)
    page = unescape(mend(eve, imported, line, country="DK", email=typed))

    assert said in page
    assert lines(page)[line]["cell:country"] == "DK"
    assert (people(database), counts(database, imported)) == before


def test_a_line_that_is_mended_twice_is_one_person(
    eve: Browser, ann: Browser, imported: str, database: Database
):
    path = f"/imports/{imported}/refused/3"
    typed = _fields("dee@b.example", "Dee", "5", "NO")
    first = eve.post(path, **typed)
    second = ann.post(path, **typed | {"cell:email": "other@b.example"})

    assert first.status_code == 303
    assert second.status_code == 422
    assert "Line 3 is not refused: somebody mended it, or it was taken." in second.text
    assert set(people(database)) == {"ann@b.example", "dee@b.example"}


def test_lines_of_objects_are_mended_by_their_names(
    eve: Browser, database: Database, application: FastAPI
):
    imported = _imported(eve, database, application, "bakers.ndjson", OBJECTS)
    page = mend(eve, imported, 2, email="dee@b.example")
    mend(eve, imported, 3, email="ed@b.example")

    assert "Taken." in page
    assert set(people(database)) == {"ann@b.example", "dee@b.example", "ed@b.example"}
    assert counts(database, imported) == (0, 0, 3, 3)


def test_a_column_of_another_file_is_refused(eve: Browser, imported: str):
    answer = eve.post(f"/imports/{imported}/refused/3", **{"cell:size": "9"})

    assert answer.status_code == 422
    assert "The file has no column “size”." in answer.text


def test_whoever_was_erased_stays_away(
    eve: Browser, imported: str, database: Database, application: FastAPI
):
    marker = application.state.keyring.marks
    with database.write() as session:
        audience_id = store.import_of(session, imported).audience_id
        cells = {"email": "dee@b.example"}
        made = one_person.add(session, audience_id, cells, by="Eve", marker=marker, now=NOW).id
        erasing.erase(session, made, marker=marker, now=NOW)

    assert "This person was erased, and stays away." in mend(
        eve, imported, 3, email="dee@b.example"
    )


def test_a_viewer_sees_no_cell_and_mends_nothing(bo: Browser, imported: str):
    page = bo.get(f"/imports/{imported}").text

    assert lines(page) == {}
    assert "nobody" not in page
    assert bo.post(f"/imports/{imported}/refused/3").status_code == 403


def test_more_lines_than_a_page_are_on_the_next(
    eve: Browser, database: Database, application: FastAPI
):
    file = b"email,name\nann@b.example,Ann\n" + b"nobody,Dee\n" * 45
    imported = _imported(eve, database, application, "many.csv", file)
    found: dict[int, dict[str, str]] = {}
    address = f"/imports/{imported}"
    while address:
        page = eve.get(address).text
        found |= lines(page)
        after = re.search(r'href="(/imports/\w+\?after=\d+)#mend"', page)
        address = after[1] if after else ""

    assert sorted(found) == list(range(3, 48))


def test_a_look_is_not_mended(database: Database, imported: str):
    with database.write() as session:
        store.import_of(session, imported).is_look = True
        with pytest.raises(Conflict, match="a file that was imported"):
            mending.mend(session, imported, 3, {}, by="Eve", marker=MARKS, now=NOW)

"""A file is looked at on its page, its columns answered there, and imported from there."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import select

from app.audience.models import Audience, Import, Membership, Person
from app.platform.db import Database
from tests.duties import import_duty, run
from tests.web.conftest import NOW, Browser

FILE = b"email;name;due;since\nann@b.example;Ann;01.02.2027;13.02.2027\nnobody;X;;\n"


@pytest.fixture
def read(database: Database, tmp_path: Path) -> Callable[[], None]:
    duty = import_duty(database, tmp_path / "imports", "here")

    def every() -> None:
        while run(database, duty, NOW):
            pass

    return every


def looked(ann: Browser, database: Database, read: Callable[[], None], file: bytes = FILE) -> str:
    """Uploads a file to be looked at; where its page is."""
    ann.post("/audiences", name="Bakers")
    with database.read() as session:
        audience_id = session.exec(select(Audience.id)).one()
    address = f"/audiences/{audience_id}/imports?look=1&csrf={ann.token()}"
    answer = ann._ask("POST", address, files={"file": ("b.csv", file)})
    assert answer.status_code == 303
    read()
    return str(answer.headers["location"])


def test_what_is_asked_of_a_column_is_answered_before_the_import(
    ann: Browser, database: Database, read: Callable[[], None]
) -> None:
    page = looked(ann, database, read)
    shown = ann.get(page).text

    assert "Not imported yet" in shown
    assert "Import 1 person" in shown
    assert "can be read in two ways" in shown
    with database.read() as session:
        assert not session.exec(select(Membership)).all()

    done = ann.send(
        f"{page}/confirm", on="a look", **{"reading:due": "date:day_first", "reading:since": ""}
    )
    read()

    assert done.status_code == 200
    with database.read() as session:
        columns = {one["name"]: one for one in session.exec(select(Audience)).one().columns}
        assert len(session.exec(select(Membership)).all()) == 1
    assert (columns["due"]["format"], columns["due"]["decided_by"]) == ("day_first", "author")
    assert columns["since"]["decided_by"] == "cells"


def test_a_file_of_addresses_alone_can_be_confirmed_or_let_go(
    ann: Browser, database: Database, read: Callable[[], None]
) -> None:
    page = looked(ann, database, read, b"email\nann@b.example\n")
    assert "Import 1 person" in ann.get(page).text

    gone = ann.send(f"{page}/cancel", on="a look")
    read()

    assert "Nothing was taken from it, as asked for." in gone.text
    with database.read() as session:
        assert session.exec(select(Import.status)).one() == "failed"
        assert not session.exec(select(Membership)).all()


REFUSED = (
    b"email;name\nno-address;X\n;Y\nann@b.example;Ann\nann@b.example;Bo\nbj\xc3\xb8rn@b.example;B\n"
)


def test_a_page_says_in_words_why_a_line_was_refused(
    ann: Browser, database: Database, read: Callable[[], None]
) -> None:
    page = looked(ann, database, read, REFUSED)
    at_the_look = ann.get(page).text
    ann.send(f"{page}/confirm", on="a look")
    read()
    with database.read() as session:
        done = session.exec(select(Import.id).where(Import.status == "done")).one()
    imported = ann.get(f"/imports/{done}").text

    # by reason, line by line, and beside the fields that mend a line
    for shown, times in ((at_the_look, 6), (imported, 6)):
        assert shown.count("No address that can be used: ") == times
        assert "No address that can be mailed: " in shown
        assert "Twice in this file: the same address stands on line 4" in shown
        assert not [code for code in ("bad_address", "unsupported_", "duplicate") if code in shown]


def mending(page: str, **cells: str) -> dict[str, str]:
    """The cells of refused lines as they stand in the form, with some of them mended."""
    cell = re.compile(r'name="((?:was|mend):[^"]+)" value="([^"]*)"')
    return dict(cell.findall(page)) | {f"mend:{key}": said for key, said in cells.items()}


def test_refused_lines_are_mended_before_the_import_and_go_along(
    ann: Browser, database: Database, read: Callable[[], None]
) -> None:
    page = looked(ann, database, read, REFUSED)
    first = ann.get(page).text
    ann.send(f"{page}/look", on="mended", **mending(first, **{"2:email": "cleo@b.example"}))
    read()
    second = ann.get(page).text
    typed = mending(second, **{"5:email": "bo@b.example", "5:name": "Bo Ek"})
    again = ann.send(f"{page}/confirm", on="mended once more", **typed)
    read()
    third = ann.get(page).text
    ann.send(f"{page}/confirm", on="done", **mending(third))
    read()
    with database.read() as session:
        people = {one.email: one.name for one in session.exec(select(Person))}
        kept = [one.said for one in session.exec(select(Import))]

    assert "Import 1 person" in first
    assert "Import 2 people" in second
    assert "mend:2:email" not in second
    assert "You changed something, so the file is read once more." in again.text
    assert "Import 3 people" in third
    assert people == {"ann@b.example": "Ann", "cleo@b.example": "X", "bo@b.example": "Bo Ek"}
    assert [(one or {}).get("mended") for one in kept] == [{}, {}]


def test_what_a_look_would_add_is_not_said_to_be_added(
    ann: Browser, database: Database, read: Callable[[], None]
) -> None:
    page = looked(ann, database, read)
    with database.read() as session:
        audience = f"/audiences/{session.exec(select(Audience.id)).one()}"
    before = ann.get(audience).text
    ann.send(f"{page}/confirm", on="a look")
    read()
    cells = re.findall('data-label="Added">(.*?)</td>', ann.get(audience).text)

    would_be = '–<span class="table__sub">1 would be</span>'
    assert f'data-label="Added">{would_be}</td>' in before
    assert sorted(cells) == ["1", would_be]


def test_a_column_that_is_said_on_the_page_of_an_import_leads_back_to_it(
    ann: Browser, database: Database, read: Callable[[], None]
) -> None:
    page = looked(ann, database, read)
    ann.send(f"{page}/confirm", on="a look")
    read()
    with database.read() as session:
        done = session.exec(select(Import).where(Import.status == "done")).one()
    shown = ann.get(f"/imports/{done.id}").text
    answer = ann.post(f"/audiences/{done.audience_id}/columns/due", reading="date:day_first",
                      onward=f"/imports/{done.id}")  # fmt: skip
    elsewhere = ann.post(f"/audiences/{done.audience_id}/columns/due", reading="date:day_first",
                         onward="https://evil.example")  # fmt: skip

    assert f'name="onward" value="/imports/{done.id}"' in shown
    assert answer.headers["location"] == f"/imports/{done.id}?said=column"
    assert elsewhere.headers["location"] == "/?said=column"

"""A file is looked at before anything is taken from it, and imported without another upload."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from app.audience import imports, previewing
from app.audience.models import Membership, Person
from app.platform import clock
from app.platform.db import Database
from tests.api.conftest import NOW, Api
from tests.duties import import_duty, run

BEFORE = "email,name,waste,external_id\nann@b.example,Ann,1,A1\nbo@b.example,Bo,2,B1\n"
FILE = (
    "E-mail;name;waste;since;due;member;external_id\n"
    "ann@b.example;Ann;61,30 €;13.02.2027;01.02.2027;ja;A2\n"  # changed
    "bo@b.example;Bo;2;;;;B1\n"  # as she is
    "cem@b.example;Cem;7,5 €;03.04.2027;01.02.2027;nein;C1\n"  # new
    "cem@b.example;Cem;7,5 €;03.04.2027;01.02.2027;nein;\n"  # twice
    "nobody;X;1;;;;\n"
    "dee@b.example;Dee;1.261,30 €;05.06.2027;03.04.2027;ja;C1\n"  # another's id
    "eve@b.example;Eve;3;04.04.2027;03.04.2027;ja;E1\n"
    "fay@b.example;Fay;lots;04.04.2027;03.04.2027;ja;F1\n"
)
_COUNTS = ("rows", "added", "updated", "unchanged", "refused", "erased", "encoding")
_TOLD = ("type", "format", "unit", "choices", "filled", "misfits")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lines at a time, one chunk a step."""
    monkeypatch.setattr(imports, "CHUNK", 2)
    monkeypatch.setattr(previewing, "CHUNK", 2)
    monkeypatch.setattr(previewing, "_STEP_SECONDS", 0)


@pytest.fixture
def read(database: Database, tmp_path: Path) -> Callable[..., None]:
    """Reads whatever file waits, as one process does."""
    duty = import_duty(database, tmp_path / "imports", "here")

    def every(now: Any = NOW) -> None:
        while run(database, duty, now):
            pass

    return every


@pytest.fixture
def bakers(api: Api, read: Callable[..., None]) -> str:
    made = str(api.made("/audiences", {"name": "Bakers"})["id"])
    upload(api, made, BEFORE)
    read()
    return made


def upload(api: Api, audience_id: str, text: str, **query: Any) -> str:
    answer = api.ask(
        "POST",
        f"/audiences/{audience_id}/imports",
        content=text.encode(),
        headers={"content-type": "text/csv"},
        params=query,
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def looked(api: Api, audience_id: str, read: Callable[..., None], text: str = FILE) -> str:
    begun = upload(api, audience_id, text, dry_run=True)
    read()
    return begun


def everything(database: Database) -> list[Any]:
    with database.read() as session:
        people = session.exec(select(Person).order_by(col(Person.id))).all()
        members = session.exec(select(Membership).order_by(col(Membership.person_id))).all()
        return [one.model_dump() for one in (*people, *members)]


def refused(api: Api, import_id: str) -> list[str]:
    return sorted(api.get(f"/imports/{import_id}/refused").text.splitlines())


def test_a_look_takes_nothing_and_says_what_an_import_does(
    api: Api, bakers: str, read: Callable[..., None], database: Database
) -> None:
    before = everything(database), api.read(f"/audiences/{bakers}")
    look = looked(api, bakers, read)
    said = api.read(f"/imports/{look}")

    assert (said["status"], said["dry_run"], said["error"]) == ("previewed", True, None)
    assert (everything(database), api.read(f"/audiences/{bakers}")) == before

    made = api.made(f"/imports/{look}/confirm")["id"]
    read()
    done = api.read(f"/imports/{made}")
    columns = {one["name"]: one for one in api.read(f"/audiences/{bakers}")["columns"]}

    assert done["status"] == "done"
    assert {name: said[name] for name in _COUNTS} == {name: done[name] for name in _COUNTS}
    assert (said["added"], said["updated"], said["unchanged"], said["refused"]) == (3, 1, 1, 3)
    assert refused(api, look) == refused(api, made)
    assert {one["name"]: {name: one[name] for name in _TOLD} for one in said["columns"]} == {
        name: {key: one[key] for key in _TOLD} for name, one in columns.items()
    }
    assert api.read(f"/imports/{look}")["status"] == "confirmed"


def test_each_column_is_shown_as_it_is_read_with_three_examples(
    api: Api, bakers: str, read: Callable[..., None]
) -> None:
    found = {
        one["name"]: one for one in api.read(f"/imports/{looked(api, bakers, read)}")["columns"]
    }

    waste, since, due = found["waste"], found["since"], found["due"]
    assert (waste["type"], waste["format"], waste["unit"]) == ("number", "decimal_comma", "€")
    assert waste["examples"] == ["61,30 €", "2", "7,5 €"]
    assert (waste["filled"], waste["misfits"]) == (5, 1)
    assert (since["type"], since["format"]) == ("date", "day_first")
    assert due["format"] is None
    assert [one["format"] for one in due["choices"]] == ["day_first", "month_first", None]


def test_what_its_author_says_of_a_column_goes_along(
    api: Api, bakers: str, read: Callable[..., None]
) -> None:
    look = looked(api, bakers, read)
    said = {"due": {"type": "date", "format": "month_first"}}

    api.made(f"/imports/{look}/confirm", {"columns": said})
    read()

    due = next(one for one in api.read(f"/audiences/{bakers}")["columns"] if one["name"] == "due")
    assert (due["format"], due["choices"], due["decided_by"]) == ("month_first", [], "author")


def test_a_look_is_confirmed_once_and_only_with_its_own_columns(
    api: Api, bakers: str, read: Callable[..., None]
) -> None:
    look = looked(api, bakers, read)
    unknown = {"columns": {"wast": {"type": "text", "format": None}}}

    assert api.post(f"/imports/{look}/confirm", unknown).status_code == 422
    assert api.post(f"/imports/{look}/confirm").status_code == 202
    assert api.post(f"/imports/{look}/confirm").status_code == 409
    assert api.post(f"/imports/{look}/cancel").status_code == 409


def test_what_is_let_go_is_taken_nowhere_and_its_file_goes(
    api: Api, bakers: str, read: Callable[..., None], database: Database, tmp_path: Path
) -> None:
    before = everything(database)
    look = looked(api, bakers, read)
    assert (tmp_path / "imports" / look).exists()

    assert api.made(f"/imports/{look}/cancel")["status"] == "failed"
    read()

    assert not (tmp_path / "imports" / look).exists()
    assert everything(database) == before
    assert api.post(f"/imports/{look}/confirm").status_code == 409


def test_a_file_that_nobody_confirms_ends_after_a_day(
    api: Api,
    bakers: str,
    read: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look, later = looked(api, bakers, read), NOW + timedelta(days=1, minutes=1)

    monkeypatch.setattr(clock, "now", lambda: later)
    assert api.post(f"/imports/{look}/confirm").status_code == 409
    read(later)

    seen = api.read(f"/imports/{look}")
    assert (seen["status"], seen["error"]) == (
        "failed",
        "Nobody confirmed it for a day, so nothing was taken. Upload it again.",
    )
    assert not (tmp_path / "imports" / look).exists()


def test_a_process_that_ends_in_a_look_begins_it_anew(
    api: Api, bakers: str, read: Callable[..., None], database: Database, tmp_path: Path
) -> None:
    whole = looked(api, bakers, read)
    again = upload(api, bakers, FILE, dry_run=True)
    for _ in range(3):  # each of a process that ends after a step
        run(database, import_duty(database, tmp_path / "imports", "here"), NOW)
    read()

    first, second = api.read(f"/imports/{whole}"), api.read(f"/imports/{again}")
    assert {name: first[name] for name in (*_COUNTS, "columns")} == {
        name: second[name] for name in (*_COUNTS, "columns")
    }
    assert len(refused(api, again)) == 3


def test_a_file_that_cannot_be_read_says_so_in_a_look(
    api: Api, bakers: str, read: Callable[..., None]
) -> None:
    look = looked(api, bakers, read, "name;waste\nAnn;1\n")
    seen = api.read(f"/imports/{look}")

    assert seen["status"] == "failed"
    assert "No column is called “email”" in seen["error"]


def test_an_audience_stays_while_a_file_for_it_waits(
    api: Api, read: Callable[..., None], bakers: str
) -> None:
    look = upload(api, bakers, FILE, dry_run=True)
    read()

    assert api.ask("DELETE", f"/audiences/{bakers}").status_code == 409
    api.post(f"/imports/{look}/cancel")
    assert api.ask("DELETE", f"/audiences/{bakers}").status_code == 204

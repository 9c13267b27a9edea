"""One person by the API: added, changed, found; and what an audience says of its columns agrees."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.audience import column_rows, noting
from app.audience.models import Audience
from app.platform.db import Database
from tests.api.conftest import NOW, Api
from tests.duties import import_duty, run

CELLS = ("", None, "61", "7,5", "x", "NULL", 3, 2.5, True, False, "2027-02-13")
_COUNTED = ("name", "filled", "empty", "misfits")


@pytest.fixture
def read(database: Database, tmp_path: Path) -> Callable[[], None]:
    duty = import_duty(database, tmp_path / "imports", "here")

    def every() -> None:
        while run(database, duty, NOW):
            pass

    return every


@pytest.fixture
def bakers(api: Api, read: Callable[[], None]) -> str:
    made = str(api.made("/audiences", {"name": "Bakers"})["id"])
    body = b"email,name,waste,since\nann@b.example,Ann,1,2027-02-13\nbo@b.example,Bo,2,\n"
    headers = {"content-type": "text/csv"}
    api.ask("POST", f"/audiences/{made}/imports", content=body, headers=headers)
    read()
    return made


def test_somebody_is_added_changed_and_found(api: Api, bakers: str):
    draft = {"email": "Cem@b.example", "columns": {"name": "Cem", "waste": 7, "town": "Bergen"}}
    made = api.made(f"/audiences/{bakers}/people", draft)
    path = f"/audiences/{bakers}/people/{made['person']['id']}"

    assert (made["person"]["email"], made["data"]) == (
        "Cem@b.example",
        {"waste": 7, "town": "Bergen"},
    )
    assert api.read("/people", search="bergen")["items"] == [made["person"]]
    assert api.read(f"/audiences/{bakers}")["people"] == 3

    changed = api.ask("PATCH", path, json={"columns": {"waste": None, "name": "", "town": "Oslo"}})
    assert changed.json()["data"] == {"town": "Oslo"}
    assert changed.json()["person"]["name"] == ""
    other = api.ask("PATCH", path, json={"columns": {"email": "dee@b.example"}})
    assert other.status_code == 422
    assert api.read(f"/audiences/{bakers}")["people"] == 3


@pytest.mark.parametrize(
    ("draft", "status"),
    [
        ({"email": "nobody"}, 422),
        ({"email": "dee@b.example", "columns": {"timezone": "Mars"}}, 422),
        ({"email": "dee@b.example", "columns": {"a b": 1, "a_b": 2}}, 422),
        ({"email": "dee@b.example", "columns": {"x": [1]}}, 422),
        ({"email": "dee@b.example", "columns": {"x": "y" * 10_001}}, 422),
        ({"email": "dee@b.example", "age": 3}, 422),
    ],
)
def test_what_cannot_be_kept_is_refused(api: Api, bakers: str, draft: dict[str, Any], status: int):
    before = api.read(f"/audiences/{bakers}")

    assert api.post(f"/audiences/{bakers}/people", draft).status_code == status
    assert api.read(f"/audiences/{bakers}") == before


def test_an_external_id_stays_with_whoever_has_it(api: Api, bakers: str):
    first = {"email": "cem@b.example", "columns": {"external_id": "C1"}}
    api.made(f"/audiences/{bakers}/people", first)
    second = api.post(f"/audiences/{bakers}/people", first | {"email": "dee@b.example"})

    assert second.status_code == 409
    assert "belongs to another person" in second.json()["detail"]


def test_whoever_opted_out_elsewhere_is_suppressed(api: Api, bakers: str):
    draft = {"email": "cem@b.example", "columns": {"do_not_contact": True}}

    assert api.made(f"/audiences/{bakers}/people", draft)["suppressed"]


def test_columns_say_after_each_change_what_a_whole_reading_would(
    api: Api, bakers: str, database: Database
):
    """A random walk of additions and changes; the model is everybody read anew."""
    dice = random.Random(14)
    people = [f"{name}@b.example" for name in ("ann", "bo", "cem", "dee", "eve")]
    for _ in range(30):
        cells = {name: dice.choice(CELLS) for name in ("waste", "since") if dice.random() < 0.8}
        draft = {"email": dice.choice(people), "columns": cells}
        assert api.post(f"/audiences/{bakers}/people", draft).status_code == 201, draft
    with database.read() as session:
        kept = session.get(Audience, bakers)
        assert kept
        told = [{name: one.get(name) for name in _COUNTED} for one in kept.columns]
        said = {one["name"]: {"type": one["type"], "format": one["format"]} for one in kept.columns}
        people_counted = kept.people
    noting.read_columns(database, bakers, renamed={}, said=said, notes=noting.Notes(None))
    with database.read() as session:
        anew = session.get(Audience, bakers)
        assert anew
        assert people_counted == anew.people
        found = {one["name"]: one for one in anew.columns}
        assert len(list(column_rows.cells(session, bakers))) == anew.people
    for one in told:
        if one["filled"] or one["name"] in found:
            assert one == {name: found[one["name"]].get(name) for name in _COUNTED}

"""The start list: what it asks, what it makes on the way, who sees it, and when it goes."""

import re
from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from app.audience.models import Audience, Import
from app.experiments.models import Experiment, Feature, Slice
from app.okr.models import Cycle, KeyResult, Objective
from app.platform import clock
from app.platform.db import Database
from app.review import start
from tests.duties import read_imports
from tests.web.conftest import CSV, Browser
from tests.web.test_journey import draft, key_result, started  # noqa: F401 - fixtures

NUMBER = {
    "title": "Bakeries acting on an insight", "start": "0", "target": "15", "unit": "percent",
    "ends": "2030-12-31", "outcome": "",
}  # fmt: skip
MAIL = {
    "title": "A bake list", "subject": "Your bake list", "body": "Hello. [Show me](answer:)",
    "answer": "# Thank you", "threshold": "8",
}  # fmt: skip


def read(database: Database, eve: Browser) -> None:
    """The ingester reads what was brought."""
    house = eve.application.state.house
    while read_imports(database, house.imports, house.folder_id, clock.now()):
        pass


def all_of(database: Database, table: Any) -> list[Any]:
    with database.read() as session:
        found: list[Any] = list(session.exec(select(table)).all())
        session.expunge_all()
    return found


def test_one_form_each_makes_all_that_its_step_needs(eve: Browser, database: Database):
    first = eve.get("/").text
    second = eve.send("/start/number", on="number", **NUMBER).text
    typed = "ann@b.example, Ann\nBo <bo@b.example>\n\ncem@b.example; di@b.example"
    reading = eve.upload("/start/people", "", b"", name="First people", typed=typed)
    waiting = eve.get("/").text
    read(database, eve)
    third = eve.get("/").text
    launch = eve.send("/start/experiment", on="experiment", **MAIL)
    again = eve.get("/").text
    (cycle,), (outcome,), (number,) = (
        all_of(database, one) for one in (Cycle, Objective, KeyResult)
    )
    (people,), (feature,), (piece,), (made,) = (
        all_of(database, one) for one in (Audience, Feature, Slice, Experiment)
    )

    assert 'action="/start/number"' in first
    assert 'action="/start/people' in second
    assert reading.status_code == 303
    assert "being read" in waiting
    assert 'action="/start/experiment"' in third
    assert "Send to 4 people" in launch.text
    assert f"/experiments/{made.id}/launch" in again
    assert (cycle.ends, outcome.title, number.title) == (
        date(2030, 12, 31), NUMBER["title"], NUMBER["title"],
    )  # fmt: skip
    assert (people.people, number.kind) == (4, "increase")
    assert (feature.key_result_id, piece.feature_id, made.slice_id) == (
        number.id, feature.id, piece.id,
    )  # fmt: skip
    assert [one["key_result_id"] for one in made.design["key_results"]] == [number.id]
    assert made.audience_id == people.id


WRONG = [
    ("/start/number", NUMBER | {"target": "0"}, "there is nothing to move"),
    ("/start/number", NUMBER | {"start": "much"}, "valid number"),
    ("/start/number", NUMBER | {"title": ""}, "at least 1 character"),
    ("/start/number", NUMBER | {"ends": "2001-01-01"}, "must come after"),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_wrong_is_said_and_nothing_that_was_typed_is_lost(eve: Browser, database: Database):
    answers = [eve.post(path, **fields) for path, fields, _ in WRONG]
    nobody = eve.upload("/start/people", "", b"", name="People", typed="")
    made = [all_of(database, one) for one in (Cycle, Objective, KeyResult, Audience, Import)]

    assert [answer.status_code for answer in answers] == [422] * len(WRONG)
    for answer, (_, fields, said) in zip(answers, WRONG, strict=True):
        assert said in answer.text
        assert f'value="{fields["start"]}"' in answer.text
        assert f'value="{fields["ends"]}"' in answer.text  # no cycle was made: its end is asked
        assert "It belongs to" not in answer.text
    assert (nobody.status_code, "Write down a few addresses" in nobody.text) == (422, True)
    assert made == [[]] * len(made)
    assert eve.send("/start/number", on="number", **NUMBER).status_code == 200
    assert eve.post("/start/experiment", **(MAIL | {"threshold": "many"})).status_code == 422
    assert eve.post("/start/experiment", **(MAIL | {"threshold": "150"})).status_code == 422
    assert all_of(database, Feature) == []


def test_a_file_is_taken_as_well_and_a_running_cycle_is_used(eve: Browser, database: Database):
    eve.post("/cycles", cycle_name="This one", starts="2020-01-01", ends="2039-12-31")
    asked = eve.get("/").text
    fields = {name: text for name, text in NUMBER.items() if name != "ends"}
    eve.send("/start/number", on="number", **(fields | {"start": "15", "target": "9"}))
    eve.upload("/start/people", "bakers.csv", CSV, name="Bakers")
    read(database, eve)

    assert "It belongs to This one" in asked
    assert 'name="ends"' not in asked
    assert [one.name for one in all_of(database, Cycle)] == ["This one"]
    assert [one.kind for one in all_of(database, KeyResult)] == ["decrease"]
    assert [one.people for one in all_of(database, Audience)] == [3]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_viewers_are_led_nowhere_and_it_can_be_put_away(
    eve: Browser, bo: Browser, database: Database
):
    seen = bo.get("/").text
    refused = [bo.post(f"/start/{one}").status_code for one in ("number", "experiment", "away")]
    refused.append(bo.upload("/start/people", "a.csv", CSV, name="Bakers").status_code)
    refused.append(bo.get("/start/reading").status_code)
    eve.send("/start/away", on="away")

    assert "/start/" not in seen
    assert "First steps" not in seen
    assert refused == [403] * 5
    assert "First steps" not in eve.get("/").text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("rehearsal", "stays"), [(True, True), (False, False)])
def test_it_stays_through_a_rehearsal_and_goes_with_a_real_launch(
    eve: Browser,
    started: str,  # noqa: F811 - the fixture
    database: Database,
    rehearsal: bool,
    stays: bool,
):
    with database.write() as session:
        session.get_one(Experiment, started).rehearsal = rehearsal

    assert ("First steps" in eve.get("/").text) is stays


@pytest.mark.parametrize(
    ("today", "ends"),
    [
        (date(2026, 11, 25), date(2026, 12, 31)), (date(2026, 12, 4), date(2027, 3, 31)),
        (date(2026, 1, 1), date(2026, 3, 31)), (date(2026, 12, 3), date(2026, 12, 31)),
        (date(2027, 9, 30), date(2027, 12, 31)),
    ],
)  # fmt: skip
def test_a_cycle_ends_with_its_quarter_or_the_next(today: date, ends: date):
    assert start.usual_end(today) == ends


TYPED = {
    "a@b.example": ["a@b.example,"],
    "a@b.example, Ann Bee": ["a@b.example,Ann Bee"],
    "Ann Bee <a@b.example>": ["a@b.example,Ann Bee"],
    "a@b.example; c@d.example": ["a@b.example,", "c@d.example,"],
    "not an address": ["not an address,"],
    '"Bee, Ann" <a@b.example>': ["a@b.example,Bee Ann"],
}


@pytest.mark.parametrize(("typed", "rows"), TYPED.items())
def test_addresses_are_read_as_people_paste_them(typed: str, rows: list[str]):
    assert start.file_of(typed).decode().splitlines() == ["email,name", *rows]
    table = f"Email;City\n{re.sub(',', ' ', typed)};Oslo\n"
    assert start.file_of(table).decode() == table


def test_lines_that_were_refused_are_told_where_one_goes_on(eve: Browser, database: Database):
    eve.send("/start/number", on="number", **NUMBER)
    eve.upload("/start/people", "", b"", name="Few", typed="ann@b.example\nnobody\nnor this")
    read(database, eve)
    page = eve.get("/").text
    (found,) = all_of(database, Import)

    assert (
        f'<a href="/imports/{found.id}">2 lines were refused: look why, and mend them</a>' in page
    )

"""JSON that is not of the shape we wrote: the row is told as damaged, and takes no other away.

Every column of JSON that an installation holds rows of is spoilt in turn, on both databases. What
is asked for are pages and lists about many things, and about others.
"""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import JSON, Column, Table, select, update
from sqlmodel import SQLModel

from app.main import Tracking, _pages_and_api
from app.ops.house import House
from app.platform import clock
from app.platform.garbled import CANNOT_BE_READ
from tests.bench import estate
from tests.bench.estate import Size
from tests.bench.pages import key_of
from tests.routes import addresses

GARBAGE: dict[str, Any] = {"rule": 7, "arms": 7}
_SIZE = Size.of(1)
# Columns whose garbage still takes a page about others away: whoever mends one takes it out here.
_STILL = {"connector_link.external", "contribution.overlaps", "push.facts"}
_OWN = ("e00000", "/audience")  # addresses of one experiment, or one audience, by its id


def spoilt(house: House, table: Table, column: Column[Any]) -> int:
    """Every row of a table holds garbage there; how many."""
    with house.database.write() as session:
        done = session.execute(update(table).values({column.name: GARBAGE}))
        return int(done.rowcount)  # type: ignore[attr-defined]  # a cursor result, at run time


def restored(house: House, table: Table, rows: list[Any], column: Column[Any]) -> None:
    with house.database.write() as session:
        for row in rows:
            same = [key == getattr(row, key.name) for key in table.primary_key.columns]
            session.execute(update(table).where(*same).values({column.name: row[-1]}))


def held(house: House, table: Table, column: Column[Any]) -> list[Any]:
    with house.database.read() as session:
        return list(session.execute(select(*table.primary_key.columns, column)).all())


@pytest.fixture
def filled(house: House) -> House:
    estate.fill(house.database, _SIZE, now=clock.now())
    return house


def test_one_column_of_garbage_takes_no_list_away(filled: House):
    application = _pages_and_api(filled, Tracking(filled))
    places = [
        one
        for one in addresses(application, estate.examples(_SIZE))
        if not any(own in one for own in _OWN) and one != "/ready"
    ]
    headers = key_of(filled)

    async def broken() -> list[str]:
        transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://one.example") as asks:
            answers = {one: await asks.get(one, headers=headers) for one in places}
        return [one for one, answer in answers.items() if answer.status_code >= 500]

    found = {}
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            rows = held(filled, table, column) if isinstance(column.type, JSON) else []
            if rows:
                spoilt(filled, table, column)
                found[f"{table.name}.{column.name}"] = asyncio.run(broken())
                restored(filled, table, rows, column)

    assert len(found) > 15
    assert {name for name, wrong in found.items() if wrong} == _STILL


def test_an_experiment_that_cannot_be_read_is_listed_by_name(filled: House):
    spoilt(filled, SQLModel.metadata.tables["experiment"], Column("design"))
    application, headers = _pages_and_api(filled, Tracking(filled)), key_of(filled)

    async def asked(place: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://one.example") as asks:
            return await asks.get(place, headers=headers)

    listed = asyncio.run(asked("/api/v1/experiments")).json()["items"]
    page = asyncio.run(asked("/experiments")).text

    assert {one["cannot_be_read"] for one in listed} == {CANNOT_BE_READ}
    assert all(one["name"].startswith("Waste in euros") for one in listed)
    assert page.count("Cannot be read") == len(listed)

"""No page and no list asks the database more often where there is more to show."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.identity import access
from app.identity.models import SecondStep, User
from app.ops.installation import House, open_house, prepare
from app.platform import clock, config
from app.tracking.models import DataFolder
from tests import alone
from tests.bench import estate
from tests.bench.estate import Size
from tests.bench.pages import key_of
from tests.routes import addresses, counting
from tests.whole import inside_of

_MOST = 12
_ENDING = "hour that is closing"  # asked of all at once, and only in hours in which windows close
_NOTING = 5  # and whoever takes a file is noted: a new row, the audit's end, the row before, sealed
_SOME, _MANY = 3, 30
_SWITCHED_ON: dict[str, Any] = {"approve_above": 1, "require_totp": True}  # both ask for more
_PEOPLE = {_SOME: 2_010, _MANY: 6_000}  # more than a page looks at, and many batches of mails


@dataclass(frozen=True)
class Asked:
    """How often each address asks the database."""

    queries: dict[str, int]
    endings: dict[str, int]  # of them, for people whose windows close in this very hour
    statuses: dict[str, int]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Asked]:
    """Of every route that reads, where there are 3 and 30 of everything."""
    found = {}
    for rows in (_SOME, _MANY):
        folder = tmp_path_factory.mktemp("rows")
        house = open_house(config.load(data_dir=folder / "data", **_SWITCHED_ON))
        prepare(house)
        found[rows] = _asked(house, replace(Size.of(rows), people=_PEOPLE[rows]), folder)
        house.database.close()
    return found


def _asked(house: House, size: Size, folder: Path) -> Asked:
    estate.fill(house.database, size, now=clock.now())
    _fall_silent(house, size.running, now=clock.now())
    application = inside_of(house)
    headers = key_of(house)
    _say_a_code(house)
    return alone.run(_ask(application, house, estate.examples(size), headers))


def _say_a_code(house: House) -> None:
    """Everybody who logs in has an app on their phone, as is asked of them."""
    with house.database.write() as session:
        for user_id in session.exec(select(User.id)).all():
            session.add(SecondStep(user_id=user_id, secret="sealed", since=clock.now()))


def _fall_silent(house: House, machines: int, *, now: datetime) -> None:
    """So many machines of one name say nothing any more: pages say for whom they wait."""
    with house.database.write() as session:
        session.add_all(
            DataFolder(
                id=f"m{number}",
                host="elsewhere",
                path=f"/{number}",
                registered_at=now,
                ingested_until=now,
                seen_at=now - timedelta(days=1),
            )
            for number in range(machines)
        )


async def _ask(
    application: FastAPI, house: House, examples: tuple[str, ...], headers: dict[str, str]
) -> Asked:
    queries, endings, statuses = {}, {}, {}
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        with counting(house.database.engine) as counted:
            places = addresses(application, examples)
            names = addresses(application, _KINDS)
            for place, name in zip(places, names, strict=True):
                if place.startswith("/api/"):
                    await client.get(place, headers=headers)  # the token's use is noted
                counted.clear()
                answer = await client.get(place, headers=headers)
                queries[name], statuses[name] = len(counted), answer.status_code
                endings[name] = sum(_ENDING in question for question in counted)
    return Asked(queries, endings, statuses)


_KINDS = ("decided", "cancelled", "measuring", "running", "draft")


def test_more_rows_are_no_more_questions(asked: dict[int, Asked]):
    some, many = asked[_SOME].queries, asked[_MANY].queries

    grown = {name: (some[name], count) for name, count in many.items() if count > some[name]}

    assert len(many) > 150
    assert grown == {}


def test_a_page_asks_a_dozen_questions_at_most(asked: dict[int, Asked]):
    seen = asked[_MANY]
    over = {
        name: count
        for name, count in seen.queries.items()
        if count > _MOST + _NOTING * access.is_export(name)
    }

    assert over == {}
    assert seen.statuses["/"] == 200  # and nobody was led elsewhere
    assert set(seen.endings.values()) == {0, 1}  # it is such an hour


def test_every_address_is_answered(asked: dict[int, Asked]):
    broken = {name for name, status in asked[_MANY].statuses.items() if status >= 500}

    assert broken <= {"/ready"}

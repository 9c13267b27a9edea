"""What a page, a list or a readout of one experiment reads does not grow with its people."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from app.analysis.matured import MOST_READ
from app.experiments.models import Experiment
from app.main import Tracking, _pages_and_api
from app.ops.house import House, open_house, prepare
from app.platform import clock, config
from tests.bench import estate
from tests.bench.estate import Size
from tests.bench.mailing import Mailing
from tests.bench.pages import key_of
from tests.rows_read import Asked, asking

_FEW, _MANY = MOST_READ + 1_000, 4 * (MOST_READ + 1_000)
_OF_ONE = (
    "/experiments/{}",
    "/experiments/{}/readout",
    "/experiments/{}/progress",
    "/experiments/{}/sends",
    "/experiments/{}/hits",
    "/api/v1/experiments/{}",
    "/api/v1/experiments/{}/readout",
    "/api/v1/experiments/{}/progress",
    "/api/v1/experiments/{}/sends",
    "/api/v1/experiments/{}/hits",
)
_LARGE = frozenset(
    ("enrolment", "send", "outcome", "hit", "reaction", "answer", "ineligible", "person")
)
_MOST_GROWTH = 1.3  # an index is a little deeper, a count a digit longer
_SLACK = 200  # rows, or steps of SQLite's machine: answers are counted, each by one step
# One answer of twenty people is counted where it stands in an index: two steps each.
_COUNTED = "SELECT answer.useful"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("growth")
    if request.param == "sqlite":
        yield from _filled(f"sqlite:///{folder / 'growth.db'}", folder)
        return
    with request.getfixturevalue("postgres_server").fresh() as url:
        yield from _filled(url, folder)


def _filled(url: str, folder: Path) -> Iterator[House]:
    """Two experiments whose people were all mailed within one hour, which is closing just now."""
    house = open_house(config.load(data_dir=folder / "data", database_url=url))
    prepare(house)
    estate.fill(house.database, replace(Size.of(3), people=_MANY), now=clock.now())
    for place, size in enumerate((_FEW, _MANY)):
        _mail(house, place, size)
    estate.analyze(house.database)
    yield house
    house.database.close()


def _mail(house: House, place: int, people: int) -> None:
    at = clock.now() - timedelta(hours=72)
    with house.database.write() as session:
        like = session.get_one(Experiment, estate.experiment_id(9)).model_dump()
        like |= {"id": f"of{people}", "enrolled": people, "started_at": at}
        session.add(Experiment(**like))
        session.flush()
        arms = tuple(arm["key"] for arm in like["design"]["arms"])
        mailing = Mailing(f"of{people}", arms, first=(1_000 + place) << 24, at=at)
        mailing.add(session, people, of=people, hits=2)
        mailing.leave_out(session, people)


@pytest.mark.parametrize("address", _OF_ONE)
def test_four_times_the_people_are_no_more_rows(house: House, address: str):
    few, many = (_asked(house, address.format(f"of{size}")) for size in (_FEW, _MANY))

    grown = {
        question: (few[question], work)
        for question, work in many.items()
        if work > _MOST_GROWTH * few.get(question, 0) + _SLACK and _COUNTED not in question
    }

    assert len(many) > 1
    assert grown == {}


@pytest.mark.parametrize("address", _OF_ONE)
def test_no_page_looks_through_a_whole_table_of_people(house: House, address: str):
    if not house.database.is_sqlite:
        pytest.skip("PostgreSQL's plan is another one for every size; its rows are counted")
    asked = asyncio.run(_ask(house, address.format(f"of{_MANY}")))

    assert asked.scans(_LARGE) == []


def _asked(house: House, address: str) -> dict[str, int]:
    return asyncio.run(_ask(house, address)).read()


_keys: dict[int, dict[str, str]] = {}


async def _ask(house: House, address: str) -> Asked:
    if id(house) not in _keys:
        _keys[id(house)] = key_of(house)
    transport = httpx.ASGITransport(app=_pages_and_api(house, Tracking(house)))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        (await client.get(address, headers=_keys[id(house)])).raise_for_status()
        with asking(house.database.engine) as asked:
            (await client.get(address, headers=_keys[id(house)])).raise_for_status()
    return asked

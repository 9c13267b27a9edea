"""What a page, a list or a readout of one experiment reads does not grow with its people."""

import asyncio
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import Session

from app.analysis import export
from app.analysis.matured import MOST_READ
from app.audience.models import Import, Note, Refusal
from app.experiments.models import Experiment
from app.ops.installation import House, open_house, prepare
from app.platform import clock, config
from tests import routes
from tests.bench import estate
from tests.bench.estate import Size
from tests.bench.mailing import Mailing
from tests.bench.pages import key_of
from tests.rows_read import Asked, asking
from tests.whole import inside_of

_FEW, _MANY = MOST_READ + 1_000, 4 * (MOST_READ + 1_000)
_OF_ONE = (
    "/experiments/{}",
    "/experiments/{}/readout",
    "/experiments/{}/progress",
    "/experiments/{}/sends",
    "/experiments/{}/replies",
    "/experiments/{}/hits",
    "/api/v1/experiments/{}",
    "/api/v1/experiments/{}/readout",
    "/api/v1/experiments/{}/progress",
    "/api/v1/experiments/{}/sends",
    "/api/v1/experiments/{}/replies",
    "/api/v1/experiments/{}/hits",
)
_WHOLE = (
    "/api/v1/experiments/{}/export?format=csv",
    "/api/v1/experiments/{}/export?format=ndjson",
    "/api/v1/imports/{}/refused",
    "/api/v1/imports/{}/notes",
)
_LARGE = frozenset(
    ("enrolment", "send", "outcome", "hit", "reaction", "answer", "ineligible", "person")
)
_MOST_GROWTH = 1.3  # an index is a little deeper, a count a digit longer
_SLACK = 200  # rows, or steps of SQLite's machine: answers are counted, each by one step
# One answer of twenty people is counted where it stands in an index: two steps each.
_COUNTED = "answer.useful IS"
_ONE_PAGE = 1_000  # rows that PostgreSQL may find in an index first, and then read: counted twice
_SMALL_BYTES = 256 * 1024
_Lines = Callable[[Session, str], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Opened:
    """Pages and API on a house, put together once, and a key to them."""

    house: House
    site: FastAPI
    key: dict[str, str]

    @classmethod
    def of(cls, house: House) -> "Opened":
        return cls(house, inside_of(house), key_of(house))


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


@pytest.fixture(scope="module")
def opened(house: House) -> Opened:
    return Opened.of(house)


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
        name = f"of{people}"
        made = Import(id=name, audience_id=estate.AUDIENCE, format="csv", folder="f", created_at=at)
        session.add(made)
        for rows in (_refused(name, people), _noted(name, people)):
            session.add_all(rows)


def _refused(name: str, many: int) -> list[Refusal]:
    return [Refusal(import_id=name, line=n, reason="No address.", raw="a") for n in range(1, many)]


def _noted(name: str, many: int) -> list[Note]:
    told = {"column": "euros", "value": "x", "note": "No number."}
    return [Note(import_id=name, number=n, line=n, **told) for n in range(1, many)]


@pytest.mark.parametrize("address", _OF_ONE)
def test_four_times_the_people_are_no_more_rows(opened: Opened, address: str):
    few, many = (_asked(opened, address.format(f"of{size}")) for size in (_FEW, _MANY))

    grown = {
        question: (few[question], work)
        for question, work in many.items()
        if work > _MOST_GROWTH * few.get(question, 0) + _SLACK and _COUNTED not in question
    }

    assert len(many) > 1
    assert grown == {}


@pytest.mark.parametrize("address", _OF_ONE)
def test_no_page_looks_through_a_whole_table_of_people(opened: Opened, address: str):
    if not opened.house.database.is_sqlite:
        pytest.skip("PostgreSQL's plan is another one for every size; its rows are counted")
    asked = asyncio.run(_ask(opened, address.format(f"of{_MANY}")))

    assert asked.scans(_LARGE) == []


@pytest.mark.parametrize("address", _WHOLE)
def test_an_export_reads_each_row_once_however_many_there_are(opened: Opened, address: str):
    few, many = (
        sum(_asked(opened, address.format(f"of{size}")).values()) for size in (_FEW, _MANY)
    )

    assert many < _MOST_GROWTH * _MANY / _FEW * few + _ONE_PAGE


@pytest.mark.parametrize("listed", ["sends", "hits"])
def test_a_list_is_walked_to_its_end_at_the_price_of_its_rows(opened: Opened, listed: str):
    few, many = (
        _walked(opened, f"/api/v1/experiments/of{size}/{listed}") for size in (_FEW, _MANY)
    )

    assert many < _MOST_GROWTH * _MANY / _FEW * few + _ONE_PAGE


def test_ten_times_as_long_a_page_of_any_list_is_no_more_than_ten_times_the_work(opened: Opened):
    lists = routes.lists(opened.site, (f"of{_MANY}",))
    pages = {
        address: [sum(_asked(opened, f"{address}?limit={limit}").values()) for limit in (100, 1000)]
        for address in lists
    }

    assert len(pages) > 20
    assert {
        address: work
        for address, work in pages.items()
        if work[1] > _MOST_GROWTH * 10 * work[0] + _SLACK
    } == {}


@pytest.mark.parametrize("lines", [export.csv_lines, export.ndjson_lines])
def test_an_export_holds_a_part_of_its_rows_at_a_time(house: House, lines: _Lines):
    _held_while_read(house, lines, _FEW)  # what is compiled once
    few, many = (_held_while_read(house, lines, size) for size in (_FEW, _MANY))

    assert many < _MOST_GROWTH * few + _SMALL_BYTES


def _held_while_read(house: House, lines: _Lines, size: int) -> int:
    """The most bytes that were held at once, beside what was held before."""
    with house.database.read() as session:
        tracemalloc.start()
        try:
            for _written in lines(session, f"of{size}"):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def _walked(opened: Opened, address: str) -> int:
    work = 0
    cursor: str | None = ""
    while cursor is not None:
        asked, told = asyncio.run(_ask_and_hear(opened, f"{address}?limit=1000{cursor}"))
        work += sum(asked.read().values())
        following = told.json()["next"]
        cursor = following and f"&cursor={following}"
    return work


def _asked(opened: Opened, address: str) -> dict[str, int]:
    return asyncio.run(_ask(opened, address)).read()


async def _ask(opened: Opened, address: str) -> Asked:
    asked, _told = await _ask_and_hear(opened, address)
    return asked


async def _ask_and_hear(opened: Opened, address: str) -> tuple[Asked, httpx.Response]:
    transport = httpx.ASGITransport(app=opened.site)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8000", headers=opened.key
    ) as client:
        (await client.get(address)).raise_for_status()
        with asking(opened.house.database.engine) as asked:
            told = (await client.get(address)).raise_for_status()
    return asked, told

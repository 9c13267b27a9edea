"""What is stored and is not what we wrote: its row is told as damaged, and takes no other away.

Every column that is read as something (a document, one of a closed set, a zone, a moment) is spoilt
in turn, on both databases. Pages and lists about others answer as before; whatever is about the
damaged row alone says which one it is.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import JSON, Column, select, text, update
from sqlmodel import SQLModel

from app.analysis.models import Look
from app.experiments.models import ExperimentTemplate
from app.ops import stored
from app.ops.installation import House, open_house
from app.outreach.models import Digest
from app.platform import clock, config
from app.platform.documents import Cells
from app.platform.garbled import CANNOT_BE_READ
from app.platform.iso_weeks import week_of
from app.review import agenda
from tests import alone, moments
from tests.bench import estate
from tests.bench.estate import Size
from tests.bench.pages import key_of
from tests.cast import DESIGN
from tests.conftest import KINDS
from tests.routes import addresses, counting
from tests.whole import inside_of

GARBAGE: dict[str, Any] = {"rule": 7, "arms": 7}
_LOOK: dict[str, Any] = {"arms": {}, "last": False}
NONSENSE = "no such thing"
_SIZE = Size.of(1)
_EXPERIMENTS = estate.examples(_SIZE)
_TABLES = SQLModel.metadata.tables
_REFUSED = {"experiment.design"}  # a trigger reads it whenever it is written
# Addresses of one thing alone, by what they have in them.
_OWN = ("e00000", "/audience", "/weeks/", "/digest", "/template")


class Asking:
    """Everything that a browser and a system may ask for, and what is answered."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._application = inside_of(house)
        self._headers = key_of(house)
        self.places = addresses(self._application, _EXPERIMENTS)
        self.reads: dict[str, str] = {}  # the statements of each: what it can see damaged at all
        self.before = {place: answer.status_code for place, answer in alone.run(self._first())}

    def every(self, spoilt: Sequence[Column[Any]]) -> list[tuple[str, httpx.Response]]:
        """What everybody says who reads a table of these."""
        tables = re.compile("|".join(rf"\b{one.table.name}\b" for one in spoilt))
        return alone.run(
            self._every([one for one in self.places if tables.search(self.reads[one])])
        )

    def wrong(self, spoilt: Sequence[Column[Any]]) -> set[str]:
        """Who answers otherwise than before, and does not say that one of these is damaged."""
        return {
            f"{place}: {answer.status_code} {answer.text[:300]}"
            for place, answer in self.every(spoilt)
            if answer.status_code != self.before[place]
            and not (_is_own(place, spoilt) and _says_so(answer, spoilt))
        }

    def unnamed(self, spoilt: Sequence[Column[Any]]) -> set[str]:
        """Who answers otherwise than before, and names none of these; about whatever it is."""
        return {
            f"{place}: {answer.status_code} {answer.text[:300]}"
            for place, answer in self.every(spoilt)
            if answer.status_code != self.before[place] and not _says_so(answer, spoilt)
        }

    def ask(self, method: str, place: str) -> httpx.Response:
        async def answered() -> httpx.Response:
            async with self._client() as asks:
                return await asks.request(method, place, headers=self._headers)

        return alone.run(answered())

    async def _first(self) -> list[tuple[str, httpx.Response]]:
        answers = []
        with counting(self.house.database.engine) as asked:
            for place in self.places:
                asked.clear()
                answers += await self._every([place])
                self.reads[place] = "\n".join(asked)
        return answers

    async def _every(self, places: Sequence[str]) -> list[tuple[str, httpx.Response]]:
        async with self._client() as asks:
            return [(one, await asks.get(one, headers=self._headers)) for one in places]

    def _client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self._application, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://one.example")


def _is_own(place: str, spoilt: Sequence[Column[Any]]) -> bool:
    """Whether an address is of one thing alone that may be damaged."""
    of_key_result = any(one.table.name == "key_result" for one in spoilt)
    return any(own in place for own in _OWN) or (of_key_result and "/key-results/" in place)


def _says_so(answer: httpx.Response, spoilt: Sequence[Column[Any]]) -> bool:
    """Which row, which column, what to do."""
    return answer.status_code == httpx.codes.CONFLICT and any(
        f"(table {one.table.name}, row" in answer.text
        and f"column {one.name})" in answer.text
        and "Restore it from a backup" in answer.text
        for one in spoilt
    )


@pytest.fixture(scope="module", params=KINDS)
def asking(
    request: pytest.FixtureRequest,
    templates: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Asking]:
    """Whatever is spoilt is mended again: one installation of each kind serves all of them."""
    folder = tmp_path_factory.mktemp("spoilt")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        moments.state(patch, moments.NOW)
        if request.param == "sqlite":
            (folder / "test.db").write_bytes(Path(templates["sqlite"]).read_bytes())
            url = f"sqlite:///{folder / 'test.db'}"
        else:
            url = stack.enter_context(request.getfixturevalue("postgres_server").fresh())
        settings = config.load(
            data_dir=folder / "data", database_url=url, public_url="http://one.example"
        )
        house = open_house(settings)
        stack.callback(house.database.close)
        yield _asking(house)


def _asking(house: House) -> Asking:
    now = clock.now()
    estate.fill(house.database, _SIZE, now=now)
    who: dict[str, Any] = {"created_at": now, "created_by": "Ann"}
    with house.database.write() as session:
        session.add(ExperimentTemplate(id="t", name="Waste", design=DESIGN, **who))
        session.add(Digest(id=1, sends_at="monday 08:00", set_at=now, timed_at=now))
        session.add(Look(experiment_id=_EXPERIMENTS[1], number=1, due_at=now, at=now, body=_LOOK))
        agenda.freeze(session, week_of(now.date()), by="Ann", zone=house.settings.zone, now=now)
    return Asking(house)


@contextmanager
def spoilt(house: House, column: Column[Any], value: Any) -> Iterator[None]:
    """Every row holds this there for a while."""
    table = column.table
    keys = list(table.primary_key.columns)
    with house.database.write() as session:
        rows = session.execute(select(*keys, column)).all()
        session.execute(update(table).values({column.name: value}))
    yield
    with house.database.write() as session:
        for row in rows:
            same = [key == getattr(row, key.name) for key in keys]
            session.execute(update(table).where(*same).values({column.name: row[-1]}))


def held(house: House, chosen: Callable[[Column[Any]], bool]) -> list[Column[Any]]:
    """The columns of this kind of which an installation holds rows."""
    every = [one for table in SQLModel.metadata.sorted_tables for one in table.columns]
    with house.database.read() as session:
        return [
            one
            for one in every
            if not one.primary_key
            and chosen(one)
            and session.execute(select(one).where(one.is_not(None)).limit(1)).first()
        ]


def in_rounds(columns: Sequence[Column[Any]], *, full: bool) -> list[list[Column[Any]]]:
    """One at a time; beside every change one of each table at a time."""
    if full:
        return [[one] for one in columns]
    by_table: defaultdict[str, list[Column[Any]]] = defaultdict(list)
    for one in columns:
        by_table[one.table.name].append(one)
    return [[one for one in row if one is not None] for row in zip_longest(*by_table.values())]


def wrong_answers(
    asking: Asking, columns: Sequence[Column[Any]], value: Any, *, full: bool
) -> set[str]:
    found = set()
    for columns_at_once in in_rounds(columns, full=full):
        with ExitStack() as stack:
            for one in columns_at_once:
                stack.enter_context(spoilt(asking.house, one, value))
            found |= asking.wrong(columns_at_once)
    return found


def is_document(column: Column[Any]) -> bool:
    return isinstance(column.type, JSON | Cells)


def is_read(column: Column[Any]) -> bool:
    """Text that is read as something else."""
    if any(one.unique and column.name in one.columns for one in column.table.indexes):
        return False  # no two rows may hold the same there
    if column.name == "role":
        return False  # of whoever asks for all of this
    (model,) = [one.class_ for one in stored.mappers() if one.local_table is column.table]
    return not is_document(column) and column.name in stored.readers(model)


def test_a_document_of_another_shape_takes_no_other_away(asking: Asking, full: bool):
    columns = held(asking.house, is_document)

    assert len(columns) > 15
    assert wrong_answers(asking, columns, GARBAGE, full=full) == set()


def test_text_that_is_none_of_those_it_may_be_takes_no_other_away(asking: Asking, full: bool):
    columns = held(asking.house, is_read)

    assert len(columns) > 15
    assert wrong_answers(asking, columns, NONSENSE, full=full) == set()


@pytest.fixture
def on_sqlite(asking: Asking) -> Asking:
    """It keeps any text as a document, a moment or a day; PostgreSQL refuses it."""
    if not asking.house.database.is_sqlite:
        pytest.skip("PostgreSQL keeps nothing of the kind")
    return asking


def test_a_document_that_is_none_takes_no_other_away(on_sqlite: Asking, full: bool):
    columns = held(on_sqlite.house, lambda one: is_document(one) and str(one) not in _REFUSED)

    assert wrong_answers(on_sqlite, columns, text("'{'"), full=full) == set()


def test_a_moment_that_is_none_is_named_wherever_it_is_asked_for(on_sqlite: Asking, full: bool):
    columns = held(on_sqlite.house, lambda one: isinstance(one.type, stored.TIMES))
    found = set()
    for columns_at_once in in_rounds(columns, full=full):
        with ExitStack() as stack:
            for one in columns_at_once:
                stack.enter_context(spoilt(on_sqlite.house, one, text("'soon'")))
            found |= on_sqlite.unnamed(columns_at_once)

    assert len(columns) > 40
    assert found == set()


def test_what_is_damaged_is_listed_by_name_told_by_doctor_and_can_be_removed(house: House):
    asking, draft = _asking(house), _EXPERIMENTS[-1]
    with spoilt(house, _TABLES["experiment"].columns["design"], GARBAGE):
        listed = asking.ask("GET", "/api/v1/experiments").json()["items"]
        page = asking.ask("GET", "/experiments").text
        told = asking.ask("GET", f"/api/v1/experiments/{draft}").json()
        with house.database.read() as session:
            looked = [str(one) for one in stored.look(session)]
        removed = asking.ask("DELETE", f"/api/v1/experiments/{draft}").status_code

    assert {one["cannot_be_read"] for one in listed} == {CANNOT_BE_READ}
    assert all(one["name"].startswith("Waste in euros") for one in listed)
    assert page.count("Cannot be read") == len(listed)
    assert told["detail"] in looked
    assert told["detail"].startswith("“Waste in euros 4” cannot be read: what is stored of its")
    assert removed == httpx.codes.NO_CONTENT


def test_who_may_do_what_cannot_be_read_of_one_stops_nobody_else(asking: Asking):
    with spoilt(asking.house, _TABLES["user_account"].columns["role"], NONSENSE):
        browser, system = asking.ask("GET", "/"), asking.ask("GET", "/api/v1/experiments")

    assert (browser.status_code, system.status_code) == (httpx.codes.CONFLICT, httpx.codes.OK)
    assert "(table user_account, row" in browser.text


def test_every_reader_is_of_a_column_that_there_is():
    columns = {f"{table.name}.{one.name}" for table in _TABLES.values() for one in table.columns}

    assert stored.READS.keys() - columns == set()

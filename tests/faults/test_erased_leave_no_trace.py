"""Nobody finds who was erased: not in the database's files, journals, outbox, logs or exports.

Twenty people beside every change, a thousand by `--full`.
"""

import io
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.analysis import export
from app.ops.house import House, open_house
from app.platform import config
from tests.moments import NOW
from tests.privacy.town import HOUR, SIGNS, Town, signs_in


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    found = open_house(
        config.load(
            data_dir=tmp_path / "data", database_url=database_url, public_url="http://one.example"
        )
    )
    yield found
    found.database.close()


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Whatever anybody logs, at any level."""
    text, root = io.StringIO(), logging.getLogger()
    handler, before = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield text
    root.removeHandler(handler)
    root.setLevel(before)


def test_a_search_for_whoever_was_erased_finds_nothing(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    logged: io.StringIO,
    full: bool,
):
    folder = house.settings.data_dir.parent
    town = Town(house, monkeypatch, leaving=1_000 if full else 20, staying=50)
    town.settle()
    town.live()
    before, held = town.numbers(), signs_in(folder)
    began = time.monotonic()
    erased = town.erase()
    took = time.monotonic() - began
    town.finish(NOW + 2 * HOUR)
    swept = time.monotonic() - began - took
    after = town.numbers()
    town.turn_journals()
    with house.database.read() as session:
        (folder / "export.csv").write_text("".join(export.csv_lines(session, town.experiment_id)))

    counted = f"{len(erased)} erased in {took:.1f} s, ended in {swept:.1f} s; before in {held}"
    print(counted)
    cells = [cell.lower() for _, _, cell in town.rows()]
    assert len(erased) == town.leaving
    assert held or not house.database.is_sqlite
    assert [cell for cell in cells if any(sign in cell for sign in SIGNS)] == []
    assert signs_in(folder) == []
    assert [sign for sign in SIGNS if sign in logged.getvalue().lower()] == []
    assert after == before

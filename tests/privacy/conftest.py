"""A house of its own for each test, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.ops.house import House, open_house
from app.platform import config
from tests.privacy.town import Town


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    house = open_house(
        config.load(
            data_dir=tmp_path / "data", database_url=database_url, public_url="http://one.example"
        )
    )
    yield house
    house.database.close()


@pytest.fixture
def town(house: House, monkeypatch: pytest.MonkeyPatch) -> Town:
    """Everybody lives there, and has left traces."""
    town = Town(house, monkeypatch)
    town.settle()
    town.live()
    return town

"""A house of its own for each test, on both databases."""

import pytest

from app.ops.installation import House
from tests.privacy.town import Town


@pytest.fixture
def town(house: House, monkeypatch: pytest.MonkeyPatch) -> Town:
    """Everybody lives there, and has left traces."""
    town = Town(house, monkeypatch)
    town.settle()
    town.live()
    return town

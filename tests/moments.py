"""When a test happens. Every test runs at a stated moment: `NOW`, or each of `CALENDAR`.

The clock goes on from there as fast as any other, so what waits still ends. Processes that a test
starts are told the same moment (`tests.serve`).
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.platform import clock

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)  # a Wednesday
OSLO = ZoneInfo("Europe/Oslo")

CALENDAR = {
    **{f"{day:%A}": day for day in (NOW.replace(day=23) + timedelta(days=n) for n in range(7))},
    "31 December, week 53": datetime(2026, 12, 31, 10, tzinfo=UTC),
    "1 January, week 53": datetime(2027, 1, 1, 10, tzinfo=UTC),
    "29 February": datetime(2028, 2, 29, 23, 30, tzinfo=UTC),
    "the hour that is left out": datetime(2027, 3, 28, 1, 59, tzinfo=OSLO).astimezone(UTC),
    "the hour that comes twice": datetime(2027, 10, 31, 2, 59, tzinfo=OSLO).astimezone(UTC),
}


def shift_to(moment: datetime) -> timedelta:
    """How far the real clock must be moved so that it is this moment now."""
    return moment - (clock.now() - clock.shift())


def state(patch: pytest.MonkeyPatch, moment: datetime) -> None:
    """From here on it is this moment, and goes on from it."""
    patch.setattr(clock, "_shift", shift_to(moment) // timedelta(microseconds=1))


def on_each_day(metafunc: pytest.Metafunc) -> None:
    """With --calendar, a test marked `calendar` runs at every moment of CALENDAR."""
    marked = metafunc.definition.get_closest_marker("calendar")
    if marked and metafunc.config.getoption("--calendar"):
        metafunc.parametrize(
            "stated_moment", list(CALENDAR.values()), ids=list(CALENDAR), indirect=True
        )


def one_database_is_enough(items: list[pytest.Item]) -> None:
    """Days are counted by us, not by the database: PostgreSQL sees one of the moments."""
    first = next(iter(CALENDAR.values()))
    items[:] = [item for item in items if not _on_postgresql_again(item, first)]


def _on_postgresql_again(item: pytest.Item, first: datetime) -> bool:
    callspec = getattr(item, "callspec", None)
    given = callspec.params if callspec else {}
    return given.get("database_url") == "postgresql" and given.get("stated_moment", first) != first

"""Days that are sent in lie where calendars reach."""

import re
from datetime import date, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from app.platform.days import FIRST, LAST, Day, Moment
from app.platform.errors import Invalid
from app.platform.iso_weeks import monday_of
from app.platform.paths import STATIC


@pytest.mark.parametrize("day", [date.min, date(1969, 12, 31), date(2200, 1, 1), date.max])
def test_a_day_beyond_is_refused(day: date):
    with pytest.raises(ValidationError, match="between 1970 and 2199"):
        TypeAdapter(Day).validate_python(day)


@pytest.mark.parametrize("day", [FIRST, LAST])
def test_the_ends_are_days(day: date):
    assert TypeAdapter(Day).validate_python(day) == day


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2200-01-01T00:00:00Z"],
)
def test_a_moment_beyond_is_refused(moment: str):
    with pytest.raises(ValidationError, match="between 1970 and 2199"):
        TypeAdapter(Moment).validate_python(datetime.fromisoformat(moment))


@pytest.mark.parametrize("week", ["0001-W01", "9999-W52", "1969-W52", "2200-W02", "2026-W54", ""])
def test_a_week_beyond_is_none(week: str):
    with pytest.raises(Invalid, match="is not a week"):
        monday_of(week)


def test_what_the_outside_sends_has_no_other_days():
    """A bare date in a schema would let a week of the year 9999 in again."""
    root = STATIC.parents[1]
    sent = [*root.glob("*/*schemas.py"), root / "review" / "playbook.py"]
    bare = r": (?:Date|date|datetime|AwareDatetime)\b(?! *,| *\))"

    found = [str(path) for path in sent if re.search(bare, path.read_text())]

    assert len(sent) > 6
    assert found == []

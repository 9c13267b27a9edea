"""The days and moments that may be sent in: wide enough for work, narrow enough to count with.

Beyond them calendars end: a week, a zone or a window before or after would be no date any more.
"""

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

FIRST, LAST = date(1970, 1, 1), date(2199, 12, 31)
_FROM = datetime(FIRST.year, 1, 1, tzinfo=UTC)
_UNTIL = datetime(LAST.year + 1, 1, 1, tzinfo=UTC)
_SENTENCE = f"must lie between {FIRST.year} and {LAST.year}"


def within(day: date) -> date:
    """The day, or ValueError where no calendar of ours reaches."""
    if not FIRST <= day <= LAST:
        raise ValueError(_SENTENCE)
    return day


def _within(moment: datetime) -> datetime:
    if not _FROM <= moment < _UNTIL:
        raise ValueError(_SENTENCE)
    return moment


Day = Annotated[date, AfterValidator(within)]
Moment = Annotated[AwareDatetime, AfterValidator(_within)]

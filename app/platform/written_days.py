"""A cell read as a day or a moment, by an order of day and month that is never guessed."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum

Day = date | datetime


class Order(StrEnum):
    """How a column writes its days."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    YEAR_FIRST = "year_first"
    EXCEL_DAYS = "excel_days"
    UNIX_SECONDS = "unix_seconds"
    UNIX_MILLISECONDS = "unix_milliseconds"


_CLOCK = (
    r"(?:(?:T|,?\s+)(?P<hour>[0-2]?[0-9])[:.](?P<minute>[0-5][0-9])(?:[:.](?P<second>[0-5][0-9])"
    r"(?:[.,](?P<part>[0-9]{1,9}))?)?\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-][0-2][0-9]:?[0-5][0-9])?)?"
)
_WEEKDAY = r"(?:[^\W\d_]{2,10}\.?,?\s+)?"
_DAY_NAMED = (
    rf"{_WEEKDAY}(?P<day>[0-9]{{1,2}})(?:\.|st|nd|rd|th|er|º)?[\s-]*(?:de\s+|of\s+)?"
    r"(?P<name>[^\W\d_]{3,10})\.?[\s,-]*(?:de\s+)?(?P<year>[0-9]{4}|[0-9]{2})"
)
_NAMED_DAY = (
    rf"{_WEEKDAY}(?P<name>[^\W\d_]{{3,10}})\.?[\s-]+(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?"
    r",?[\s-]+(?P<year>[0-9]{4})"
)
_SELF_EVIDENT = tuple(
    re.compile(f"{form}{_CLOCK}", re.IGNORECASE)
    for form in (
        r"(?P<year>[0-9]{4})(?P<sep>[-/.])(?P<month>[0-9]{1,2})(?P=sep)(?P<day>[0-9]{1,2})",
        r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
        _DAY_NAMED,
        _NAMED_DAY,
    )
)
_TWO_ORDERS = re.compile(
    r"(?P<first>[0-9]{1,2})\s?(?P<sep>[-/.])\s?(?P<second_>[0-9]{1,2})\s?(?P=sep)\s?"
    rf"(?P<year>[0-9]{{4}}|[0-9]{{2}}){_CLOCK}",
    re.IGNORECASE,
)
_WITHOUT_YEAR = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2?")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar jänner janvier janv enero ene gennaio gen januari janeiro sty",
            "feb february februar februari février fevrier févr fevr fév febrero febbraio luty",
            "mar march märz mär mrz maerz mars marzo maart mrt março marec",
            "apr april avril avr abril abr aprile kwi",
            "may mai maj mei mayo maggio mag maio",
            "jun june juni juin junio giugno giu junho cze",
            "jul july juli juillet juil julio luglio lug julho lip",
            "aug august août aout agosto ago augustus augusti sie",
            "sep sept september septembre septiembre settembre set setembro wrz",
            "oct october oktober okt octobre octubre ottobre ott outubro out oktobra paź",
            "nov november novembre noviembre novembro lis",
            "dec december dez dezember des desember décembre decembre déc diciembre dic dezembro",
        ),
        1,
    )
    for name in names.split()
}
_SOME_DAY = re.compile(r"^[0-9]{8}$|[0-9][-/.]\s?[0-9]{1,2}[-/.]|[^\W\d_]{3}")  # at the least
_PIVOT = 69  # two digits from here on are of the 1900s (POSIX)
_EXCEL_ZERO = date(1899, 12, 30)  # Excel counts 1900-02-29, which never was
_YEARS = range(1900, 2101)  # of numbers that are read as days
_LONGEST = 100  # characters; whatever is longer is no day, and costs the patterns its square
_WHOLE = re.compile(r"[0-9]{1,14}(?:[.,][0-9]{1,10})?")


def read(text: str, order: Order) -> Day | None:
    """The day that a cell is, by this order; None where it is none, or no year is said."""
    if len(text) > _LONGEST:
        return None
    text = unicodedata.normalize("NFC", text.strip())
    counted = _COUNTED.get(order)
    if counted is not None and _WHOLE.fullmatch(text):
        return counted(float(text.replace(",", ".")))
    evident = _evident(text)
    if evident is not None or order not in {Order.DAY_FIRST, Order.MONTH_FIRST}:
        return evident
    found = _TWO_ORDERS.fullmatch(text)
    if found is None:
        return None
    first, second = int(found["first"]), int(found["second_"])
    day, month = (first, second) if order is Order.DAY_FIRST else (second, first)
    return _moment(found, _year(found["year"]), month, day)


def fitting(text: str) -> tuple[Order, ...]:
    """The written orders by which a cell is a day, found at once."""
    if len(text) > _LONGEST:
        return ()
    text = unicodedata.normalize("NFC", text.strip())
    if not _SOME_DAY.search(text):
        return ()
    if _evident(text) is not None:
        return (Order.DAY_FIRST, Order.MONTH_FIRST, Order.YEAR_FIRST)
    if not _TWO_ORDERS.fullmatch(text):
        return ()
    return tuple(one for one in (Order.DAY_FIRST, Order.MONTH_FIRST) if read(text, one) is not None)


def hints(text: str) -> Order | None:
    """The order that a day without its year gives away: 13.05. has the day first."""
    found = _WITHOUT_YEAR.fullmatch(text.strip())
    if found is None:
        return None
    first, second = int(found[1]), int(found[3])
    if first > 12 >= second:
        return Order.DAY_FIRST
    return Order.MONTH_FIRST if second > 12 >= first and second <= 31 else None


def as_moment(day: Day) -> datetime:
    """A day as its first moment; what names no zone is in UTC. For comparing."""
    moment = day if isinstance(day, datetime) else datetime.combine(day, time.min)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _evident(text: str) -> Day | None:
    for form in _SELF_EVIDENT:
        found = form.fullmatch(text)
        if found is None:
            continue
        groups = found.groupdict()
        month = _MONTHS.get(groups["name"].casefold()) if "name" in groups else groups["month"]
        if month is not None:
            return _moment(found, _year(groups["year"]), int(month), int(groups["day"]))
    return None


def _year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) > 2 else year + (1900 if year >= _PIVOT else 2000)


def _moment(found: re.Match[str], year: int, month: int, day: int) -> Day | None:
    try:
        there = date(year, month, day)
        if found["hour"] is None:
            return there
        hour = _hour(int(found["hour"]), found["half"])
        part = int((found["part"] or "0")[:6].ljust(6, "0"))
        at = time(hour, int(found["minute"]), int(found["second"] or 0), part)
        return datetime.combine(there, at, _zone(found["zone"]))
    except ValueError:
        return None


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + (12 if half[0] in "pP" else 0)


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text[0] not in "+-":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _excel(days: float) -> Day | None:
    whole = int(days)
    if not 1 <= whole < (date(_YEARS.stop, 1, 1) - _EXCEL_ZERO).days:
        return None
    there = _EXCEL_ZERO + timedelta(days=whole)
    seconds = round((days - whole) * 86_400)
    if not seconds:
        return there
    return datetime.combine(there, time.min) + timedelta(seconds=seconds)


def _unix(seconds: float) -> Day | None:
    found = datetime.fromtimestamp(seconds, UTC) if seconds < 4_133_980_800 else None  # 2101
    return found if found is not None and found.year >= 1970 else None


_COUNTED: Mapping[Order, Callable[[float], Day | None]] = {
    Order.EXCEL_DAYS: _excel,
    Order.UNIX_SECONDS: _unix,
    Order.UNIX_MILLISECONDS: lambda milliseconds: _unix(milliseconds / 1000),
}

"""Past values as people paste them from a sheet: a day or week and a number, or numbers alone.

Tabs, semicolons or bars separate columns; without them a line is cut where its left is a day or a
week and its right a number. What can be read two ways is asked for (see `written_cells`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date

from app.okr.exact import LARGEST
from app.platform import days, figures, iso_weeks, written_cells, written_days, written_numbers
from app.platform.errors import Invalid
from app.platform.written_cells import Number, TwoWays
from app.platform.written_days import Order
from app.platform.written_numbers import Decimals

MOST_LINES = 1000  # chosen by us: nineteen years of weeks
_LONGEST = 200  # characters of a line: it is tried at each of its gaps
_WORDS = "week|wk|w|kw|cw|uke|u|vecka|v|uge|semaine|sem|s|semana|settimana|tydzień|viikko|vk"
_WEEKS = (
    re.compile(r"(?P<year>\d{4})[\s/-]*w\s?(?P<week>\d{1,2})", re.IGNORECASE),
    re.compile(rf"(?P<year>\d{{4}})[\s/,-]*(?:{_WORDS})\.?\s?(?P<week>\d{{1,2}})", re.IGNORECASE),
    re.compile(rf"(?:{_WORDS})\.?\s?(?P<week>\d{{1,2}})[\s/,-]+(?P<year>\d{{4}})", re.IGNORECASE),
)
_NO_YEAR = re.compile(rf"(?:{_WORDS})\.?\s?(?P<week>\d{{1,2}})", re.IGNORECASE)
_STRONG = ("\t", ";", "|")
_CUT = re.compile(r"[\s,:]+")
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was understood: when and how much, or why not."""

    number: int
    raw: str
    day: Date | None = None
    week: str = ""  # where a week was written, not a day
    value: float | None = None
    why: str = ""
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class Pasted:
    """Every line, and what has to be said before all of them can be read."""

    lines: tuple[Line, ...]
    asks: frozenset[str]  # dates, decimals
    has_no_days: bool  # numbers alone: counted back from a last week


@dataclass(frozen=True, slots=True)
class _Cut:
    """A line in two, not yet read."""

    number: int
    raw: str
    when: str
    value: str
    why: str = ""


def read(
    text: str, *, unit: str, order: Order | None = None, decimals: Decimals | None = None
) -> Pasted:
    """Every line with its day or week and its number. Raises Invalid for none or too many."""
    given = [(place, line) for place, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not given:
        raise Invalid.at("past", "Paste at least one line: a day or week, and a number.")
    if len(given) > MOST_LINES:
        raise Invalid.at("past", f"{figures.exact(MOST_LINES)} lines at most.")
    cuts = [_cut(place, line) for place, line in given]
    head = cuts[0] if _is_heading(cuts) else None
    rest = cuts[1:] if head else cuts
    order = order or written_cells.order_told(cut.when for cut in rest)
    decimals = decimals or written_cells.decimals_told(cut.value for cut in rest)
    asks: set[str] = set()
    lines = [_read(cut, unit, order, decimals, asks) for cut in rest]
    named = [Line(head.number, head.raw, is_heading=True)] if head else []
    no_days = not any(cut.when for cut in rest if not cut.why)
    return Pasted((*named, *lines), frozenset(asks), no_days)


def week_of_cell(text: str) -> str:
    """The ISO week that a cell names, or nothing. Raises Invalid where its year is missing."""
    for form in _WEEKS:
        if found := form.fullmatch(text.strip()):
            written = f"{found['year']}-W{int(found['week']):02}"
            iso_weeks.monday_of(written)
            return written
    if found := _NO_YEAR.fullmatch(text.strip()):
        raise Invalid(f"The year is missing: write it like 2026-W{int(found['week']):02}.")
    return ""


def _is_heading(cuts: Sequence[_Cut]) -> bool:
    """Whether the first line says what stands below: no day in it, and no number."""
    first = cuts[0]
    return len(cuts) > 1 and not re.search(r"\d", first.raw)


def _cut(place: int, line: str) -> _Cut:
    raw = line.strip()
    if len(raw) > _LONGEST:
        return _Cut(place, raw, "", "", "This line is too long for a day or week and a number.")
    sign = next((sign for sign in _STRONG if sign in raw), None)
    if sign is None:
        return _cut_by_sense(place, raw)
    cells = [cell.strip().strip('"').strip() for cell in line.split(sign)]
    cells = [cell for cell in cells if cell]
    if len(cells) > 2:
        why = f"There are {len(cells)} columns: paste a day or week and one number."
        return _Cut(place, raw, "", "", why)
    if len(cells) < 2:
        return _Cut(place, raw, "", cells[0] if cells else "")
    first, second = cells
    turned = not _says_when(first) and _says_when(second)
    return _Cut(place, raw, second, first) if turned else _Cut(place, raw, first, second)


def _cut_by_sense(place: int, raw: str) -> _Cut:
    """Where no column sign stands: left of the cut is when, right of it is how much."""
    for cut in _CUT.finditer(raw):
        when, value = raw[: cut.start()], raw[cut.end() :]
        if _says_when(when) and _is_number(value):
            return _Cut(place, raw, when, value)
    if _is_number(raw):
        return _Cut(place, raw, "", raw)
    return _Cut(place, raw, "", "", "This is not a day or week and a number.")


def _is_number(text: str) -> bool:
    return written_numbers.every(text)[:2] != (None, None)


def _says_when(text: str) -> bool:
    try:
        return bool(written_days.fitting(text) or week_of_cell(text))
    except Invalid:
        return True  # a week, if not one that is known


def _read(
    cut: _Cut, unit: str, order: Order | None, decimals: Decimals | None, asks: set[str]
) -> Line:
    if cut.why:
        return Line(cut.number, cut.raw, why=cut.why)
    try:
        day, week = _when(cut.when, order, asks)
        value = _how_much(cut.value, unit, decimals, asks)
    except Invalid as error:
        return Line(cut.number, cut.raw, why=str(error))
    return Line(cut.number, cut.raw, day=day, week=week, value=value)


def _when(text: str, order: Order | None, asks: set[str]) -> tuple[Date | None, str]:
    if not text:
        return None, ""
    if week := week_of_cell(text):
        return None, week
    try:
        day = written_cells.day(text, order)
    except TwoWays:
        asks.add("dates")
        raise Invalid(
            f"“{text[:40]}” is two days: say whether the day or the month stands first."
        ) from None
    if day is None or not days.FIRST <= day <= days.LAST:
        raise Invalid(
            f"“{text[:40]}” is not a day or a week. Write it like 2026-08-07 or 2026-W32."
        )
    return day, ""


def _how_much(text: str, unit: str, decimals: Decimals | None, asks: set[str]) -> float:
    if not text:
        raise Invalid("There is no number.")
    try:
        found = written_cells.number(text, decimals)
    except TwoWays:
        asks.add("decimals")
        raise Invalid(
            f"“{text[:40]}” is two numbers: say which sign stands before the decimals."
        ) from None
    if found is None:
        raise Invalid(f"“{text[:40]}” is not a number.")
    if abs(found.value) > LARGEST:
        raise Invalid("The number is larger than a key result holds.")
    refuse_unit(found, unit)
    return float(found.value)


def refuse_unit(number: Number, unit: str) -> None:
    """Raise Invalid where a percentage or a currency is written and the key result has another."""
    written = _SIGNS.get(number.unit, number.unit)
    is_currency = bool(re.fullmatch("[A-Z]{3}", written))
    if not is_currency and written != "%":
        return
    if {"%": "percent"}.get(written, written) != unit:
        raise Invalid(f"It is in {number.unit}, and this key result is in {unit}.")

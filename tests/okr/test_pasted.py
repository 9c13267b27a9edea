"""A pasted past is read as it was meant, or asked about: never read as something else."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.okr import pasted
from app.okr.pasted import Line
from app.platform.errors import Invalid
from app.platform.iso_weeks import week_of
from app.platform.written_days import Order
from app.platform.written_numbers import Decimals

MONDAYS = st.integers(0, 3000).map(lambda week: date(1990, 1, 1) + timedelta(weeks=week))
AMOUNTS = st.integers(-99_999_999, 99_999_999).map(lambda cents: Decimal(cents) / 100)


def grouped(number: Decimal, sign: str, mark: str) -> str:
    """A number as somebody writes it: `-1.240,50` with a comma and points between thousands."""
    text = f"{number:,.2f}".replace(",", "G").replace(".", "D")
    return text.replace("G", mark).replace("D", sign)


WHEN = {
    "iso": lambda day: (day.isoformat(), False),
    "german": lambda day: (f"{day.day}.{day.month}.{day.year}", False),
    "english": lambda day: (f"{day.month}/{day.day}/{day.year}", False),
    "named": lambda day: (f"{day.day} {day:%b} {day.year}", False),
    "week": lambda day: (week_of(day), True),
    "kw": lambda day: (f"KW {day.isocalendar().week} {day.isocalendar().year}", True),
    "norwegian": lambda day: (f"uke {day.isocalendar().week}/{day.isocalendar().year}", True),
}
ORDERS = {"german": Order.DAY_FIRST, "english": Order.MONTH_FIRST}


@dataclass(frozen=True)
class Sheet:
    """What somebody has before them, and how their sheet writes it."""

    rows: list[tuple[date, Decimal]]
    when: str
    sign: str
    mark: str
    between: str
    heading: str
    gaps: int

    def text(self) -> str:
        lines = [
            f"{WHEN[self.when](day)[0]}{self.between}{grouped(number, self.sign, self.mark)}"
            for day, number in self.rows
        ]
        return self.heading + ("\n" * (self.gaps + 1)).join(lines)

    def meant(self) -> list[tuple[date | None, str, float]]:
        is_week = WHEN[self.when](date(2020, 1, 6))[1]
        return [
            (None if is_week else day, week_of(day) if is_week else "", float(number))
            for day, number in self.rows
        ]


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    sign, mark = draw(st.sampled_from([(".", ""), (".", ","), (",", ""), (",", "."), (",", " ")]))
    return Sheet(
        rows=draw(st.lists(st.tuples(MONDAYS, AMOUNTS), min_size=1, max_size=13)),
        when=draw(st.sampled_from(sorted(WHEN))),
        sign=sign,
        mark=mark,
        between=draw(st.sampled_from(["\t", ";", " ; ", "|", " ", "  ", ", "])),
        heading=draw(
            st.sampled_from(["", "Week\tUsers\n", "Dato;Omsetning\n\n", "Active users\n"])
        ),
        gaps=draw(st.integers(0, 1)),
    )


def told(lines: tuple[Line, ...]) -> list[tuple[date | None, str, float | None]]:
    return [(line.day, line.week, line.value) for line in lines if not line.is_heading]


@given(sheets())
def test_a_sheet_is_read_as_it_was_meant_or_asked_about(sheet: Sheet):
    found = pasted.read(sheet.text(), unit="number")

    if not found.asks:
        assert told(found.lines) == sheet.meant()
    for line, meant in zip(told(found.lines), sheet.meant(), strict=True):
        assert line in {meant, (None, "", None)}  # right, or not read: never something else


@given(sheets())
def test_what_was_asked_and_answered_is_read_whole(sheet: Sheet):
    decimals = Decimals.COMMA if sheet.sign == "," else Decimals.POINT
    found = pasted.read(
        sheet.text(), unit="number", order=ORDERS.get(sheet.when), decimals=decimals
    )

    assert not found.asks
    assert told(found.lines) == sheet.meant()


@given(st.text(max_size=200))
def test_whatever_is_pasted_each_line_is_accounted_for(text: str):
    try:
        found = pasted.read(text, unit="percent")
    except Invalid:
        assert not text.strip()
    else:
        assert [line.number for line in found.lines] == [
            place for place, line in enumerate(text.splitlines(), 1) if line.strip()
        ]
        for line in found.lines:
            assert line.is_heading or bool(line.why) is (line.value is None)


@pytest.mark.parametrize(
    ("text", "unit", "why"),
    [
        ("2026-08-06; 12; 13", "number", "There are 3 columns"),
        ("2026-08-06;", "number", "is not a number"),
        ("week 32; 12", "number", "The year is missing: write it like 2026-W32."),
        ("KW 32 240", "number", "The year is missing"),
        ("2026-W54; 12", "number", "“2026-W54” is not a week"),
        ("2026-02-30; 12", "number", "“2026-02-30” is not a day or a week"),
        ("2026-08-06; 12 %", "number", "It is in %, and this key result is in number."),
        ("2026-08-06; 12 €", "USD", "It is in €, and this key result is in USD."),
        ("2026-08-06; 9e15", "number", "larger than a key result holds"),
        ("2026-08-06; =A1*2", "number", "“=A1*2” is not a number."),
        ("2026-08-06; 12k", "number", "“12k” is not a number."),
        ("3/4/2026; 12", "number", "“3/4/2026” is two days"),
        ("2026-08-06; 1,234", "number", "“1,234” is two numbers"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_taken_says_why(text: str, unit: str, why: str):
    (line,) = pasted.read(text, unit=unit).lines

    assert why in line.why
    assert line.value is None


def test_a_neighbour_tells_what_a_line_leaves_open():
    found = pasted.read("3/4/2026\t1.234\n25/3/2026\t74,5", unit="EUR")

    assert not found.asks
    assert told(found.lines) == [(date(2026, 4, 3), "", 1234.0), (date(2026, 3, 25), "", 74.5)]


def test_neighbours_that_disagree_tell_nothing():
    found = pasted.read("3/4/2026\t12\n25/3/2026\t13\n3/25/2026\t14", unit="EUR")

    assert found.asks == {"dates"}

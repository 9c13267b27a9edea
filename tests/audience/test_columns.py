"""Columns are read as a whole: what is decided, what is asked, what is never guessed."""

from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audience import inference
from app.audience.columns import Column, Misfit, Type
from app.audience.inference import Evidence
from app.platform import written_days, written_numbers
from app.platform.written_days import Order
from app.platform.written_numbers import Decimals

POINT, COMMA = Decimals


def moment(*parts: int) -> datetime:
    """A moment of a file that names no zone."""
    year, month, day, hour, minute = (*parts, 0, 0)[:5]
    return datetime.fromisoformat(f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}")


def verdict(name: str, cells: list[object]) -> tuple[str, str | None, bool]:
    """Type, format, and whether the author is asked."""
    seen = Evidence(name)
    for cell in cells:
        seen.add(cell)
    found = inference.decide(seen)
    return found.reading.type, found.reading.format, bool(found.choices)


@pytest.mark.parametrize(
    ("name", "cells", "wanted"),
    [
        ("euros", ["61,3", "58", "74,5"], ("number", COMMA, False)),
        ("euros", ["61.3", "58"], ("number", POINT, False)),
        ("euros", ["1,200", "2,500"], ("number", None, True)),
        ("euros", ["1.200", "850"], ("number", None, True)),
        ("euros", ["1,200", "61.5"], ("number", POINT, False)),
        ("euros", ["1.200", "61,5"], ("number", COMMA, False)),
        ("euros", ["1,200", "1,200,000"], ("number", POINT, False)),
        ("euros", ["0,125"], ("number", COMMA, False)),
        ("euros", ["61,3", "61.3"], ("number", None, True)),
        ("euros", ["61,3"] * 30 + ["61.3"], ("number", COMMA, False)),
        ("euros", ["1 200,50 €", "(12)", "7-", "−5"], ("number", COMMA, False)),
        ("euros", ["1'200.50", "CHF 7"], ("number", POINT, False)),
        ("euros", ["SFr. 12.50", "SFr. 7"], ("number", POINT, False)),
        ("euros", ["Euro 12", "Euro 7"], ("number", POINT, False)),
        *(
            (name, [f"{word} {n}" for n in range(1, 31)] + ["Elin"], ("text", None, False))
            for name, word in (("Vorname", "Person"), ("shop", "Store"), ("seat", "Room"))
        ),
        ("share", ["12 %", "7,5 %"], ("number", COMMA, False)),
        ("price", ["5 €", "7 $"], ("text", None, False)),
        ("visits", ["1.2E+05", "7"], ("number", POINT, False)),
        ("visits", [3, 4.5], ("number", POINT, False)),
        ("visits", ["3", "4", "5", "lots"], ("number", POINT, False)),
        ("visits", ["3", "4", "x", "lots"], ("number", None, True)),
        ("insight", ["3 renewals worth €10", "none of yours"], ("text", None, False)),
        ("plz", ["12345", "01234"], ("text", None, False)),
        ("zip", ["12345"], ("text", None, False)),
        ("customer_id", ["17", "18"], ("text", None, False)),
        ("phone", ["4712345678"], ("text", None, False)),
        ("Rufnummer", ["491701234567", "491701234568"], ("text", None, False)),
        ("Hausnummer", ["12", "12a", "14"], ("text", None, False)),
        ("Mitgliedsnummer", ["10234"], ("text", None, False)),
        ("Numéro de téléphone", ["33612345678"], ("text", None, False)),
        ("number of visits", ["3", "4"], ("number", POINT, False)),
        ("mobile", ["+47 123 45 678"], ("text", None, False)),
        ("card", ["1234567890123456"], ("text", None, False)),
        ("size", ["5k", "7k"], ("text", None, False)),
        ("mood", ["😀", "🎉"], ("text", None, False)),
        ("opens", ["12:30", "9:15"], ("text", None, False)),
        ("renewal", ["13.05.2027", "01.05.2027"], ("date", Order.DAY_FIRST, False)),
        ("renewal", ["01.05.2027", "02.03.2027"], ("date", None, True)),
        ("renewal", ["05/13/2027", "01/05/2027"], ("date", Order.MONTH_FIRST, False)),
        ("renewal", ["01.05.2027"] * 9 + ["13.05."], ("date", Order.DAY_FIRST, False)),
        ("renewal", ["13/05/2027", "05/13/2027"], ("date", None, True)),
        ("renewal", ["2027-05-01", "2027-05-01T14:30:00Z"], ("date", Order.YEAR_FIRST, False)),
        ("renewal", ["1 May 2027", "May 2, 2027", "3. März 2027"],
         ("date", Order.YEAR_FIRST, False)),
        ("renewal", ["20270501", "20271231"], ("date", Order.YEAR_FIRST, False)),
        ("renewal_date", ["46143", "46200"], ("date", Order.EXCEL_DAYS, False)),
        ("since", ["46143", "46200"], ("date", None, True)),
        ("spend", ["46143", "46200"], ("number", POINT, False)),
        ("createdAt", ["1798761600000"], ("date", Order.UNIX_MILLISECONDS, False)),
        ("created_at", ["1798761600"], ("date", Order.UNIX_SECONDS, False)),
        ("joined", ["1798761600"], ("date", None, True)),
        ("barcode", ["1798761600000"], ("date", None, True)),
        ("member", ["yes", "no"], ("boolean", "yes_no", False)),
        ("member", ["Ja", "Nein", "ja"], ("boolean", "yes_no", False)),
        ("member", ["TRUE", "FALSE"], ("boolean", "yes_no", False)),
        ("member", [True, False], ("boolean", "yes_no", False)),
        ("country", ["NO", "NO"], ("text", None, False)),
        ("country", ["NO", "SE"], ("text", None, False)),
        ("note", [], ("text", None, False)),
    ],
)  # fmt: skip
def test_a_column_is_what_its_cells_look_like(
    name: str, cells: list[object], wanted: tuple[str, str | None, bool]
):
    assert verdict(name, cells) == wanted


AMOUNTS = st.decimals(
    min_value=-(10**12), max_value=10**12, places=2, allow_nan=False, allow_infinity=False
)
DAYS = st.dates(min_value=date(1970, 1, 2), max_value=date(2099, 12, 31))


@given(AMOUNTS, st.sampled_from(list(Decimals)), st.sampled_from(["", " €", " %", " kg"]))
def test_a_number_that_is_written_is_read_back(number: Decimal, decimals: Decimals, unit: str):
    assert (
        written_numbers.read(written_numbers.written(number, decimals) + unit, decimals) == number
    )


@given(AMOUNTS, st.sampled_from([(",", ".", POINT), (".", ",", COMMA), ("\u202f", ",", COMMA)]))
def test_thousands_change_no_number(number: Decimal, signs: tuple[str, str, Decimals]):
    thousands, point, decimals = signs
    text = f"{number:,.2f}".replace(",", "T").replace(".", point).replace("T", thousands)

    assert written_numbers.read(text, decimals) == number


@given(st.integers(min_value=0, max_value=10**59))
def test_no_digit_of_a_long_number_is_lost(number: int):
    assert written_numbers.read(str(number), POINT) == number


def written(day: date, order: Order) -> str:
    """A day in this order."""
    seconds = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    forms = {
        Order.EXCEL_DAYS: str((day - date(1899, 12, 30)).days),
        Order.UNIX_SECONDS: str(seconds),
        Order.UNIX_MILLISECONDS: str(seconds * 1000),
        Order.DAY_FIRST: day.strftime("%d.%m.%Y"),
        Order.MONTH_FIRST: day.strftime("%m/%d/%Y"),
    }
    return forms.get(order, day.isoformat())


@given(DAYS, st.sampled_from(list(Order)))
def test_a_day_that_is_written_is_read_back(day: date, order: Order):
    found = written_days.read(written(day, order), order)

    assert found is not None
    assert found == day or (isinstance(found, datetime) and found.date() == day)


@given(DAYS)
def test_a_column_of_days_is_never_read_in_the_wrong_order(day: date):
    """Either it is decided rightly, or it is asked."""
    type_, format_, asked = verdict("renewal", [written(day, Order.DAY_FIRST)] * 5)

    assert type_ == "date"
    assert asked == (day.day <= 12)
    assert format_ == (None if asked else Order.DAY_FIRST)


@given(st.lists(AMOUNTS, min_size=1, max_size=20), st.sampled_from(list(Decimals)))
def test_a_column_of_amounts_is_never_read_by_the_wrong_sign(
    amounts: list[Decimal], decimals: Decimals
):
    type_, format_, _ = verdict(
        "euros", [written_numbers.written(one, decimals) for one in amounts]
    )

    assert (type_, format_) == ("number", decimals)


@given(st.text(max_size=100))
def test_whatever_stands_in_a_cell_is_read_or_a_misfit(text: str):
    for type_, format_ in (("number", COMMA), ("date", Order.DAY_FIRST), ("boolean", "yes_no")):
        column = Column("x", Type(type_), format_)
        with suppress(Misfit):
            column.read(text)
    assert verdict("x", [text])[0] in set(Type)


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("1/5/2027 2:30 PM", moment(2027, 5, 1, 14, 30)),
        ("01.05.27 08:05", moment(2027, 5, 1, 8, 5)),
        ("12.05.2027 12:00 am", moment(2027, 5, 12)),
        ("1.5.69", date(1969, 5, 1)),
        ("29.02.2028", date(2028, 2, 29)),
        ("29.02.2027", None),
        ("31.04.2027", None),
        ("13.05.", None),
        ("00.05.2027", None),
    ],
)
def test_days_with_a_clock_and_days_that_never_were(cell: str, wanted: object):
    assert written_days.read(cell, Order.DAY_FIRST) == wanted


def test_a_zone_is_kept():
    found = written_days.read("2027-05-01T14:30:00+02:00", Order.YEAR_FIRST)

    assert isinstance(found, datetime)
    assert found.isoformat() == "2027-05-01T14:30:00+02:00"
    assert written_days.as_moment(found).astimezone().timestamp() == 1809174600


@pytest.mark.parametrize(("cell", "wanted"), [("1", True), ("0", False), ("yes", True)])
def test_noughts_and_ones_are_answers_where_the_author_says_so(cell: str, wanted: object):
    assert Column("newsletter", Type.BOOLEAN, "yes_no").read(cell) is wanted

"""A rounded number never says more than the exact one."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.platform import figures


@pytest.mark.parametrize(
    ("write", "number", "written"),
    [
        (figures.count, 1240, "1,240"),
        (figures.count, 1515.5, "1,515.5"),
        (figures.count, -0.001, "0"),
        (figures.people, 1, "1 person"),
        (figures.people, 0, "0 people"),
        (figures.share, 0.12, "12.0 %"),
        (figures.share, 0.99951, "over 99.9 %"),
        (figures.share, 0.0004, "under 0.1 %"),
        (figures.share, 1, "100.0 %"),
        (figures.limit, 0.08, "8 %"),
        (figures.limit, 0.125, "12.5 %"),
        (figures.limit, 0.0025, "0.25 %"),
        (figures.rough, 0.3133, "31 %"),
        (figures.rough, 0.0367, "3.7 %"),
        (figures.rough, 0.04, "4 %"),
        (figures.rough, 0, "0 %"),
        (figures.chance, 0.998, "over 99 %"),
        (figures.chance, 0.004, "under 1 %"),
        (figures.chance, 1.0, "over 99 %"),
        (figures.chance, 0.0, "under 1 %"),
        (figures.relative, 0.125, "+12.5 %"),
        (figures.relative, -0.0001, "0.0 %"),
        (figures.aim, 0.105, "10.5 %"),
        (figures.aim, 0.10987, "11 %"),
        (figures.aim, 0.0025, "0.25 %"),
        (figures.p_value, 0.0316, "0.032"),
        (figures.p_value, 1e-9, "under 0.001"),
        (figures.points, 0.016, "+1.6 points"),
        (figures.points, -0.0001, "0.0 points"),
        (figures.set_points, 0.01, "1 point"),
        (figures.set_points, 0.02, "2 points"),
        (figures.value, 12.5, "12.50"),
        (figures.value, 0.00042, "0.00042"),
        (figures.signed_value, -3, "−3.00"),
        (figures.whole, -0.4, "0"),
        (figures.signed_whole, 360, "+360"),
    ],
)
def test_a_number_reads_like_this(write: Callable[[float], str], number: float, written: str):
    assert write(number) == written


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_known_is_not_written(number: float):
    for write in (figures.share, figures.count, figures.value, figures.points, figures.chance):
        with pytest.raises(ValueError, match="cannot be told"):
            write(number)


@given(st.floats(min_value=0, max_value=1), st.integers(0, 3))
def test_a_share_is_all_or_nothing_only_where_it_is(rate: float, digits: int):
    written = figures.share(rate, digits)
    number = float(written.removesuffix(" %").split()[-1])

    if written[0].isdigit():
        assert abs(number - 100 * rate) <= 0.5 * 10**-digits + 1e-6
        assert (number == 100) <= (100 * rate > 100 - 1e-6)
        assert (number == 0) <= (100 * rate < 1e-6)


@given(st.floats(min_value=-1e12, max_value=1e12))
def test_nobody_reads_a_minus_before_a_zero(number: float):
    for write in (
        figures.count, figures.value, figures.signed_value, figures.whole, figures.signed_whole,
        figures.points,
    ):  # fmt: skip
        written = write(number).removesuffix(" points")
        assert any(digit in "123456789" for digit in written) or written[0] not in "-+"


@pytest.mark.parametrize("end", figures._ENDS)
def test_an_axis_has_a_few_round_marks_from_nothing_to_its_end(end: float):
    marks = figures.ticks(end)

    assert (marks[0], marks[-1]) == (0, end)
    assert 4 <= len(marks) <= 6
    assert all(len(figures.axis(mark).strip(" %")) <= 3 for mark in marks)

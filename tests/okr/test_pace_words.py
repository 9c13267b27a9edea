"""What a pace and a grade are called, beside the rules that give them."""

import re
from datetime import date

import pytest

from app.okr.pace_words import SHADED, grade_in_words, pace_in_words
from app.okr.progress import Goal, Grade, Pace, grade, pace

STARTS, ENDS = date(2026, 1, 1), date(2026, 4, 10)  # a hundred days
GOAL = Goal("increase", start=0, target=100)


@pytest.mark.parametrize("percent", [0, 30, 49, 50, 69, 70, 100, 130])
def test_a_pace_names_the_shares_of_the_even_way_that_it_is_given_for(percent: int):
    found = pace(GOAL, percent / 100, starts=STARTS, ends=ENDS, today=ENDS)
    limits = _limits(found)

    if found is Pace.GREEN:
        assert percent >= limits[0]
    elif found is Pace.YELLOW:
        assert limits[0] <= percent < limits[1]
    else:
        assert percent < limits[0]


def test_each_pace_begins_where_the_next_one_ends_and_the_shade_where_on_pace_does():
    green, yellow, red = (_limits(one) for one in (Pace.GREEN, Pace.YELLOW, Pace.RED))

    assert yellow == [*red, *green]
    assert [int(one) for one in re.findall(r"(\d+) %", SHADED)] == green


def _limits(pace: Pace) -> list[int]:
    words = pace_in_words(pace, kind=GOAL.kind, progress=None)
    return [int(one) for one in re.findall(r"\d+", words.replace("half", "50"))]


@pytest.mark.parametrize(
    ("kind", "progress", "words"),
    [
        ("maintain", 1.0, "In the band"),
        ("maintain", 0.0, "Outside the band"),
        ("milestone", 1.0, "Reached"),
        ("milestone", 0.0, "Not reached yet"),
        ("milestone", None, "Not reached yet"),
    ],
)
def test_what_has_no_pace_says_whether_it_is_where_it_should_be(
    kind: str, progress: float | None, words: str
):
    assert pace_in_words(Pace.NONE, kind=kind, progress=progress) == words


def test_every_pace_and_grade_has_words_of_its_own():
    paces = {pace_in_words(one, kind="increase", progress=None) for one in Pace}
    grades = {grade_in_words(one) for one in Grade}

    assert (len(paces), len(grades)) == (len(Pace), len(Grade))
    assert grade_in_words(grade(1.0)) == "reached, or nearly"

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.allocation.summary import FEWEST, Given, by_team, cells_of, off_by, risen, split

ELECTIVE = frozenset({"new", "better", "faster"})


@st.composite
def answers(draw: st.DrawFn) -> Given:
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=3, max_size=3)))
    edges = [0, *cuts, 100]
    parts = [b - a for a, b in pairwise(edges)]
    shares = dict(zip(("lights", "new", "better", "faster"), parts, strict=True))
    return Given(shares, weight=draw(st.sampled_from((0.2, 0.5, 0.8, 1.0))), team_id="oven")


def test_each_share_has_its_own_denominator():
    got = split([Given({"lights": 44, "new": 28, "better": 14, "faster": 14})], ELECTIVE)

    assert got is not None
    assert got.non_elective == 0.44
    assert got.of_elective == {"better": 0.25, "faster": 0.25, "new": 0.5}


@given(st.lists(answers(), min_size=1, max_size=8))
def test_the_shares_add_up(many: list[Given]):
    got = split(many, ELECTIVE)

    assert got is not None
    assert sum(got.of_all.values()) == pytest.approx(1)
    assert sum(got.of_elective.values()) == pytest.approx(1 if got.of_elective else 0)


@given(st.lists(answers(), min_size=1, max_size=8), st.randoms())
def test_the_order_of_answers_changes_nothing(many: list[Given], rng):
    mixed = list(many)
    rng.shuffle(mixed)

    assert split(mixed, ELECTIVE) == split(many, ELECTIVE)


@given(st.lists(answers(), min_size=1, max_size=8), st.sampled_from((0.5, 2.0, 4.0)))
def test_the_scale_of_the_weights_changes_nothing(many: list[Given], factor: float):
    scaled = [Given(one.shares, float(one.weight) * factor, one.team_id) for one in many]

    assert split(scaled, ELECTIVE) == split(many, ELECTIVE)


def test_without_elective_time_there_is_no_share_of_it():
    got = split([Given({"lights": 100, "new": 0})], ELECTIVE)

    assert got is not None
    assert got.of_elective == {}


def test_nobody_answered_is_no_split():
    assert split([], ELECTIVE) is None


def test_a_team_counts_once_however_many_answer():
    oven = [Given({"lights": 80, "new": 20}, team_id="oven")] * 3
    counter = [Given({"lights": 20, "new": 80}, team_id="counter")]

    got = by_team([*oven, *counter], ELECTIVE)

    assert got.everybody is not None
    assert got.everybody.non_elective == 0.5
    assert got.everybody.answers == 4


@given(st.lists(answers(), min_size=1, max_size=4), st.integers(1, 5))
def test_a_team_that_answers_again_as_before_changes_nothing(many: list[Given], times: int):
    counter = Given({"lights": 20, "new": 80}, team_id="counter")
    once = by_team([*many, counter], ELECTIVE).everybody
    often = by_team([*many * times, counter], ELECTIVE).everybody

    assert once is not None
    assert often is not None
    assert (often.of_all, often.of_elective) == (once.of_all, once.of_elective)


def test_three_people_are_no_cell_and_four_are():
    assert cells_of(dict.fromkeys("abc", "oven")) == []
    assert cells_of(dict.fromkeys("abcd", "oven")) == [("oven", ["a", "b", "c", "d"])]


def test_somebody_left_over_hides_the_smallest_team_with_them():
    teams = dict.fromkeys("abcd", "oven") | dict.fromkeys("fghij", "shop") | {"k": None}

    assert cells_of(teams) == [("shop", list("fghij")), (None, ["a", "b", "c", "d", "k"])]


@given(st.dictionaries(st.integers(0, 40).map(str), st.sampled_from(["oven", "shop", "van", None])))
def test_everybody_is_in_one_cell_of_at_least_four_or_nobody_is(teams: dict[str, str | None]):
    got = cells_of(teams)

    assert all(len(people) >= FEWEST for _, people in got)
    assert sorted(one for _, people in got for one in people) == (sorted(teams) if got else [])
    assert all(teams[one] == team for team, people in got if team for one in people)


def test_three_rises_in_a_row_are_a_notice():
    assert risen([0.28, 0.31, 0.36, 0.44])
    assert not risen([0.31, 0.36, 0.44])
    assert not risen([0.28, 0.31, 0.31, 0.44])


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        (56, "This adds up to 96: 4 are missing."),
        (63, "This adds up to 103: 3 are too many."),
        (60, None),
    ],
)
def test_the_sentence_says_how_many_are_missing(new: int, sentence: str | None):
    assert off_by({"lights": 40, "new": new}) == sentence

"""Several arms at once."""

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stats.multiplicity import bonferroni

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def test_bonferroni_matches_spotifys_confidence():
    raw = (0.9553332, 0.16766844, 3.347427e-05, 0.0748661891, 3.97715314e-08)  # c070

    assert bonferroni(raw) == pytest.approx(
        (1.0, 0.838342202, 0.00016737135, 0.374330946, 1.98857657e-07), rel=1e-5
    )


@given(p_values)
def test_each_is_multiplied_by_their_number_in_their_order_and_is_1_at_most(raw: list[float]):
    assert bonferroni(raw) == pytest.approx([min(1, len(raw) * p) for p in raw], abs=1e-12)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, nan])
def test_what_is_no_p_value_is_refused(wrong: float):
    with pytest.raises(ValueError, match="p-values"):
        bonferroni([0.5, wrong])

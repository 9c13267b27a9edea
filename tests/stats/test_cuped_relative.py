"""CUPED as a share: against differences of slopes found by hand, in properties, and refused."""

from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.stats.checks import NotEnoughData
from app.stats.cuped_relative import Moments, cuped_ratio, cuped_relative
from app.stats.ratios_of_sums import compare_ratios_relative
from app.stats.student import Mean
from app.stats.sums import Sums
from app.stats.welch import welch_relative


def moments(*rows: np.ndarray) -> Moments:
    products = [tuple(float(left @ right) for right in rows) for left in rows]
    return Moments.of_totals(len(rows[0]), [float(row.sum()) for row in rows], products)


def people(seed: int, lift: float, size: int = 400) -> tuple[np.ndarray, ...]:
    """Numerator and denominator, both before and after."""
    rng = np.random.default_rng(seed)
    under_before = rng.uniform(1, 3, size)
    before = under_before * rng.uniform(2, 4, size)
    under = under_before * rng.uniform(0.8, 1.2, size)
    over = before * (1 + lift) * rng.uniform(0.8, 1.2, size)
    return over, under, before, under_before


@given(st.integers(0, 50))
@settings(max_examples=15)
def test_without_a_covariates_part_it_is_the_plain_share(seed: int):
    one, other = people(seed, 0.1), people(seed + 1, 0.0)
    plain = welch_relative(
        *(Mean(float(x[0].mean()), float(x[0].var(ddof=1)), len(x[0])) for x in (one, other))
    )
    got = cuped_relative(*(moments(x[0], x[2]) for x in (one, other)), theta=0.0)

    assert (got.difference, got.error, got.p_value) == pytest.approx(
        (plain.difference, plain.error, plain.p_value), rel=1e-9
    )


def test_a_ratio_without_a_covariates_part_is_the_plain_ratio():
    one, other = people(1, 0.1), people(2, 0.0)
    sums = [
        Sums(len(x[0]), x[0].sum(), x[0] @ x[0], x[1].sum(), x[1] @ x[1], x[0] @ x[1])
        for x in (one, other)
    ]
    plain = compare_ratios_relative(sums[0], sums[1])
    got = cuped_ratio(moments(*one), moments(*other), theta=0.0)

    assert (got.difference, got.error) == pytest.approx((plain.difference, plain.error), rel=1e-6)


def test_the_ratios_error_is_what_many_repetitions_show():
    found = [cuped_ratio(moments(*people(2 * at, 0.1)), moments(*people(2 * at + 1, 0.0)))
             for at in range(600)]  # fmt: skip
    spread = float(np.std([one.difference for one in found], ddof=1))
    errors = float(np.mean([one.error for one in found]))

    assert errors == pytest.approx(spread, rel=0.12)  # four Monte-Carlo errors of 600
    assert np.mean([one.low <= 0.1 <= one.high for one in found]) > 0.92


def test_what_was_known_before_narrows_the_ratio():
    one, other = moments(*people(5, 0.1)), moments(*people(6, 0.0))

    assert cuped_ratio(one, other).error < cuped_ratio(one, other, theta=0.0).error / 1.3


def test_what_has_no_share_is_refused():
    with pytest.raises(NotEnoughData, match="two people"):
        Moments(1, (1.0,), ((1.0,),))
    with pytest.raises(NotEnoughData, match="two people"):
        Moments.of_totals(1, [1.0], [(1.0,)])
    with pytest.raises(ValueError, match="every pair"):
        Moments(5, (1.0, 2.0), ((1.0,),))
    with pytest.raises(ValueError, match="numbers"):
        Moments(5, (nan,), ((1.0,),))
    flat = Moments(5, (0.0, 1.0), ((1.0, 0.0), (0.0, 1.0)))
    with pytest.raises(NotEnoughData, match="baseline is 0"):
        cuped_relative(flat, flat, theta=0.5)
    empty = Moments(5, (1.0, 0.0, 1.0, 1.0), ((0.0,) * 4,) * 4)
    with pytest.raises(NotEnoughData, match="denominators"):
        cuped_ratio(empty, empty)

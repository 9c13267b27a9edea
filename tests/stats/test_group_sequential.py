"""Two arms looked at on planned days: published bounds, other integrals, properties, refusals."""

from math import sqrt
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from app.stats.checks import NotEnoughData
from app.stats.group_sequential import Spending, bounds, bounds_p, crossing, spent
from app.stats.sums import Sums

FIFTHS = (0.2, 0.4, 0.6, 0.8, 1.0)
SEVEN_OF_198 = (
    0.0016169976338740648, 0.0057857955498163615, 0.012200379088315757, 0.020199591701142824,
    0.02956441064038571, 0.04047102718841871, 0.052929825413405296,
)  # fmt: skip


@st.composite
def shares(draw: st.DrawFn) -> list[float]:
    steps = draw(st.lists(st.floats(0.02, 1), min_size=1, max_size=6))
    so_far = [sum(steps[: place + 1]) / sum(steps) for place in range(len(steps))]
    return [*so_far[:-1], 1.0]


@pytest.mark.parametrize(
    ("spending", "expected"),
    [
        # c177, c178: Reboussin et al. 2000, vignette of ldbounds
        (Spending.OBRIEN_FLEMING, (4.8769, 3.3569, 2.6803, 2.2898, 2.031)),
        (Spending.POCOCK, (2.438, 2.4268, 2.4101, 2.3966, 2.3859)),
    ],
)
def test_lan_demets_bounds_match_ldbounds(spending: Spending, expected: tuple[float, ...]):
    assert bounds(FIFTHS, alpha=0.05, spending=spending) == pytest.approx(expected, abs=2e-4)


def test_quadratic_spending_matches_spotify():
    # c079: spotify/confidence@e1f8a492 test_bounds.py; information is n over the largest n
    found = bounds([n / 810 for n in (250, 450, 630, 810)], alpha=0.01, spending=Spending.SQUARE)

    adjusted = [2 * (1 - NormalDist().cdf(bound)) for bound in found]

    assert adjusted == pytest.approx([0.00095, 0.00241, 0.0041, 0.00636], abs=1e-4)


def test_very_early_looks_match_spotify():
    # c080: spotify/confidence@e1f8a492 test_bounds.py, the first of 198 looks. A spending under
    # 1e-7 is dropped there: the second bound is 8.0, and the next ones are a little too wide.
    got = bounds(SEVEN_OF_198, alpha=0.003333333, spending=Spending.SQUARE)

    assert got[0] == pytest.approx(5.75400023, rel=1e-6)
    assert got[3:] == pytest.approx((4.91478643, 4.80691346, 4.69004328, 4.57921075), rel=5e-3)


def test_the_repeated_interval_matches_spotify():
    # c078: spotify/confidence@e1f8a492 test_ztest.py, a quarter of the people, 99 %
    control, arm = Sums(1250, 2510, 6304), Sums(1250, 2492, 6163)
    error = sqrt(control.variance / 1250 + arm.variance / 1250)
    (bound,) = bounds([0.25], alpha=0.01, spending=Spending.SQUARE)

    difference = arm.mean - control.mean

    assert difference - bound * error == pytest.approx(-0.151, abs=1e-3)
    assert difference + bound * error == pytest.approx(0.121, abs=1e-3)


def test_two_bounds_agree_with_the_bivariate_normal():
    first, second = bounds((0.3, 1.0), alpha=0.05, spending=Spending.POCOCK)

    inside = multivariate_normal(cov=[[1, sqrt(0.3)], [sqrt(0.3), 1]]).cdf(
        [first, second], lower_limit=[-first, -second]
    )

    assert 1 - inside == pytest.approx(0.05, abs=1e-5)


def test_power_agrees_with_the_bivariate_normal():
    first, second = bounds((0.5, 1.0), alpha=0.05)
    drift = 2.8

    inside = multivariate_normal(
        mean=[drift * sqrt(0.5), drift], cov=[[1, sqrt(0.5)], [sqrt(0.5), 1]]
    ).cdf([first, second], lower_limit=[-first, -second])

    assert crossing((0.5, 1.0), (first, second), drift=drift) == pytest.approx(1 - inside, abs=1e-5)


def test_one_look_is_the_plain_test():
    (bound,) = bounds((1.0,), alpha=0.05)

    assert bound == pytest.approx(norm.isf(0.025), abs=1e-6)
    assert crossing((1.0,), (bound,), drift=2.8) == pytest.approx(
        norm.sf(bound - 2.8) + norm.cdf(-bound - 2.8), abs=1e-9
    )


@settings(max_examples=30)
@given(shares(), st.sampled_from(Spending), st.sampled_from([0.01, 0.05, 0.1]))
def test_all_looks_together_spend_alpha_and_no_more(
    looks: list[float], spending: Spending, alpha: float
):
    got = crossing(looks, bounds(looks, alpha=alpha, spending=spending))

    assert got == pytest.approx(alpha, abs=1e-5)


@settings(max_examples=20)
@given(shares(), st.sampled_from(Spending))
def test_bounds_depend_on_the_looks_so_far_only(looks: list[float], spending: Spending):
    whole = bounds(looks, alpha=0.05, spending=spending)

    early = bounds(looks[:1], alpha=0.05, spending=spending)

    assert early[0] == pytest.approx(whole[0], abs=1e-9)


@settings(max_examples=50)
@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(Spending))
def test_spending_rises_from_nothing_to_alpha(one: float, other: float, spending: Spending):
    low, high = (spent(share, alpha=0.05, spending=spending) for share in sorted((one, other)))

    assert 0 <= low <= high <= 0.05 + 1e-12
    assert spent(1, alpha=0.05, spending=spending) == pytest.approx(0.05)


def test_what_cannot_be_looked_at_is_refused():
    with pytest.raises(ValueError, match="must rise"):
        bounds((0.5, 0.5), alpha=0.05)
    with pytest.raises(ValueError, match="must rise"):
        bounds((0.5, 1.5), alpha=0.05)
    with pytest.raises(NotEnoughData):
        bounds((), alpha=0.05)
    with pytest.raises(ValueError, match="alpha"):
        bounds((1.0,), alpha=0.0)
    with pytest.raises(ValueError, match="one bound"):
        crossing((0.5, 1.0), (2.0,))
    with pytest.raises(ValueError, match="share of information"):
        spent(1.1, alpha=0.05)


@given(shares(), st.lists(st.floats(-5, 5), min_size=6, max_size=6), st.floats(0.005, 0.2))
@settings(max_examples=8)
def test_the_p_of_looks_never_contradicts_their_bounds(
    at: list[float], seen: list[float], alpha: float
):
    z = seen[: len(at)]
    told = any(abs(one) >= bound for one, bound in zip(z, bounds(at, alpha=alpha), strict=True))

    assert (bounds_p(at, z, alpha=alpha) <= alpha) == told

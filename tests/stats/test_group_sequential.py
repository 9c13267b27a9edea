"""Two arms looked at on planned days: published bounds, other integrals, properties, refusals."""

from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from app.stats.checks import NotEnoughData
from app.stats.group_sequential import bounds, bounds_p, crossing, spent

FIFTHS = (0.2, 0.4, 0.6, 0.8, 1.0)


@st.composite
def shares(draw: st.DrawFn) -> list[float]:
    steps = draw(st.lists(st.floats(0.02, 1), min_size=1, max_size=6))
    so_far = [sum(steps[: place + 1]) / sum(steps) for place in range(len(steps))]
    return [*so_far[:-1], 1.0]


def test_lan_demets_bounds_match_ldbounds():
    # c177: Reboussin et al. 2000, vignette of ldbounds
    assert bounds(FIFTHS, alpha=0.05) == pytest.approx(
        (4.8769, 3.3569, 2.6803, 2.2898, 2.031), abs=2e-4
    )


@pytest.mark.parametrize(
    ("looks", "pocock", "fleming"),
    # Jennison & Turnbull 2000, tables 2.1 and 2.3
    [(2, 2.178, 1.977), (3, 2.289, 2.004), (4, 2.361, 2.024)],
)
def test_bounds_of_classic_designs_are_crossed_as_often_as_published(
    looks: int, pocock: float, fleming: float
):
    shares = [(place + 1) / looks for place in range(looks)]
    falling = [fleming / sqrt(share) for share in shares]

    assert crossing(shares, [pocock] * looks) == pytest.approx(0.05, abs=2e-4)
    assert crossing(shares, falling) == pytest.approx(0.05, abs=2e-4)


def test_two_bounds_agree_with_the_bivariate_normal():
    first, second = bounds((0.3, 1.0), alpha=0.05)

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
@given(shares(), st.sampled_from([0.01, 0.05, 0.1]))
def test_all_looks_together_spend_alpha_and_no_more(looks: list[float], alpha: float):
    got = crossing(looks, bounds(looks, alpha=alpha))

    assert got == pytest.approx(alpha, abs=1e-5)


@settings(max_examples=20)
@given(shares())
def test_bounds_depend_on_the_looks_so_far_only(looks: list[float]):
    whole = bounds(looks, alpha=0.05)

    early = bounds(looks[:1], alpha=0.05)

    assert early[0] == pytest.approx(whole[0], abs=1e-9)


@settings(max_examples=50)
@given(st.floats(0, 1), st.floats(0, 1))
def test_spending_rises_from_nothing_to_alpha(one: float, other: float):
    low, high = (spent(share, alpha=0.05) for share in sorted((one, other)))

    assert 0 <= low <= high <= 0.05 + 1e-12
    assert spent(1, alpha=0.05) == pytest.approx(0.05)


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

"""A title that names work draws a warning, and no other does."""

import pytest

from app.okr.wording import warning_of


@pytest.mark.parametrize(
    "title",
    [
        "Ship the new planner",
        "Launch in Norway",
        "Implement single sign-on",
        "Release version 2",
        "Version 2 released",
        "Planner shipped to all bakeries",
        "Shipping the planner",
        "We launched in 3 markets",
        "ROLL OUT the app",
    ],
)
def test_work_is_not_an_outcome(title):
    warning = warning_of(title)

    assert warning is not None
    assert title in warning
    assert "outcome" in warning


@pytest.mark.parametrize(
    "title",
    [
        "Weekly active bakeries",
        "Paying memberships",
        "Customer relationships that renew",
        "Relaunched bakeries",
        "Waste under 8 % of production",
        "Net revenue retention",
    ],
)
def test_an_outcome_draws_no_warning(title):
    assert warning_of(title) is None

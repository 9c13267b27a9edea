"""What a cycle's page proposes for the next one."""

from datetime import date

import pytest

from app.okr.models import Cycle
from app.web.outcomes import cycles


@pytest.mark.parametrize(
    ("starts", "ends", "after"),
    [
        ("2026-10-01", "2026-12-31", ("2027-01-01", "2027-03-31")),  # 92 days, then 90
        ("2027-01-01", "2027-12-31", ("2028-01-01", "2028-12-31")),
        ("2028-02-01", "2028-02-29", ("2028-03-01", "2028-03-31")),
        ("2026-10-05", "2026-12-27", ("2026-12-28", "2027-03-21")),  # 84 days, then 84
    ],
)
def test_the_next_cycle_is_as_many_months_or_days(starts: str, ends: str, after: tuple[str, str]):
    first, last = date.fromisoformat(starts), date.fromisoformat(ends)
    form = cycles._next(Cycle(name="Q4", starts=first, ends=last))

    assert (form.value("copy_starts"), form.value("copy_ends")) == after

"""A file of goals whose cells are of any length, many or odd: a row is refused, never the page."""

import csv
import io
import time
from itertools import product

from sqlmodel import Session

from app.okr import goal_import, pasted
from app.okr.schemas import GoalsDraft
from app.platform import written_days
from app.platform.written_days import Order
from app.platform.written_numbers import Decimals
from tests.okr.scenes import NOW, OSLO, given_cycle

_HEADINGS = (
    "Type", "Id", "Title", "Parent", "Owner", "Teams", "Cycle", "Cycle start", "Cycle end",
    "Start", "Target", "Unit", "Direction", "Weight", "Current", "Progress", "Date", "Value",
    "Note", "Confidence", "Check-ins",
)  # fmt: skip
_ODD = ("Teams", "Title", "Owner", "Cycle", "Weight", "Progress", "Check-ins")
_CELLS = {
    "long": "a" * 3_000,
    "many": ";".join(f"t{number}" for number in range(60)),
    "cut_at_a_space": "a" * 99 + " b" + "c" * 200,
    "largest": "1000000000000000",
    "spaces": "2026-01-01 10:00" + " " * 3_000 + "x",
    "unseen": "a\x07b\u202ec",
}


def _sheet() -> str:
    """An objective and a key result for each heading with each cell in it."""
    written = io.StringIO()
    lines = csv.DictWriter(written, _HEADINGS)
    lines.writeheader()
    for heading, (name, cell) in product(_ODD, _CELLS.items()):
        lines.writerows(_goal(f"Growth {heading} {name}", {heading: cell}))
    return written.getvalue()


def _goal(title: str, odd: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    row = dict.fromkeys(_HEADINGS, "")
    row |= {"Title": title, "Cycle": "2027 H1", "Teams": "Ads"}
    row |= {"Cycle start": "2027-01-01", "Cycle end": "2027-06-30"}
    above = row | {"Type": "Objective"}
    below = row | {"Type": "Key result", "Title": "Revenue", "Parent": title}
    below |= {"Start": "0", "Target": "1000000000000000"}
    return above | odd, below | odd


def test_any_cell_is_taken_or_its_row_refused_in_words(session: Session):
    given_cycle(session)
    draft = GoalsDraft(csv=_sheet(), dates=Order.DAY_FIRST, decimals=Decimals.POINT)

    found = goal_import.take(session, draft, by="Ann", zone=OSLO, now=NOW)

    said = [one.why for one in found.plan.refused]
    assert "It names more than 50 teams." in said
    assert found.plan.key_results
    again = goal_import.take(session, draft, by="Ann", zone=OSLO, now=NOW).plan.counts
    assert again | {"known": 0, "refused": 0} == dict.fromkeys(again, 0)


def test_a_line_that_nobody_typed_costs_nothing():
    """A hundred thousand signs, each a gap at which a day may end and a number begin."""
    began = time.process_time()
    for sign in ("a,", "1 ", "w 1,", "1.1.", "2026-01-01 10:00" + " " * 50, "\t1", "9"):
        line = (sign * (90_000 // len(sign))) + "x"
        [read] = pasted.read(line, unit="number").lines
        assert read.why
        assert written_days.fitting(line) == ()
        assert [written_days.read(line, one) for one in Order] == [None] * len(Order)
    padded = "2026-01-01 10:00" + " " * 90_000 + "x"
    assert written_days.fitting(padded) == ()

    assert time.process_time() - began < 2

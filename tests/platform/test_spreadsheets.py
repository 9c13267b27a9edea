"""No cell that leaves is run as a formula, and what was escaped is read back as it was."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.platform import spreadsheets


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\0", *"\n＝＋－＠"])
def test_what_a_spreadsheet_would_run_is_escaped(start: str):
    assert spreadsheets.escaped(f"{start}1") == f"'{start}1"


@pytest.mark.parametrize("sign", "=+-@＝＋－＠")
@pytest.mark.parametrize("separator", [";", "\t", "\r\n", "\n", ";;", "; ", ";\u00a0"])
def test_a_formula_behind_what_some_spreadsheets_take_for_a_separator_is_escaped(
    separator: str, sign: str
):
    """Where commas stand in numbers, a file opened by a double click is cut at semicolons."""
    written = spreadsheets.escaped(f"a{separator}{sign}HYPERLINK()")

    assert not re.search(rf"[;\t\r\n]\s*{re.escape(sign)}", written)
    assert written.replace("'", "") == f"a{separator}{sign}HYPERLINK()"


def test_plain_cells_stay_as_they_are():
    assert [spreadsheets.escaped(cell) for cell in ("a=b", 3, None)] == ["a=b", "3", ""]


@given(st.lists(st.text(alphabet="='+-@＝ ;\t\n\r\0a\u00a0"), max_size=3))
def test_what_was_escaped_is_read_back_as_it_was(cells: list[str]):
    assert spreadsheets.read_back(map(spreadsheets.escaped, cells)) == cells

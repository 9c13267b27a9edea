"""Cells that a spreadsheet would run as a formula: written so that it does not, and read back."""

import re
from collections.abc import Iterable

# A spreadsheet would run such a cell as a formula (trust 1.2.10), wide signs too where it speaks
# Japanese; and where it takes semicolons, tabs or line ends for separators, what follows one.
# Apostrophes before it count as written by us, so that each is taken back as often as it was put.
_AT_THE_START = r"'*[=+\-@＝＋－＠\t\r\n\0]"
_INSIDE = r"'*[^\S\t\r\n]*[=+\-@＝＋－＠]"
_FORMULA = re.compile(rf"^(?={_AT_THE_START})|(?<=[;\t\r\n])(?={_INSIDE})")
_ESCAPED = re.compile(rf"^'(?={_AT_THE_START})|(?<=[;\t\r\n])'(?={_INSIDE})")


def escaped(cell: object) -> str:
    """The cell as text that no spreadsheet takes for a formula."""
    return "" if cell is None else _FORMULA.sub("'", str(cell))


def read_back(cells: Iterable[str]) -> list[str]:
    """What was escaped, cell by cell."""
    return [_ESCAPED.sub("", cell) for cell in cells]

"""Which sign separates a file's cells: found from whole rows, not by counting signs."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_SIGNS = (",", ";", "\t", "|")
_ROWS = 40  # rows that are looked at
_TOLD = "sep="  # Excel's own way to say it, on a line before the header


@dataclass(frozen=True, slots=True)
class _Try:
    named: bool  # one of the headers is one that the caller knows
    fitting: float  # share of the rows that have as many cells as the header
    cells: int

    def rank(self) -> tuple[bool, float, int]:
        return self.named, self.fitting if self.cells > 1 else 0.0, self.cells


def told(line: str) -> str | None:
    """The separator that a `sep=;` line tells; None where the line is no such line."""
    text = line.strip().strip('"')
    if not text.lower().startswith(_TOLD):
        return None
    sign = text[len(_TOLD) :] or ("\t" if line.rstrip("\r\n").endswith("\t") else "")
    return sign if len(sign) == 1 else None


def found(lines: Sequence[str], knows: Callable[[str], bool]) -> str:
    """The separator of these lines, the header first; `knows` a header that they should have."""
    return max(_SIGNS, key=lambda sign: _tried(lines, sign, knows).rank())


def _tried(lines: Sequence[str], sign: str, knows: Callable[[str], bool]) -> _Try:
    rows = _rows(lines, sign)
    if not rows:
        return _Try(named=False, fitting=0.0, cells=0)
    header = rows[0]
    fitting = sum(len(row) == len(header) for row in rows) / len(rows)
    return _Try(any(map(knows, header)), fitting, len(header))


def _rows(lines: Sequence[str], sign: str) -> list[list[str]]:
    """Rows as far as they can be read: the last may be cut off."""
    rows: list[list[str]] = []
    reader = csv.reader(iter(lines), delimiter=sign)
    try:
        while len(rows) < _ROWS:
            if row := next(reader):
                rows.append(row)
    except (StopIteration, csv.Error):
        return rows
    return rows

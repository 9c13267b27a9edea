"""A file of goals as rows of cells, whatever encoding and separator it came in."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from app.okr import goal_columns
from app.platform import figures, separators, text_files
from app.platform.errors import Invalid

MOST_BYTES = 1_000_000  # some five thousand lines; a form carries it until it is saved
MOST_ROWS = 10_000
_MOST_COLUMNS = 100
_LOOKED_AT = 60  # lines from which the separator is found


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the line that it begins in, and its cells, one for each heading."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Headings and rows; records that cannot be read, each with its line and why."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    unread: tuple[tuple[int, str], ...]


def text_of(raw: bytes) -> str:
    """The file as text. Raises Invalid, saying what to do, where it is none."""
    return text_files.text_of(
        raw, most_bytes=MOST_BYTES, otherwise="Export the goals as CSV and try again."
    )


def read(text: str) -> Sheet:
    """Rows of a CSV whose first line names the columns. Raises Invalid where there are none."""
    text_files.refuse_large(len(text), most_bytes=MOST_BYTES)
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    first = next((place for place, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise Invalid.at("file", "The file is empty. Its first line must name the columns.")
    sign = separators.told(lines[first])
    first += sign is not None
    sign = sign or separators.found(lines[first : first + _LOOKED_AT], goal_columns.is_known)
    records = _records(lines[first:], sign, first)
    headings = _headings(records[0].cells if records else ())
    unread = tuple(
        (row.line, f"It has {len(row.cells)} cells, and there are {len(headings)} columns.")
        for row in records[1:]
        if len(row.cells) > len(headings) and any(row.cells[len(headings) :])
    )
    wrong = {line for line, _ in unread}
    rows = tuple(
        Row(row.line, _filled(row.cells, len(headings)))
        for row in records[1:]
        if row.line not in wrong and any(row.cells)
    )
    if not rows:
        raise Invalid.at("file", "The file names its columns and holds no goal.")
    return Sheet(headings, rows, unread)


def _records(lines: Sequence[str], sign: str, before: int) -> list[Row]:
    reader = csv.reader(iter(lines), delimiter=sign)
    records: list[Row] = []
    began = before + 1
    try:
        for cells in islice(reader, MOST_ROWS + 2):
            records.append(Row(began, tuple(cell.strip() for cell in cells)))
            began = before + reader.line_num + 1
    except csv.Error as error:
        raise Invalid.at("file", f"Line {began} cannot be read as CSV: {error}.") from error
    if len(records) > MOST_ROWS + 1:
        raise Invalid.at("file", f"{figures.exact(MOST_ROWS)} lines at most. Import it in parts.")
    return records


def _headings(cells: Sequence[str]) -> tuple[str, ...]:
    """What the columns are called; of two with one name the second is `Name 2`."""
    last = max((place for place, cell in enumerate(cells, 1) if cell), default=0)
    if not 1 <= last <= _MOST_COLUMNS:
        raise Invalid.at("file", f"The first line must name the columns, {_MOST_COLUMNS} at most.")
    named: list[str] = []
    for place, cell in enumerate(cells[:last], 1):
        name, number = cell or f"Column {place}", 2
        while name in named:
            name, number = f"{cell or 'Column'} {number}", number + 1
        named.append(name)
    return tuple(named)


def _filled(cells: Sequence[str], count: int) -> tuple[str, ...]:
    return (*cells[:count], *("" for _ in range(count - len(cells))))

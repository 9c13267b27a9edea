"""A file of people, record by record, from any byte on: CSV or NDJSON, in flat memory.

Every physical line is accounted for: a record, a refusal with its reason, or blank.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

from app.audience import objects
from app.audience.lines import BOM, LONGEST_LINE, BadFile, Lines

_RAW_SHOWN = 500  # characters of a refused line that are kept
_PLAIN = re.compile(r"\W+")
_OWN = {"email", "external_id", "name", "timezone", "consent_open", "consent_click"}
_EMPTY = "The file is empty. Its first line must name the columns, `email` among them."
csv.field_size_limit(LONGEST_LINE)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what templates call it, and how the file wrote it."""

    name: str
    as_written: str


@dataclass(frozen=True, slots=True)
class Header:
    """A CSV's first line."""

    columns: tuple[Column, ...]
    delimiter: str
    offset: int  # where the first record begins
    line: int


@dataclass(slots=True)
class Record:
    """One record, or why it is none. `offset` and `next_line` are where the next one begins."""

    line: int
    offset: int
    next_line: int
    raw: str
    values: dict[str, Any] = field(default_factory=dict)
    named: tuple[str, ...] = ()  # the columns that it speaks of, empty cells among them
    refused: str | None = None


def read_header(path: Path) -> Header:
    """The columns of a CSV. Raises BadFile where there are none to go by."""
    with path.open("rb") as source:
        lines = Lines(_past_mark(source), 0)
        delimiter, written = _first_record(lines)
        return Header(_columns(written), delimiter, lines.offset, lines.number)


def read_csv(path: Path, header: Header, *, offset: int, line: int) -> Iterator[Record]:
    """Records from a byte on, blank lines left out."""
    names = tuple(column.name for column in header.columns)
    with path.open("rb") as source:
        source.seek(offset)
        lines = Lines(source, line)
        reader = csv.reader(lines, delimiter=header.delimiter, strict=True)
        while True:
            lines.begin()
            began = lines.number + 1
            cells, wrong = _next(reader, lines)
            if cells is None:
                return
            if cells or wrong:
                record = Record(began, lines.offset, lines.number, _raw(lines), named=names)
                _fill(record, cells, wrong)
                yield record


def read_ndjson(path: Path, *, offset: int, line: int) -> Iterator[Record]:
    """One JSON object a line, from a byte on; blank lines left out."""
    with path.open("rb") as source:
        source.seek(offset)
        lines = Lines(source if offset else _past_mark(source), line)
        while True:
            lines.begin()
            text = next(lines, None)
            if text is None:
                return
            if lines.wrong or text.strip():
                record = Record(lines.number, lines.offset, lines.number, _raw(lines))
                _fill_from_object(record, text, lines.wrong)
                yield record


def take(records: Iterator[Record], count: int) -> list[Record]:
    """The next records."""
    return list(islice(records, count))


def column_name(written: str) -> str:
    """What templates call a column: our own in any case; else letters, digits and `_`."""
    text = unicodedata.normalize("NFC", written).strip()
    own = text.lower()
    return own if own in _OWN else _PLAIN.sub("_", text).strip("_") or "column"


def _past_mark(source: IO[bytes]) -> IO[bytes]:
    """Behind a byte order mark, which is no part of the first name."""
    if source.read(len(BOM)) != BOM:
        source.seek(0)
    return source


def _raw(lines: Lines) -> str:
    return "".join(lines.taken)[:_RAW_SHOWN].rstrip("\r\n")


def _first_record(lines: Lines) -> tuple[str, list[str]]:
    """The delimiter, and the cells of the first line that is not blank."""
    began = lines.offset
    for text in lines:
        if lines.wrong:
            raise BadFile(f"Line {lines.number} names no columns: {lines.wrong}.")
        if text.strip():
            break
        began = lines.offset
        lines.begin()
    else:
        raise BadFile(_EMPTY)
    delimiter = max(",;\t", key=text.count)
    lines.source.seek(began)
    lines.offset, lines.number = began, lines.number - 1
    lines.begin()
    return delimiter, _header_cells(lines, delimiter)


def _header_cells(lines: Lines, delimiter: str) -> list[str]:
    began = lines.number + 1
    try:
        cells = next(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise BadFile(
            f"Line {began} should name the columns and is not CSV: {_told(error)}. "
            "Save the file as CSV (UTF-8) and try again."
        ) from error
    if lines.wrong:
        raise BadFile(f"Line {began} names no columns: {lines.wrong}.")
    return cells


def _next(reader: Any, lines: Lines) -> tuple[list[str] | None, str | None]:
    try:
        cells = next(reader, None)
    except csv.Error as error:
        if len(lines.taken) == 1:
            return [], lines.wrong or f"not CSV: {_told(error)}"
        lines.keep_only_first()
        return [], "not CSV: a quote opens on this line and is not closed as it should be"
    return cells, lines.wrong


def _told(error: csv.Error) -> str:
    alone = "new-line character" in str(error)
    return "a carriage return stands alone (lines must end in LF)" if alone else str(error)


def _fill(record: Record, cells: list[str], wrong: str | None) -> None:
    expected = len(record.named)
    if wrong is None and len(cells) != expected:
        found = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        named = "1 column" if expected == 1 else f"{expected} columns"
        wrong = f"{found} where the header names {named}"
    if wrong is not None:
        record.refused = wrong
        return
    stripped = zip(record.named, map(str.strip, cells), strict=True)
    record.values = {name: cell for name, cell in stripped if cell}


def _fill_from_object(record: Record, text: str, wrong: str | None) -> None:
    if wrong is not None:
        record.refused = wrong
        return
    try:
        found = objects.read(text)
    except objects.BadObject as error:
        record.refused = str(error)
        return
    record.named = tuple(map(column_name, found))
    twice = _twice(record.named)
    if twice:
        record.refused = f"two columns are called `{twice[:60]}`"
        return
    named = zip(record.named, found.values(), strict=True)
    record.values = {name: value for name, value in named if value not in {None, ""}}


def _twice(names: tuple[str, ...]) -> str | None:
    if len(set(names)) == len(names):
        return None
    return min(name for name in names if names.count(name) > 1)


def _columns(written: list[str]) -> tuple[Column, ...]:
    columns = tuple(Column(column_name(cell), cell.strip()) for cell in written)
    names = tuple(column.name for column in columns)
    if "email" not in names:
        found = ", ".join(column.as_written for column in columns)
        raise BadFile(f"No column is called `email`. The first line names: {found[:300]}.")
    twice = _twice(names)
    if twice:
        raise BadFile(f"Two columns are called `{twice[:60]}`. Rename one and try again.")
    return columns

"""A file of people, record by record, from any byte on: CSV or NDJSON, in flat memory.

Every physical line is accounted for: a record, a refusal with its reason, or blank.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

from app.platform.errors import Invalid

_LONGEST_LINE = 1 << 20  # bytes; a line beyond it is no person
_RAW_SHOWN = 500  # characters of a refused line that are kept
_BOM = b"\xef\xbb\xbf"
_PLAIN = re.compile(r"[^A-Za-z0-9_]+")
_OWN = {"email", "external_id", "name", "timezone", "consent_open", "consent_click"}
csv.field_size_limit(_LONGEST_LINE)


class BadFile(Invalid):
    """Nothing of this file can be read; the sentence says why and what to do."""


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
    """One record, or why it is none. `offset` and `line` are where the next one begins."""

    line: int
    offset: int
    values: dict[str, Any] = field(default_factory=dict)
    refused: str | None = None
    raw: str = ""
    next_line: int = 0


class _Lines:
    """Physical lines as text, counting bytes; the last ones are kept for a refusal's report."""

    def __init__(self, source: IO[bytes], line: int) -> None:
        self.source = source
        self.number = line
        self.offset = source.tell()
        self.taken: list[str] = []
        self.wrong: str | None = None

    def begin(self) -> None:
        """The next record begins here."""
        self.taken, self.wrong = [], None

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        raw = self.source.readline(_LONGEST_LINE)
        if not raw:
            raise StopIteration
        self.number += 1
        self.offset += len(raw)
        if not raw.endswith(b"\n") and len(raw) == _LONGEST_LINE:
            self.wrong = "the line is longer than 1 MB"
            self._skip_rest()
        if b"\0" in raw:
            raise BadFile(
                "This is not a text file. Export the people as CSV (UTF-8) and try again."
            )
        text = self._decoded(raw)
        self.taken.append(text)
        return text if self.wrong is None else "\n"

    def _skip_rest(self) -> None:
        while more := self.source.readline(_LONGEST_LINE):
            self.offset += len(more)
            if more.endswith(b"\n"):
                return

    def _decoded(self, raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self.wrong = self.wrong or "not UTF-8: it looks like Latin-1; save the file as UTF-8"
            return raw.decode("latin-1")


def read_header(path: Path) -> Header:
    """The columns of a CSV. Raises BadFile where there are none to go by."""
    with path.open("rb") as source:
        if source.read(len(_BOM)) != _BOM:
            source.seek(0)
        lines = _Lines(source, 0)
        first = next(lines, "")
        if lines.wrong:
            raise BadFile(f"The first line cannot be read: {lines.wrong}.")
        if not first.strip():
            raise BadFile(
                "The file is empty. Its first line must name the columns, `email` among them."
            )
        delimiter = max(",;\t", key=first.count)
        written = next(csv.reader([first], delimiter=delimiter))
        return Header(_columns(written), delimiter, lines.offset, lines.number)


def read_csv(path: Path, header: Header, *, offset: int, line: int) -> Iterator[Record]:
    """Records from a byte on, blank lines left out."""
    with path.open("rb") as source:
        source.seek(offset)
        lines = _Lines(source, line)
        reader = csv.reader(lines, delimiter=header.delimiter, strict=False)
        while True:
            lines.begin()
            began = lines.number + 1
            cells, wrong = _next(reader, lines)
            if cells is None:
                return
            record = Record(began, lines.offset, next_line=lines.number)
            if not cells and wrong is None:
                continue
            _fill(record, cells, wrong, header, lines)
            yield record


def read_ndjson(path: Path, *, offset: int, line: int) -> Iterator[Record]:
    """One JSON object a line, from a byte on; blank lines left out."""
    with path.open("rb") as source:
        source.seek(offset)
        if offset == 0 and source.read(len(_BOM)) != _BOM:
            source.seek(0)
        lines = _Lines(source, line)
        for text in lines:
            record = Record(lines.number, lines.offset, next_line=lines.number)
            if lines.wrong is None and not text.strip():
                continue
            record.values, record.refused = _object(text, lines.wrong)
            record.raw = lines.taken[-1].strip()[:_RAW_SHOWN] if record.refused else ""
            lines.begin()
            yield record


def take(records: Iterator[Record], count: int) -> list[Record]:
    """The next records."""
    return list(islice(records, count))


def name_of(written: str) -> str:
    """What templates call a column: letters, digits and `_`."""
    return _PLAIN.sub("_", written.strip()).strip("_") or "column"


def _next(reader: Any, lines: _Lines) -> tuple[list[str] | None, str | None]:
    try:
        cells = next(reader, None)
    except csv.Error as error:
        return [], f"not CSV: {error}"
    return cells, lines.wrong


def _fill(
    record: Record, cells: list[str], wrong: str | None, header: Header, lines: _Lines
) -> None:
    expected = len(header.columns)
    if wrong is None and len(cells) != expected:
        wrong = f"{len(cells)} cells where the header names {expected} columns"
    if wrong is not None:
        record.refused, record.raw = wrong, "".join(lines.taken)[:_RAW_SHOWN].rstrip("\r\n")
        return
    record.values = {
        column.name: cell.strip()
        for column, cell in zip(header.columns, cells, strict=True)
        if cell.strip()
    }


def _object(text: str, wrong: str | None) -> tuple[dict[str, Any], str | None]:
    if wrong is not None:
        return {}, wrong
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        return {}, f"not JSON: {error}"
    if not isinstance(found, dict):
        return {}, "not a JSON object"
    if any(isinstance(value, dict | list) for value in found.values()):
        return {}, "a value is a list or an object; columns hold text, numbers or yes/no"
    return {
        key if key in _OWN else name_of(key): value.strip() if isinstance(value, str) else value
        for key, value in found.items()
        if value not in {None, ""}
    }, None


def _columns(written: list[str]) -> tuple[Column, ...]:
    columns = tuple(
        Column(
            cell.strip().lower() if cell.strip().lower() in _OWN else name_of(cell), cell.strip()
        )
        for cell in written
    )
    names = [column.name for column in columns]
    if "email" not in names:
        found = ", ".join(column.as_written for column in columns)
        raise BadFile(f"No column is called `email`. The first line names: {found[:300]}.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadFile(f"Two columns are called `{twice[0]}`. Rename one and try again.")
    return columns

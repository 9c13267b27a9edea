"""A file of people, record by record, from any byte on: CSV or NDJSON, in flat memory.

Every physical line is accounted for: a record, a refusal with its reason, or blank.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

from app.audience import headers, mapping, ndjson, opt_outs
from app.audience.headers import MOST_COLUMNS
from app.audience.mapping import NOTHING_SAID, Mapped
from app.audience.schemas import FileWords
from app.audience.text_lines import BOM, LONGEST_LINE, BadFile, Lines
from app.platform import encodings, figures, separators, spreadsheets
from app.platform.errors import Invalid

RAW_SHOWN = 500  # characters of a refused line that are kept
_LOOKED_AT = 60  # lines from which the separator is found
_EMPTY = "The file is empty. Its first line must name the columns, “email” among them."
csv.field_size_limit(LONGEST_LINE)


class NoAddresses(BadFile):
    """No column is known to hold the addresses; a person can say which does."""


@dataclass(frozen=True, slots=True)
class Header:
    """A CSV's first line."""

    columns: tuple[Mapped, ...]
    delimiter: str
    offset: int  # where the first record begins
    line: int
    mended: Mapping[int, Mapping[str, str]] = field(default_factory=dict)  # cells by line, by key

    @property
    def named(self) -> int:
        """How many cells a record must have: unnamed columns at the end may be left out."""
        places = (n for n, column in enumerate(self.columns, 1) if column.as_written)
        return max(places, default=0)


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
    encoding: str = encodings.UTF_8
    opted_out: tuple[str, ...] = ()  # columns that say that they opted out elsewhere


def read_header(path: Path, words: FileWords = NOTHING_SAID) -> Header:
    """The columns of a CSV, as its author says. Raises BadFile where there are none to go by."""
    header = look_at_header(path, words)
    if all(one.name != "email" for one in header.columns):
        found = ", ".join(column.as_written for column in header.columns)
        raise NoAddresses(f"No column is called “email”. The first line names: {found[:300]}.")
    return header


def look_at_header(path: Path, words: FileWords = NOTHING_SAID) -> Header:
    """The same of a file in which nobody has said yet where the addresses are."""
    with path.open("rb") as source:
        lines = Lines(_past_mark(source), 0)
        delimiter, written = _first_record(lines, words.delimiter)
        place = (lines.offset, lines.number)
        _refuse_too_many(written)
        rows = list(_first_rows(lines, delimiter))
        if mapping.is_of_refused(written):
            written, *rows = map(spreadsheets.read_back, (written, *rows))
        return Header(mapping.mapped(written, rows, words), delimiter, *place, words.mended)


def read_csv(path: Path, header: Header, *, offset: int, line: int) -> Iterator[Record]:
    """Records from a byte on, blank lines left out."""
    named = tuple(column.name for column in header.columns if column.name)
    kept = tuple(column for column in header.columns if column.name)
    parts = headers.name_parts(kept)
    with path.open("rb") as source:
        source.seek(offset)
        lines = Lines(source, line)
        reader: Iterator[list[str]] = csv.reader(lines, delimiter=header.delimiter, strict=True)
        if mapping.is_of_refused(column.as_written for column in header.columns):
            reader = map(spreadsheets.read_back, reader)
        while True:
            lines.begin()
            began = lines.number + 1
            cells, wrong = _next(reader, lines)
            if cells is None:
                return
            if cells or wrong:
                record = Record(began, lines.offset, lines.number, _raw(lines), named=named)
                record.encoding = lines.encoding
                _fill(record, cells, wrong, header)
                record.values |= headers.whole_name(parts, record.values)
                yield record


def read_ndjson(
    path: Path, *, offset: int, line: int, words: FileWords = NOTHING_SAID
) -> Iterator[Record]:
    """One JSON object a line, from a byte on; blank lines left out."""
    said = words.model_dump_json()
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
                _fill_from_object(record, text, lines.wrong, said)
                yield record


def names_of_objects(path: Path, words: FileWords) -> tuple[Mapped, ...]:
    """The columns that the first objects of a file name, in the order in which they come."""
    found: dict[str, Mapped] = {}
    said = words.model_dump_json()
    with path.open("rb") as source:
        for text in islice(Lines(_past_mark(source), 0), _LOOKED_AT):
            try:
                names = tuple(ndjson.read(text))
                found |= {one.key: one for one in mapping.of_object(names, said)}
            except (ndjson.BadObject, Invalid):
                continue  # its line is refused, and says why
    return tuple(found.values())


def record_of(line: int, raw: str, cells: Sequence[tuple[Mapped, Any]]) -> Record:
    """One line as somebody says it, read as a line of a file is."""
    kept = tuple(column for column, _ in cells if column.name)
    record = Record(line, 0, line, raw, named=tuple(column.name for column in kept))
    _keep(record, cells)
    record.values |= headers.whole_name(headers.name_parts(kept), record.values)
    return record


def _past_mark(source: IO[bytes]) -> IO[bytes]:
    """Behind a byte order mark, which is no part of the first name."""
    if source.read(len(BOM)) != BOM:
        source.seek(0)
    return source


def _raw(lines: Lines) -> str:
    return "".join(lines.taken)[:RAW_SHOWN].rstrip("\r\n")


def _first_record(lines: Lines, said: str | None) -> tuple[str, list[str]]:
    """The delimiter, and the cells of the first line that is not blank and tells no separator."""
    delimiter = None
    began = (lines.offset, lines.number)
    for text in lines:
        if lines.wrong:
            raise BadFile(f"Line {lines.number} names no columns: {lines.wrong}.")
        delimiter = separators.told(text) or delimiter
        if text.strip() and not separators.told(text):
            break
        began = (lines.offset, lines.number)
        lines.begin()
    else:
        raise BadFile(_EMPTY)
    _go_back(lines, began)
    delimiter = said or delimiter
    if delimiter is None:
        delimiter = separators.found(list(_some(lines)), headers.is_email)
        _go_back(lines, began)
    return delimiter, _header_cells(lines, delimiter)


def _go_back(lines: Lines, to: tuple[int, int]) -> None:
    lines.offset, lines.number = to
    lines.source.seek(lines.offset)
    lines.begin()


def _first_rows(lines: Lines, delimiter: str) -> Iterator[list[str]]:
    """The next rows, as far as they can be read: what stands in the columns."""
    reader = csv.reader(_some(lines), delimiter=delimiter)
    try:
        yield from islice(reader, _LOOKED_AT)
    except (csv.Error, BadFile):
        return


def _some(lines: Lines) -> Iterator[str]:
    """The next lines, each as if it began a record."""
    for text in islice(lines, _LOOKED_AT):
        yield text
        lines.begin()


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


def _fill(record: Record, cells: list[str], wrong: str | None, header: Header) -> None:
    """As it stands in the file, or as its author says that it should have been."""
    columns = header.columns
    if (said := header.mended.get(record.line)) is not None:
        cells, wrong = [said.get(column.key, "") for column in columns], None
    expected = len(columns)
    while len(cells) > expected and not cells[-1].strip():
        cells.pop()
    if wrong is None and not header.named <= len(cells) <= expected:
        found = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        named = "1 column" if expected == 1 else f"{expected} columns"
        wrong = f"{found} where the header names {named}"
    if wrong is not None:
        record.refused = wrong
        return
    _keep(record, list(zip(columns, map(str.strip, cells), strict=False)))


def _keep(record: Record, cells: Sequence[tuple[Mapped, Any]]) -> None:
    """What stands in the columns that are kept, and whether one says that they opted out."""
    record.values = {
        column.name: cell for column, cell in cells if column.name and cell not in ("", None)
    }
    record.opted_out = tuple(
        column.key
        for column, cell in cells
        if column.says_no and cell is not None and opt_outs.is_out(column.says_no, cell)
    )


def _fill_from_object(record: Record, text: str, wrong: str | None, said: str) -> None:
    if wrong is not None:
        record.refused = wrong
        return
    try:
        found = ndjson.read(text)
    except ndjson.BadObject as error:
        record.refused = str(error)
        return
    if len(found) > MOST_COLUMNS:
        many, most = figures.count(len(found)), figures.count(MOST_COLUMNS)
        record.refused = f"{many} columns; a person has {most} at most"
        return
    try:
        columns = mapping.of_object(tuple(found), said)
    except Invalid as error:
        record.refused = str(error)
        return
    kept = tuple(column for column in columns if column.name)
    record.named = tuple(column.name for column in kept)
    _keep(record, list(zip(columns, found.values(), strict=True)))
    record.values |= headers.whole_name(headers.name_parts(kept), record.values)


def _refuse_too_many(written: list[str]) -> None:
    if len(written) > MOST_COLUMNS:
        raise BadFile(
            f"The first line names {figures.count(len(written))} columns; a file of people has"
            f" {figures.count(MOST_COLUMNS)}"
            " at most. Leave out what no mail and no analysis needs."
        )

"""The lines of a file that were refused, to be read by programs, or mended and imported again."""

import csv
import io
import json
from collections.abc import Iterator, Sequence

from app.audience import store
from app.audience.mapping import BECAUSE, LINE
from app.audience.models import Import, Refusal
from app.platform.db import Database
from app.platform.spreadsheets import escaped

_PAGE = 400
_AS_IT_CAME = "As it came"  # the one column of lines that are no cells


def as_ndjson(database: Database, import_id: str) -> Iterator[str]:
    """Each with its number, its reason and what it said."""
    for row in _every(database, import_id):
        kept = {"line": row.line, "reason": row.reason, "raw": row.raw}
        yield json.dumps(kept, ensure_ascii=False) + "\n"


def as_csv(database: Database, record: Import) -> Iterator[str]:
    """With the columns of their file, and before them the line and why: mended, it is a file.

    The two columns before are ours, and no import takes them for somebody's. What a spreadsheet
    would run is escaped; the import of a file with these two columns reads it back.
    """
    header = record.header or {}
    headings = [one["heading"] for one in header.get("columns", ())]
    is_table = record.format == "csv" and bool(headings)
    yield "\ufeff" + _written([LINE, BECAUSE, *(headings if is_table else [_AS_IT_CAME])])
    for row in _every(database, record.id):
        cells = _cells(row.raw, header["delimiter"]) if is_table else [row.raw]
        yield _written([str(row.line), row.reason, *cells])


def _every(database: Database, import_id: str) -> Iterator[Refusal]:
    """Page by page, each with a session of its own: it streams."""
    after = 0
    while True:
        with database.read() as session:
            rows: Sequence[Refusal] = store.refusals(session, import_id, after=after, limit=_PAGE)
            session.expunge_all()
        yield from rows
        if not rows:
            return
        after = rows[-1].line


def _cells(raw: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(raw), delimiter=delimiter, strict=True), [])
    except csv.Error:
        return [raw]


def _written(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(map(escaped, cells))
    return written.getvalue()

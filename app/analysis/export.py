"""Every send of an experiment with what came of it, line by line, for a reader's own tools."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.analysis import store
from app.platform.clock import iso
from app.platform.spreadsheets import escaped

COLUMNS = (
    "send_id", "arm", "state", "email", "external_id", "released_at", "closes_at", "accepted_at",
    "clicked_at", "maybe_clicked_at", "machine_clicked_at", "opened_at", "machine_opened_at",
    "unsubscribed_at", "complained_at", "replied_at", "clicks", "did_at", "maybe_did_at",
    "converted", "value", "capped", "stratum", "sent", "failed", "bounced", "uncertain",
    "relay", "last_reply", "rehearsal",
)  # fmt: skip
_CHUNK = 1_000


def csv_lines(session: Session, experiment_id: str) -> Iterator[str]:
    """A header and one line per send, a thousand at a time: an answer pays for each piece.

    Cells that a spreadsheet would run are escaped.
    """
    yield _lines([COLUMNS])
    for chunk in chunks(session, experiment_id):
        yield _lines([escaped(row[name]) for name in COLUMNS] for row in chunk)


def ndjson_lines(session: Session, experiment_id: str) -> Iterator[str]:
    """One JSON object per send and line, a thousand at a time."""
    for chunk in chunks(session, experiment_id):
        yield "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in chunk)


def chunks(session: Session, experiment_id: str) -> Iterator[list[dict[str, Any]]]:
    """One plain row per send, in the order of ids; memory stays flat."""
    after = -1
    while chunk := store.sends_after(session, experiment_id, after=after, limit=_CHUNK):
        yield [{name: _plain(name, row[name]) for name in COLUMNS} for row in chunk]
        after = chunk[-1]["send_id"]


def _plain(name: str, value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    return str(value) if name == "send_id" else value  # ids are opaque, and too long for JavaScript


def _lines(rows: Iterable[Sequence[object]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()

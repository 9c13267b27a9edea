"""What a person says of a file that was looked at: import it, read it otherwise, or let it go."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from app.audience import batches, changes, imports, mapping, reading, refusal_rows, store
from app.audience.erased import Marker
from app.audience.imports import KEPT
from app.audience.mapping import Mapped
from app.audience.models import Import
from app.audience.people import Wanted
from app.audience.room import Room
from app.audience.schemas import MOST_MENDED, FileColumn, FileWords
from app.platform.errors import Conflict, Invalid
from app.platform.figures import count

_FIRST = 3  # people who are shown as they would be stored
_MOST_MENDED_SIGNS = 500_000  # of all mended lines of a file: ours, they lie in its row
_LOOKED_AT = 60  # lines among which they are found


def confirm(
    session: Session,
    import_id: str,
    *,
    words: FileWords,
    folder: Path,
    by: str,
    by_id: str | None = None,
    now: datetime,
) -> Import:
    """Import what was looked at, without another upload; what is said now comes on top."""
    look = store.locked_import(session, import_id)
    _refuse_not_waiting(look, now=now)
    if look.asks:
        raise Conflict("Say first which column holds the addresses, and look at it again.")
    said = together(look, words)
    columns = _columns(look, said, folder)
    types = {
        one.name: {"name": one.name, "type": known.type, "format": known.format}
        for one in columns
        if one.name and (known := said.columns.get(one.key)) and known.type
    }
    row = Import(
        audience_id=look.audience_id, format=look.format, folder=look.folder,
        filename=look.filename, size=look.size, encoding=look.encoding, created_at=now,
        created_by=by, created_by_id=by_id, look_id=look.id, columns=list(types.values()),
        said=said.model_dump(mode="json"),
    )  # fmt: skip
    look.status = "confirmed"
    look.forget_mended()
    session.add(look)
    session.add(row)
    session.flush()
    return row


def look_again(
    session: Session, import_id: str, *, words: FileWords, folder: Path, now: datetime
) -> Import:
    """Read the file once more, as its author says: it is not uploaded again."""
    look = store.locked_import(session, import_id)
    _refuse_not_waiting(look, now=now)
    said = together(look, words)
    _columns(look, said, folder)
    refusal_rows.drop(session, look.id)
    begun = Import(audience_id="", format="", folder="", created_at=now)
    for name in _BEGUN_ANEW:
        setattr(look, name, getattr(begun, name))
    look.said = said.model_dump(mode="json")
    session.add(look)
    session.flush()
    return look


_BEGUN_ANEW = (
    "status", "columns", "offset", "line", "rows", "added", "updated", "unchanged", "refused",
    "erased", "noted", "error", "named", "header", "reasons", "opted_out", "asks", "finished_at",
)  # fmt: skip


def together(look: Import, words: FileWords) -> FileWords:
    """What was said of it before, with what is said now on top, column by column.

    Columns are called as they would be if nobody had said anything; what a look calls one of them
    now is understood, too. Raises Invalid for a column that the file has not.
    """
    before = imports.words_of(look)
    if words.mended and look.format != "csv":
        raise Invalid.at(
            "mended", "Only lines of a CSV are mended so. Mend the file, and upload it."
        )
    keys = _keys(look)
    if unknown := sorted(words.columns.keys() - keys.keys()):
        raise Invalid.at("columns", f"The file has no column “{unknown[0][:60]}”.")
    columns = dict(before.columns)
    for name, said in words.columns.items():
        key = keys[name]
        held = columns.get(key, FileColumn()).model_dump(exclude_unset=True)
        columns[key] = FileColumn(**held | said.model_dump(exclude_unset=True))
    is_other = words.delimiter is not None and words.delimiter != before.delimiter
    told = words.model_dump(exclude_unset=True)
    return FileWords(
        delimiter=told.get("delimiter", before.delimiter),
        columns={} if is_other and not words.columns else columns,
        mended={} if is_other else _bounded(before.mended | words.mended),
        opt_outs=told.get("opt_outs", before.opt_outs),
    )


def _bounded(mended: Mapping[int, Mapping[str, str]]) -> dict[int, dict[str, str]]:
    """What is kept beside a file until it is imported. Raises Invalid for more than that."""
    size = sum(len(key) + len(cell) for cells in mended.values() for key, cell in cells.items())
    if len(mended) > MOST_MENDED or size > _MOST_MENDED_SIGNS:
        raise Invalid.at(
            "mended",
            f"Before a file is imported, {MOST_MENDED} of its lines are mended at most, and"
            f" {count(_MOST_MENDED_SIGNS)} characters. Import it, and mend the others then.",
        )
    return {line: dict(cells) for line, cells in mended.items()}


def let_go(session: Session, import_id: str, folder: Path, *, now: datetime) -> Import:
    """Nothing is taken from a file that was looked at; the file goes."""
    look = store.locked_import(session, import_id)
    _refuse_not_waiting(look, now=now, is_needed=False)
    ended(session, look, "Nothing was taken from it, as asked for.", now=now)
    (folder / look.file).unlink(missing_ok=True)
    return look


def ended(session: Session, look: Import, why: str, *, now: datetime) -> None:
    """Nobody is asked about it any more."""
    look.status, look.finished_at, look.error, look.asks = "failed", now, why, ""
    look.forget_mended()
    session.add(look)


@dataclass(frozen=True, slots=True)
class First:
    """Somebody of a file, as they would be stored."""

    line: int
    cells: Mapping[str, Any]  # by the names of the columns
    opted_out: bool


def first_people(session: Session, look: Import, path: Path, *, marker: Marker) -> list[First]:
    """The first few people of a file that waits for a word; nobody where it is not here."""
    begin = Import(
        audience_id=look.audience_id, format=look.format, folder=look.folder, size=look.size,
        said=look.said, created_at=look.created_at,
    )  # fmt: skip
    try:
        records, _ = batches.take(imports.records_of(begin, path), _LOOKED_AT)
    except (Invalid, FileNotFoundError):
        return []
    lines = changes.sorted_out(begin, records, Room.of(session, begin))
    lines.leave(changes.erased_among(session, lines.people, marker))
    found = changes.Changes(session, begin, look.created_at)
    found.sort(lines.people)
    taken = [one for one in lines.people.values() if one.line not in found.reasons]
    return [_first(one) for one in taken[:_FIRST]]


def _first(one: Wanted) -> First:
    return First(one.line, {**one.own, **one.data}, bool(one.opted_out))


def _columns(look: Import, words: FileWords, folder: Path) -> tuple[Mapped, ...]:
    """What the columns become by this. Raises Invalid where that cannot be, Conflict: no file."""
    path = folder / look.file
    try:
        if look.format == "csv":
            columns = reading.look_at_header(path, words).columns
        else:
            columns = reading.names_of_objects(path, words)
    except FileNotFoundError as error:
        raise Conflict(_GONE) from error
    if look.format == "csv":
        mapping.refuse_unknown(columns, words)
    return columns


def _keys(look: Import) -> dict[str, str]:
    """Of each column, what it would be called by itself: by that name, and by its name now."""
    rows = (look.header or {}).get("columns", ())
    now = {one["becomes"]: one["key"] for one in rows if one["becomes"]}
    seen = {one["name"]: one["name"] for one in look.columns or ()}
    return seen | now | {one["key"]: one["key"] for one in rows}


_GONE = "The uploaded file is gone: it is kept for a day. Upload it again."


def _refuse_not_waiting(look: Import, *, now: datetime, is_needed: bool = True) -> None:
    if not look.waits:
        raise Conflict(
            f"This file does not wait for a word: it is {look.status}. Upload it to look at it"
            " again."
        )
    if is_needed and now - look.created_at > KEPT:
        raise Conflict(_GONE)

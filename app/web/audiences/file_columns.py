"""The columns of a file that waits for a word: what each becomes, as a form asks it and is read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.audience.columns import Column, Columns, Misfit, Type, folded
from app.audience.confirming import First
from app.audience.headers import plain_name
from app.audience.imports import words_of
from app.audience.mapping import By
from app.audience.models import Import
from app.audience.opt_outs import OptOut, guessed
from app.audience.own import OWN
from app.audience.schemas import FileColumn, FileWords
from app.platform.asked import Choices
from app.web.audiences import columns
from app.web.kit import formatting
from app.web.kit.form_state import Typed

_KEPT, _OUT = "itself", ""  # what a select says beside people's own columns
_SAYS = {"out:yes": OptOut.YES, "out:no": OptOut.NO}
_BY = {By.HEADING: "by its heading", By.CELLS: "by its cells", By.AUTHOR: "as you say"}
_LANGUAGES = {"language", "lang", "locale", "sprache", "langue", "idioma", "språk", "sprak"}
_SHOWN = 60  # characters of a cell
DELIMITERS: Choices = (
    ("", "As it is found"),
    (",", "Comma"),
    (";", "Semicolon"),
    ("\t", "Tab"),
    ("|", "Bar"),
)
_SIGNS = {",": "Commas", ";": "Semicolons", "\t": "Tabs", "|": "Bars"}
_ENCODINGS = {"utf-8": "UTF-8", "utf-16": "UTF-16", "windows-1252": "Windows-1252"}
_DECIMALS = {"decimal_comma": "decimal comma", "decimal_point": "decimal point"}


@dataclass(frozen=True, slots=True)
class FileLine:
    """A column of the file, what it becomes, and the cells of the first three people."""

    key: str
    heading: str
    becomes: str  # of the select
    called: str  # what it is called where it is a column of its own
    guess: str
    chosen: str  # how it is read
    question: str
    unfit: int
    cells: tuple[str, ...]

    @property
    def is_named(self) -> bool:
        """Whether it is a column of the audience: that has a name, and is read in some way."""
        return self.becomes == _KEPT


@dataclass(frozen=True, slots=True)
class OptOutLine:
    """A column that seems to say who opted out elsewhere: shall they get no mail?"""

    key: str
    heading: str
    people: int  # lines that say so
    answer: str  # "suppress" or "ignore"


def becomes_choices() -> Choices:
    """What a column can become."""
    own = [(name, one.label or name) for name, one in OWN.items()]
    says = [
        ("out:yes", "Who opted out: a yes means no mail"),
        ("out:no", "Who agreed: a no means no mail"),
    ]
    return [(_KEPT, "A column of its own"), *own, *says, (_OUT, "Leave out")]


def lines(record: Import, first: Sequence[First]) -> list[FileLine]:
    """Every column, in the order of the file."""
    found = {one["name"]: one for one in record.columns or ()}
    read = Columns.of(found.values())
    told = {line.name: line for line in columns.lines_of(found.values())}
    said = words_of(record).columns
    made = []
    for row in _rows(record):
        name = row["becomes"] or ""
        line = told.get(name)
        known = said.get(row["key"], FileColumn())
        made.append(
            FileLine(
                key=row["key"],
                heading=row["heading"],
                becomes=_chosen(name, known),
                called=name if name and name not in OWN else plain_name(row["heading"]),
                guess=_guess(row, found.get(name)),
                chosen=line.chosen if line else "",
                question=line.question if line else "",
                unfit=line.misfits if line else 0,
                cells=tuple(_cell(read.column(name), one.cells.get(name)) for one in first),
            )
        )
    return made


def asked(record: Import) -> list[OptOutLine]:
    """Columns about which somebody is asked whether they say who opted out elsewhere."""
    counts = (record.header or {}).get("opted_out", {})
    said = words_of(record).columns
    made = []
    for row in _rows(record):
        how, people = guessed(row["heading"]), counts.get(row["key"], 0)
        is_ignored = said.get(row["key"], FileColumn()).opt_out is OptOut.IGNORED
        if how and (how is not OptOut.WORD or people or is_ignored):
            answer = "ignore" if is_ignored else "suppress"
            made.append(OptOutLine(row["key"], row["heading"], people, answer))
    return made


def facts(record: Import) -> str:
    """`Semicolons, Windows-1252, decimal comma`: how the file is read."""
    delimiter = (record.header or {}).get("delimiter")
    decimals = sorted(
        {
            _DECIMALS[one["format"]]
            for one in record.columns or ()
            if one.get("type") == Type.NUMBER and one.get("format") in _DECIMALS
        }
    )
    written = _SIGNS.get(delimiter, "") if delimiter else "One object a line"
    encoding = _ENCODINGS.get(record.encoding, record.encoding)
    return ", ".join(filter(None, (written, encoding, *decimals))) + "."


def words_in(record: Import, form: Typed) -> FileWords:
    """What a form says of a file, where it says something else than is there."""
    said: dict[str, dict[str, Any]] = {}
    found = {one["name"]: one for one in record.columns or ()}
    told = {line.name: line for line in columns.lines_of(found.values())}
    before = words_of(record)
    for row in _rows(record):
        line = told.get(row["becomes"] or "")
        changed = dict(_changed(row, line.chosen if line else "", before, form))
        if changed:
            said[row["key"]] = changed
    told_words: dict[str, Any] = {"columns": said}
    if mended := _mended(form):
        told_words["mended"] = mended
    if "delimiter" in form.fields and (form.value("delimiter") or None) != before.delimiter:
        told_words["delimiter"] = form.value("delimiter") or None
    return FileWords.model_validate(told_words)


def reads_otherwise(words: FileWords) -> bool:
    """Whether other people, or others of them, would be stored: then it is looked at once more."""
    is_other = any(
        one.model_fields_set & {"becomes", "left_out", "opt_out"} for one in words.columns.values()
    )
    return is_other or bool(words.model_fields_set & {"delimiter", "mended"})


def _mended(form: Typed) -> dict[str, dict[str, str]]:
    """Refused lines in which something stands otherwise now: all of their cells."""
    found: dict[str, dict[str, str]] = {}
    changed = set()
    for name in form.fields:
        kind, line, key = (*name.split(":", 2), "", "")[:3]
        if kind == "mend":
            found.setdefault(line, {})[key] = form.value(name)
            if form.value(name) != form.value(f"was:{line}:{key}"):
                changed.add(line)
    return {line: cells for line, cells in found.items() if line in changed}


def _changed(
    row: Mapping[str, Any], chosen: str, before: FileWords, form: Typed
) -> Iterator[tuple[str, Any]]:
    key = row["key"]
    held = before.columns.get(key, FileColumn())
    becomes, called = f"becomes:{key}", f"called:{key}"
    if becomes in form.fields:
        wanted, name = form.value(becomes), form.value(called).strip()
        now = _chosen(row["becomes"] or "", held)
        is_renamed = wanted == _KEPT and bool(name) and plain_name(name) != row["becomes"]
        if wanted != now or is_renamed:
            yield from _said_of(wanted, name or plain_name(row["heading"])).items()
    reading = form.value(f"reading:{key}")
    if reading and reading != chosen:
        yield from columns.reading_of(reading).model_dump(mode="json").items()
    answer = form.value(f"out:{key}")
    was = "ignore" if held.opt_out is OptOut.IGNORED else "suppress"
    if answer and answer != was and form.value(becomes) not in _SAYS:
        yield "opt_out", OptOut.IGNORED if answer == "ignore" else guessed(row["heading"])


def _said_of(wanted: str, name: str) -> dict[str, Any]:
    if wanted in _SAYS:
        return {"left_out": True, "opt_out": _SAYS[wanted]}
    if wanted == _OUT:
        return {"left_out": True}
    return {"left_out": False, "becomes": name if wanted == _KEPT else wanted}


def _chosen(name: str, known: FileColumn) -> str:
    if name:
        return name if name in OWN else _KEPT
    says = {how: value for value, how in _SAYS.items()}
    return says.get(known.opt_out, _OUT) if known.opt_out else _OUT


def _rows(record: Import) -> Sequence[Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = (record.header or {}).get("columns", ())
    return rows


def _guess(row: Mapping[str, Any], found: Mapping[str, Any] | None) -> str:
    said = [_BY[By(row["by"])]] if row["by"] in _BY else []
    if found and folded(row["heading"]) in _LANGUAGES:
        said.append("a language")
    if found and found.get("unit"):
        said.append(f"in {found['unit']}")
    if found and found.get("misfits"):
        said.append(f"{formatting.plural(found['misfits'], 'cell does', 'cells do')} not fit")
    return ", ".join(said)


def _cell(column: Column, cell: object) -> str:
    """As it is stored, and behind it what it says where that is written otherwise."""
    if cell is None:
        return ""
    shown = str(cell).lower() if isinstance(cell, bool) else str(cell)
    try:
        value = column.read(cell)
    except Misfit:
        return f"{shown[:_SHOWN]} (does not fit)"
    said = Columns({column.name: column}).said(column.name, {column.name: cell})
    if isinstance(value, bool):
        said = "yes" if value else "no"
    is_plain = column.type is Type.TEXT or column.is_asked or said in {"", shown}
    return shown[:_SHOWN] if is_plain else f"{shown[:_SHOWN]} = {said}"

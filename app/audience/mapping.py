"""What each column of a file becomes: guessed from headings and cells, then as its author says."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from app.audience import headers, opt_outs
from app.audience.addresses import BadAddress, key_of
from app.audience.headers import Column
from app.audience.opt_outs import OptOut
from app.audience.own import OWN
from app.audience.schemas import FileColumn, FileWords
from app.audience.zones import zone_of
from app.platform.errors import FieldError, Invalid

# What our list of refused lines puts before the columns of its file: mended, it is no column.
LINE, BECAUSE = "Refused line", "Refused because"
_OURS = {LINE, BECAUSE}
_MOST = 0.5  # ours: of a column’s cells, to call it the one with the addresses
NOTHING_SAID = FileWords()


class By(StrEnum):
    """Who or what says what a column becomes."""

    HEADING = "heading"
    CELLS = "cells"
    ITSELF = "itself"  # it is kept as it is called
    AUTHOR = "author"


@dataclass(frozen=True, slots=True)
class Mapped(Column):
    """A column of a file; without a name it is left out."""

    key: str = ""  # what it would be called if nobody said anything
    by: By = By.ITSELF
    says_no: OptOut | None = None  # which of its cells say that somebody opted out elsewhere


def mapped(
    written: Sequence[str], rows: Sequence[Sequence[str]], words: FileWords = NOTHING_SAID
) -> tuple[Mapped, ...]:
    """Every column, in the order of the file. Raises Invalid where two become one.

    `rows`: some of the first ones, for what no heading tells.
    """
    guessed = _by_cells(headers.columns_of(tuple(written)), rows)
    columns = [_as_said(one, words.columns.get(one.key), words) for one in guessed]
    named = {one.name for one in columns if one.by is By.AUTHOR}
    columns = _yielding(columns, named)
    _refuse_twice(columns)
    return tuple(columns)


def is_of_refused(written: Iterable[str]) -> bool:
    """Whether these headings are of our own list of refused lines."""
    return set(written) >= _OURS


def refuse_unknown(columns: Sequence[Mapped], words: FileWords) -> None:
    """Raises Invalid where something is said of a column that the file has not."""
    known = {one.key for one in columns}
    if unknown := sorted(words.columns.keys() - known):
        raise Invalid.at("columns", f"The file has no column “{unknown[0][:60]}”.")


def _by_cells(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[Mapped]:
    """With the addresses and time zones that no heading names."""
    named = {one.name for one in columns}
    found = {
        place: name
        for name, fits, most in (("email", _is_address, _MOST), ("timezone", _is_zone, 1.0))
        if name not in named and (place := _column_of(columns, rows, fits, most)) is not None
    }
    return [_guess(place, one, found) for place, one in enumerate(columns)]


def _guess(place: int, one: Column, found: dict[int, str]) -> Mapped:
    if one.as_written in _OURS:
        return Mapped("", one.as_written, key=one.name, by=By.HEADING)
    name = found.get(place, one.name)
    by = By.CELLS if place in found else By.HEADING if name in OWN else By.ITSELF
    return Mapped(name, one.as_written, name, by, opt_outs.guessed(one.as_written))


def _column_of(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    fits: Callable[[str], bool],
    most: float,
) -> int | None:
    """The column most of whose cells fit; the first of several."""
    shares = {}
    for place, column in enumerate(columns):
        cells = [row[place].strip() for row in rows if place < len(row) and row[place].strip()]
        if cells and column.name not in OWN:
            shares[place] = sum(map(fits, cells)) / len(cells)
    best = max(shares, key=lambda place: shares[place], default=None)
    return best if best is not None and shares[best] >= most else None


def _is_address(cell: str) -> bool:
    try:
        return "@" in cell and bool(key_of(cell))
    except BadAddress:
        return False


def _is_zone(cell: str) -> bool:
    return "/" in cell and zone_of(cell) is not None


def _as_said(one: Mapped, said: FileColumn | None, words: FileWords) -> Mapped:
    how = _says_no(one, said, words)
    if said is not None and said.left_out:
        return Mapped("", one.as_written, one.key, By.AUTHOR, how)
    if said is not None and said.becomes is not None:
        return Mapped(_called(said.becomes), one.as_written, one.key, By.AUTHOR, how)
    return replace(one, says_no=how)


def _says_no(one: Mapped, said: FileColumn | None, words: FileWords) -> OptOut | None:
    how = one.says_no if said is None or said.opt_out is None else said.opt_out
    return None if words.opt_outs == "ignore" or how is OptOut.IGNORED else how


def _called(name: str) -> str:
    return name if name in OWN else headers.plain_name(name)


def _yielding(columns: Sequence[Mapped], named: set[str]) -> list[Mapped]:
    """A guess makes way where its author gives the name to another column."""
    taken = {one.name for one in columns}
    made = []
    for one in columns:
        name = one.name
        if name and name in named and one.by is not By.AUTHOR:
            name = headers.free(headers.plain_name(one.as_written), taken)
            taken.add(name)
        made.append(one if name == one.name else replace(one, name=name, by=By.ITSELF))
    return made


def _refuse_twice(columns: Sequence[Mapped]) -> None:
    counted = Counter(one.name for one in columns if one.name)
    errors = tuple(
        FieldError("columns", f"Two columns become “{name}”: call one of them otherwise.")
        for name, count in counted.items()
        if count > 1
    )
    if errors:
        raise Invalid(" ".join(error.message for error in errors), errors=errors)


@lru_cache(maxsize=256)
def of_object(written: tuple[str, ...], said: str) -> tuple[Mapped, ...]:
    """The same of the names that stand on one line of objects; `said` is the author's document."""
    return mapped(written, (), FileWords.model_validate_json(said))

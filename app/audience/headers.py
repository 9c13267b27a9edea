"""Headers as people and their tools write them, matched with a person's own columns."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.audience import words
from app.audience.columns import folded
from app.audience.own import OWN

MOST_COLUMNS = 1_000  # ours; the widest export of a customer database has some 700
_SIGNS = re.compile(r"\W+")
_FIRST = ("firstname", "vorname", "givenname", "fornavn", "förnamn", "prénom", "prenom", "fname",
          "personfirstname", "primeironome", "voornaam")  # fmt: skip
_LAST = ("lastname", "nachname", "familyname", "surname", "etternavn", "efternamn", "lname",
         "personlastname", "apellidos", "apellido", "cognome", "sobrenome", "achternaam",
         "nomdefamille")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what templates call it, and how the file wrote it."""

    name: str
    as_written: str


@lru_cache(maxsize=256)
def columns_of(written: tuple[str, ...]) -> tuple[Column, ...]:
    """What each header means. Of one name's columns the first keeps it; the next is `name_2`."""
    own = _own(written)
    taken = set(own.values())
    columns: list[Column] = []
    for place, cell in enumerate(written):
        name = own.get(place) or free(plain_name(cell), taken)
        taken.add(name)
        columns.append(Column(name, cell.strip()))
    return tuple(columns)


@lru_cache(maxsize=256)
def name_parts(columns: tuple[Column, ...]) -> tuple[str, ...]:
    """First and last name, where a file has these and no whole name."""
    if any(column.name == "name" for column in columns):
        return ()
    found = (_called(columns, _FIRST), _called(columns, _LAST))
    return tuple(name for name in found if name)


def whole_name(parts: Sequence[str], values: Mapping[str, Any]) -> dict[str, str]:
    """First and last name, where a file has no whole one."""
    said = (str(values[part]) for part in parts if part in values)
    whole = " ".join(part for part in said if not words.is_nothing(part))
    return {"name": whole} if whole else {}


def plain_name(written: str) -> str:
    """What templates call a column: letters, digits and `_`."""
    text = unicodedata.normalize("NFC", written).strip()
    return _SIGNS.sub("_", text).strip("_") or "column"


def is_email(written: str) -> bool:
    """Whether this header names the addresses."""
    return _key(written) in OWN["email"].headers


def _own(written: Sequence[str]) -> dict[int, str]:
    """Which column, by its place, is which of ours."""
    keys = [_key(cell) for cell in written]
    found: dict[int, str] = {}
    for name, one in OWN.items():
        exact = next((place for place, cell in enumerate(written) if cell.strip() == name), None)
        places = [keys.index(key) for key in one.headers if key in keys]
        place = exact if exact is not None else next(iter(places), None)
        if place is not None and place not in found:
            found[place] = name
    return found


def _key(written: str) -> str:
    return folded(unicodedata.normalize("NFC", written))


def free(name: str, taken: set[str]) -> str:
    """A name of its own; one of ours in other letters stays with the column that is ours."""
    base = name if name.lower() not in OWN else name.lower()
    number, found = 2, base
    while found in taken or found in OWN:
        found, number = f"{base}_{number}", number + 1
    return found


def _called(columns: Sequence[Column], names: Sequence[str]) -> str | None:
    return next((column.name for column in columns if _key(column.as_written) in names), None)

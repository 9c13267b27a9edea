"""Why lines of a file are refused, counted by kind, with where the first of each stand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_FIRST = 3  # lines of a kind that are named


class Kind(StrEnum):
    """What is wrong with a line."""

    NO_ADDRESS = "no_address"
    BAD_ADDRESS = "bad_address"
    UNSUPPORTED = "unsupported_address"
    TWICE = "duplicate"
    EXTERNAL_ID = "external_id"
    CELLS = "cells"
    DAMAGED = "damaged"
    NOT_CSV = "not_csv"
    NOT_JSON = "not_json"
    ROOM = "room"


TOLD: Mapping[Kind, str] = {
    Kind.NO_ADDRESS: "No address stands on the line",
    Kind.BAD_ADDRESS: "The address cannot be used",
    Kind.UNSUPPORTED: "The address has letters that cannot be mailed",
    Kind.TWICE: "The same address stands on an earlier line",
    Kind.EXTERNAL_ID: "Its external id belongs to somebody else",
    Kind.CELLS: "It has more or fewer cells than there are columns",
    Kind.DAMAGED: "It holds signs that no encoding explains, or is too long",
    Kind.NOT_CSV: "Its quotes or line ends are broken",
    Kind.NOT_JSON: "It is no flat JSON object",
    Kind.ROOM: "The audience has no room for its columns",
}
_SIGNS = (  # what stands in a reason; the first that does tells its kind
    ("bad_address: there is none", Kind.NO_ADDRESS),
    ("bad_address: ", Kind.BAD_ADDRESS),
    ("unsupported_address: ", Kind.UNSUPPORTED),
    ("duplicate: ", Kind.TWICE),
    ("external_id ", Kind.EXTERNAL_ID),
    (" where the header names ", Kind.CELLS),
    ("damaged: ", Kind.DAMAGED),
    ("the line is longer", Kind.DAMAGED),
    ("not CSV: ", Kind.NOT_CSV),
    ("its columns would be", Kind.ROOM),
    (" columns; a person has ", Kind.ROOM),
    ("Two columns become", Kind.ROOM),
)


@dataclass(frozen=True, slots=True)
class Counted:
    """One kind: how many lines, and the first of them."""

    kind: Kind
    count: int
    lines: tuple[int, ...]


def kind_of(reason: str) -> Kind:
    """Which kind a reason is, as a refusal keeps it."""
    return next((kind for sign, kind in _SIGNS if sign in reason), Kind.NOT_JSON)


def added(
    held: Mapping[str, Any] | None, refused: Iterable[Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """What is kept of an import's reasons, with these refusals."""
    found = {name: dict(one) for name, one in (held or {}).items()}
    for row in sorted(refused, key=lambda one: one["line"]):
        one = found.setdefault(kind_of(row["reason"]), {"count": 0, "lines": []})
        one["count"] += 1
        if len(one["lines"]) < _FIRST:
            one["lines"] = [*one["lines"], row["line"]]
    return found


def without(held: Mapping[str, Any] | None, line: int, reason: str) -> dict[str, dict[str, Any]]:
    """The same without one that was mended; of its kind, other first lines may be unknown."""
    found = {name: dict(one) for name, one in (held or {}).items()}
    if one := found.get(kind_of(reason)):
        one["count"] -= 1
        one["lines"] = [other for other in one["lines"] if other != line]
    return {name: one for name, one in found.items() if one["count"] > 0}


def counted(held: Mapping[str, Any] | None) -> list[Counted]:
    """The same to be told, the most frequent first."""
    rows = [
        Counted(Kind(name), one["count"], tuple(one["lines"])) for name, one in (held or {}).items()
    ]
    return sorted(rows, key=lambda row: (-row.count, row.kind))

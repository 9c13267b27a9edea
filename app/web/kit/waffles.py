"""Everybody as one mark each, by kind: a picture of people, of whom some are machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

ROWS = 12
_MOST = 600  # marks: more are no longer seen one by one


@dataclass(frozen=True, slots=True)
class Waffle:
    """Marks column by column, on a plane of `columns` by `ROWS`. `paths` are (kind, SVG path)."""

    each: int  # people to a mark
    columns: int
    paths: tuple[tuple[str, str], ...]


def waffle(kinds: Sequence[tuple[str, int]]) -> Waffle | None:
    """Kinds with their numbers of people, in the order of drawing; None of nobody.

    Where a mark stands for several, whoever is there at all has one mark at least.
    """
    total = sum(number for _, number in kinds)
    if total <= 0:
        return None
    each = _each(total)
    marks = [(kind, -(-number // each)) for kind, number in kinds if number > 0]
    places = count()
    paths = tuple(
        (kind, "".join(_mark(next(places)) for _ in range(number))) for kind, number in marks
    )
    whole = sum(number for _, number in marks)
    return Waffle(each, -(-whole // ROWS), paths)


def _each(total: int) -> int:
    """1, 2, 5, 10, 20 …: as few as fit."""
    step = 1
    while total > step * _MOST:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return step


def _mark(place: int) -> str:
    """A line of no length, whose round or square ends are the mark."""
    column, row = divmod(place, ROWS)
    return f"M{column}.5 {row}.5h0"

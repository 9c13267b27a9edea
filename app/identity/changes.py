"""What a request changed of what people set, from what to what: told of every such table alike."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event, inspect
from sqlmodel import Session, SQLModel

from app.platform import figures
from app.platform.told import Told, told_of

_LONGEST = 200  # characters of a value: the row says what changed, it is no copy
_SHOWN = 3  # of changes that are called the same
_NOTHING = "none"


@dataclass(slots=True)
class _Row:
    """A row, and what it said before this transaction."""

    row: SQLModel
    told: Told
    before: dict[str, Any] = field(default_factory=dict)
    is_gone: bool = False


class Changes:
    """Looks at rows before they are written, for as long as a session lasts."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: dict[int, _Row] = {}
        event.listen(session, "before_flush", lambda *_: self._look())

    def in_words(self) -> Mapping[str, str]:
        """`sends_at: friday 15:00 → monday 08:00`; what is as it was is not told.

        Of several rows alike, as of a cycle that was copied, the first few.
        """
        self._session.flush()
        found = defaultdict[str, list[str]](list)
        for one in self._rows.values():
            of = f" of “{getattr(one.row, one.told.named)}”" if one.told.named else ""
            for name, before in one.before.items():
                after = None if one.is_gone else getattr(one.row, name)
                if (was := _said(before)) != (now := _said(after)):
                    found[f"{name}{of}"].append(f"{was} → {now}")
        return {name: _of_several(changes) for name, changes in found.items()}

    def _look(self) -> None:
        for row in (*self._session.new, *self._session.dirty, *self._session.deleted):
            if (told := told_of(row.__table__)) is None:
                continue
            one = self._rows.setdefault(id(row), _Row(row, told))
            one.is_gone = row in self._session.deleted
            for name, before in _before(one):
                one.before.setdefault(name, before)


def _before(one: _Row) -> Iterator[tuple[str, Any]]:
    for name in one.told.columns:
        history = inspect(one.row).attrs[name].history
        if history.added or one.is_gone:
            held = (*history.deleted, *history.unchanged)
            yield name, held[0] if held else one.told.usual.get(name)


def _of_several(changes: list[str]) -> str:
    rest = len(changes) - _SHOWN
    return "; ".join(
        [*changes[:_SHOWN], *([f"and {figures.count(rest)} more"] if rest > 0 else [])]
    )


def _said(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        value = [f"{name}: {one}" for name, one in value.items()]
    said = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"

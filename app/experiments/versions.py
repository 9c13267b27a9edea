"""What a draft said before: kept at each change, told field by field, brought back, undone.

Nothing is lost by going back, for going back is a version, too. A version is named by its number;
its mark also says how often it was written into, so it names one state that somebody has seen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from app.experiments import version_rows
from app.experiments.models import DraftVersion, Experiment, Made
from app.platform.errors import Conflict

MOST = 100  # ours: an evening's writing of one draft, at five minutes a version
GOES_ON = timedelta(minutes=5)  # ours: a page saves itself at each pause; a thought takes minutes
_BY_NAME = {"arms": "key", "guardrails": "metric"}  # parts whose order says nothing


class Quicker(Conflict):
    """Somebody changed the draft since it was looked at, so nothing is taken back."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody changed this draft after you looked at it, so nothing was brought back. Look"
            " at its newest version first."
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of the document, what it said and what it says; None where it is not there."""

    field: str
    before: Any
    after: Any


def keep(
    session: Session,
    row: Experiment,
    *,
    by: str,
    now: datetime,
    made: Made = Made.WRITTEN,
    of: int | None = None,
) -> None:
    """Keep what the draft says from now on, unless it says the same as before."""
    newest = version_rows.newest(session, row.id)
    if newest is not None and says_same(newest, row):
        return
    if newest is None or not _goes_on(newest, by=by, now=now, made=made):
        number = newest.number + 1 if newest else 1
        newest = DraftVersion(
            experiment_id=row.id, number=number, saves=0, made=made, of=of, by=by, begun_at=now,
            at=now,
        )  # fmt: skip
        version_rows.drop_until(session, row.id, number - MOST)
    newest.design, newest.unread = row.design, row.unread
    newest.saves, newest.at = newest.saves + 1, now
    session.add(newest)
    session.flush()


def catch_up(session: Session, row: Experiment) -> None:
    """Keep what stands before it is changed, where a release wrote it that kept no versions."""
    newest = version_rows.newest(session, row.id)
    if newest is None:
        keep(session, row, by=row.created_by, now=row.updated_at, made=Made.BEGUN)
    elif not says_same(newest, row):
        keep(session, row, by="", now=row.updated_at)


def mark_of(version: DraftVersion | None) -> str:
    """The state that somebody sees; empty while none is kept."""
    return f"{version.number}.{version.saves}" if version else ""


def refuse_other(session: Session, row: Experiment, mark: str) -> None:
    """Raise Quicker unless this is still the state that somebody saw."""
    if mark_of(version_rows.newest(session, row.id)) != mark:
        raise Quicker


def undoable(session: Session, row: Experiment) -> DraftVersion | None:
    """The version that an undo brings back; None where nothing is left to take back.

    An undo after an undo goes one further back, never to and fro.
    """
    steps = version_rows.steps(session, row.id)
    number = max(steps, default=0)
    while number in steps:
        number = _number_before(steps, number)
        found = version_rows.some(session, row.id, [number]).get(number)
        if found is not None and not says_same(found, row):
            return found
    return None


def with_before(
    session: Session, rows: Sequence[DraftVersion]
) -> list[tuple[DraftVersion, DraftVersion | None]]:
    """Versions of one draft, newest first, each with the one before it as far as it is kept."""
    if not rows:
        return []
    oldest = rows[-1]
    earlier = version_rows.before(session, oldest.experiment_id, oldest.number)
    return list(zip(rows, [*rows[1:], earlier], strict=True))


def says_same(version: DraftVersion, row: Experiment | DraftVersion) -> bool:
    """Whether the draft says what this version does."""
    return version.design == row.design and (version.unread or []) == (row.unread or [])


def differences(before: DraftVersion | None, after: DraftVersion) -> list[Difference]:
    """What one says otherwise than the other, in the document's order; all where it is the first.

    What waits to be mended is told by the name of its field in the form, after `unread.`.
    """
    old, new = parts(before) if before else {}, parts(after)
    return [
        Difference(field, old.get(field), new.get(field))
        for field in {**new, **old}
        if old.get(field) != new.get(field)
    ]


def parts(version: DraftVersion) -> dict[str, Any]:
    """Every part that says something, by its path: `arms.insight.subject`."""
    typed = {one["field"]: one["typed"] for one in version.unread or ()}
    found = dict(_flat(version.design, ""))
    return found | {f"unread.{name}": ", ".join(texts) for name, texts in typed.items()}


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _flat(one, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        yield from _flat(_named(value, _BY_NAME.get(path, "")), path)
    elif value not in (None, "", []):
        yield path, value


def _named(items: Sequence[Mapping[str, Any]], key: str) -> dict[str, Any]:
    return {
        str(one.get(key, place)): {name: each for name, each in one.items() if name != key}
        for place, one in enumerate(items)
    }


def _number_before(steps: Mapping[int, version_rows.Step], number: int) -> int:
    """What stood before a version was written; before an undo, that of what it brought back."""
    seen = number
    while seen in steps and steps[seen].made == Made.UNDONE and steps[seen].of is not None:
        seen = steps[seen].of or 0
    return seen - 1


def _goes_on(newest: DraftVersion, *, by: str, now: datetime, made: Made) -> bool:
    """Whether somebody goes on with what they wrote, or one request writes it in two goes."""
    if newest.by != by or newest.made != made:
        return False
    if made == Made.WRITTEN:
        return newest.begun_at <= now < newest.begun_at + GOES_ON
    return made in {Made.BEGUN, Made.TEMPLATE} and newest.at == now

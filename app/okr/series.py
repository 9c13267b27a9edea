"""The values of a key result by day, laid out from what is stored. Nothing here is written.

Stored are what people and systems put, what runs of an experiment measured, and the ledger. What
follows from them is worked out each time, so it can never overwrite what was put:

- a value that was put, and a run, say where the number stands on their day: with a run and a value
  on one day, the run counts, and the value stays in the list;
- a ledger adds to that: the last value put until then (else the start) and the sum of what counts
  since, that day included;
- who only said how sure they are confirms what stands that day.

What lies after the cycle's last day counts nowhere.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from app.okr import exact, list_rows, overlap, store
from app.okr.list_rows import Entry
from app.okr.models import Contribution, KeyResult
from app.platform.paging import Order, Part, part_of

DERIVED = "experiment"
_BY_DATE = Order("values", (Date, datetime, str))


class Value(NamedTuple):
    """Where a key result stands on a day, by whom or what. Estimate and range are its origin's.

    A tuple, for a week is about thousands.
    """

    date: Date
    value: float
    recorded_at: datetime
    recorded_by: str = ""
    source: str = "manual"  # api, http, sql; experiment where one measured or added
    comment: str = ""
    confidence: int | None = None
    confirms: bool = False  # nobody put or measured it that day
    experiment_id: str | None = None
    observed: int | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    check_in_id: str | None = None  # what was put or confirmed last; None: a ledger alone says so


@dataclass(frozen=True, slots=True)
class Listed:
    """A value in the list of all. `counts`: it is the one of its day; `remark` says why not."""

    value: Value
    counts: bool
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything that the values of one key result follow from."""

    start: float
    entries: Sequence[Entry]  # those that hold, in order of date and of their being written
    posted: Sequence[Contribution]
    ends: Date


def daily_values(session: Session, row: KeyResult) -> tuple[Value, ...]:
    """The value of each day that has one, in order."""
    return of_several(session, (row,))[row.id]


def of_several(
    session: Session, rows: Sequence[KeyResult], *, ends: Mapping[str, Date] | None = None
) -> dict[str, tuple[Value, ...]]:
    """The values of several key results by id, in as many queries as those of one.

    `ends` spares one: the last days of their cycles, where they are known.
    """
    stored = stored_of(session, rows, ends=ends)
    return {row_id: laid_out(one) for row_id, one in stored.items()}


def stored_of(
    session: Session,
    rows: Sequence[KeyResult],
    *,
    ends: Mapping[str, Date] | None = None,
    since: Date | None = None,
    whole: Collection[str] = (),
) -> dict[str, Stored]:
    """What the values of several key results follow from, by id.

    Of what was put from a day on; of those that are to be read `whole` all of it.
    """
    ids = [row.id for row in rows]
    ends = store.ends_of(session, ids) if ends is None else ends
    put = list_rows.put(session, ids, since=since, whole=whole)
    entries, posted = _by_key_result(put.entries), _by_key_result(put.posted)
    return {
        row.id: Stored(row.start, entries[row.id], posted[row.id], ends[row.id]) for row in rows
    }


def _by_key_result(rows: Iterable[Any]) -> defaultdict[str, list[Any]]:
    """Rows of many key results, each in the order in which they came."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.key_result_id].append(row)
    return found


def recent_of(
    session: Session,
    rows: Sequence[KeyResult],
    *,
    since: Date,
    ends: Mapping[str, Date],
    suffice: Callable[[KeyResult, Sequence[Value]], bool],
    whole: Collection[str] = (),
) -> dict[str, tuple[Value, ...]]:
    """The values from a day on, where these say as much as all would; of the others all.

    Of years of values a list shows the last ones. What a ledger adds to may lie before any day.
    `whole` are those of which it is known beforehand that all are needed.
    """
    stored = stored_of(session, rows, ends=ends, since=since, whole=whole)
    found = {key: laid_out(one) for key, one in stored.items()}
    short = [
        row
        for row in rows
        if row.id not in whole
        and not (_stands_alone(stored[row.id]) and suffice(row, found[row.id]))
    ]
    if short:
        entries = _by_key_result(list_rows.put(session, [row.id for row in short]).entries)
        found |= {
            row.id: laid_out(replace(stored[row.id], entries=entries[row.id])) for row in short
        }
    return found


def _stands_alone(stored: Stored) -> bool:
    """Nothing before the first entry is needed to know where the number stands from then on."""
    return bool(stored.entries) and not stored.entries[0].confirms and not stored.posted


def listed(stored: Stored) -> tuple[Listed, ...]:
    """Every value that holds, put or derived, in order of date; each says whether it counts."""
    counting = laid_out(stored)
    days = {value.date for value in counting}
    shown = [Listed(value, counts=True) for value in counting]
    for entry in stored.entries:
        put = _as_put(entry)
        if entry.date > stored.ends:
            shown.append(Listed(put, counts=False, remark="After the cycle’s last day"))
        elif entry.date in days and not entry.confirms and not _is_shown(put, counting):
            shown.append(Listed(put, counts=False, remark=_beside(put, stored.posted)))
    return tuple(sorted(shown, key=lambda one: (one.value.date, one.counts)))


def page(session: Session, row: KeyResult, *, cursor: str | None, limit: int) -> Part[Listed]:
    """The same page by page: by date, then as they were written."""
    stored = stored_of(session, (row,))[row.id]
    return part_of(listed(stored), _BY_DATE, _key, cursor=cursor, limit=limit)


def _key(one: Listed) -> tuple[Date, datetime, str]:
    told = one.value
    return told.date, told.recorded_at, f"{told.source} {told.experiment_id or ''}"


def laid_out(stored: Stored) -> tuple[Value, ...]:
    """The values by day; pure."""
    said: dict[Date, list[Entry]] = defaultdict(list)
    for entry in stored.entries:
        said[entry.date].append(entry)
    posted = {contribution.date for contribution in stored.posted}
    values: list[Value | None] = []
    anchor: Entry | None = None
    ledger: Sequence[overlap.Line] = ()  # as it was known that day
    for day in sorted(one for one in said.keys() | posted if one <= stored.ends):
        today = said[day]
        if day in posted:
            ledger = overlap.as_of(stored.posted, day)
        if len(today) == 1 and not ledger and not today[0].confirms:
            anchor = today[0]
            values.append(_as_put(anchor))  # by far the most
        else:
            anchor = _anchor(today) or anchor
            stands = anchor.value if anchor else stored.start
            values.append(_on(day, stands, anchor, today, ledger))
    return tuple(value for value in values if value is not None)


def standing(values: Sequence[Value], day: Date, *, start: float) -> float:
    """Where a number stands on a day: its last value until then, else its start."""
    return next((value.value for value in reversed(values) if value.date <= day), start)


def _on(
    day: Date,
    stands: float,
    anchor: Entry | None,
    today: Sequence[Entry],
    ledger: Sequence[overlap.Line],
) -> Value | None:
    since = _added_since(anchor, ledger)
    if since:
        stands = exact.total([stands, *(line.added for line in since)])
    new = [line for line in since if line.row.date == day]
    if new:
        return _said(_added(new[-1].row, stands), today)
    if anchor is not None and anchor.date == day:
        return _said(_as_put(anchor), today)
    if not today or (anchor is None and not since):
        return None  # nothing stands: what somebody was sure of was taken back
    return _said(_confirmed(today[-1], stands, anchor, is_added=bool(since)), today)


def _anchor(today: Sequence[Entry]) -> Entry | None:
    """What says where the number stands that day; a run outranks what was put."""
    known = [one for one in today if not one.confirms]
    return max(known, key=lambda one: (one.experiment_id is not None, one.id), default=None)


def _added_since(anchor: Entry | None, ledger: Sequence[overlap.Line]) -> list[overlap.Line]:
    """What the ledger adds to the anchor; of its own day, too, for it was posted after it."""
    return [line for line in ledger if anchor is None or line.row.date >= anchor.date]


def _said(value: Value, today: Sequence[Entry]) -> Value:
    """The value with what people said that day of how sure they are."""
    said = [one for one in today if one.experiment_id is None]
    last = max(said, key=lambda one: one.id, default=None)
    if last is None:
        return value
    if last.confirms:
        value = value._replace(check_in_id=last.id)
    if (last.comment, last.confidence) == (value.comment, value.confidence):
        return value
    return value._replace(comment=last.comment, confidence=last.confidence)


def _as_put(one: Entry) -> Value:
    return Value._make(one[: len(Value._fields)])


def _added(row: Contribution, stands: float) -> Value:
    return Value(
        date=row.date,
        value=stands,
        source=DERIVED,
        recorded_at=row.posted_at,
        recorded_by=row.posted_by,
        experiment_id=row.experiment_id,
        observed=row.people,
        estimate=row.amount,
        low=row.low,
        high=row.high,
    )


def _confirmed(by: Entry, stands: float, anchor: Entry | None, *, is_added: bool) -> Value:
    return Value(
        date=by.date,
        value=stands,
        comment=by.comment,
        confidence=by.confidence,
        source=DERIVED if is_added or anchor is None else anchor.source,
        recorded_at=by.recorded_at,
        recorded_by=by.recorded_by,
        confirms=True,
        check_in_id=by.id,
    )


def _is_shown(put: Value, counting: Sequence[Value]) -> bool:
    return any(
        (value.date, value.source, value.experiment_id, value.recorded_at)
        == (put.date, put.source, put.experiment_id, put.recorded_at)
        for value in counting
    )


def _beside(put: Value, posted: Sequence[Contribution]) -> str:
    if any(contribution.date == put.date for contribution in posted):
        return "An experiment added to it that day"
    return "An experiment measured it that day"

"""The past of a key result, pasted: what each line becomes is told before anything is kept.

A week becomes the value of its last day. What was told stays told: frozen weeks keep their words
and figures, and the weeks after them rest on the values as they are then. A value that was entered
long after its day says so wherever it is listed (see `provenance`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.okr import pasted, series, store, values
from app.okr.cycle_weeks import CycleWeeks
from app.okr.models import CheckIn, Cycle, KeyResult
from app.okr.pasted import Line
from app.okr.schemas import PastDraft, ValueDraft
from app.platform.errors import Conflict, FieldError, Invalid
from app.platform.iso_weeks import monday_of, week_of
from app.stats.weekly import FIRST_WEEK

_WEEK = timedelta(days=7)
_SUNDAY = timedelta(days=6)
_NAMED = 3  # of the lines that cannot be taken
_SAID = {
    "dates": "Some days can be read in two ways. Say which stands first, the day or the month.",
    "decimals": "Some numbers can be read in two ways. Say which sign stands before the decimals.",
}


class Becomes(StrEnum):
    """What is done with a line."""

    NEW = "new"
    REPLACES = "replaces"
    SAME = "same"
    REFUSED = "refused"
    HEADING = "heading"


@dataclass(frozen=True, slots=True)
class Row:
    """A line and what becomes of it."""

    line: int
    raw: str
    becomes: Becomes
    date: Date | None = None
    week: str | None = None
    cycle_week: int | None = None  # from 1 on; 0 and below lie before the cycle
    value: float | None = None
    replaces: float | None = None
    why: str = ""  # it is refused, or will not count


@dataclass(frozen=True, slots=True)
class Plan:
    """Every line; what is asked must be answered first."""

    rows: tuple[Row, ...]
    asks: tuple[str, ...]
    last_week: str | None  # numbers alone: the week that the last one stands for

    def count(self, *kinds: Becomes) -> int:
        """How many lines become that."""
        return sum(row.becomes in kinds for row in self.rows)

    @property
    def saves(self) -> int:
        """How many values would be written."""
        return self.count(Becomes.NEW, Becomes.REPLACES)


def plan(
    session: Session, row: KeyResult, draft: PastDraft, *, zone: ZoneInfo, now: datetime
) -> Plan:
    """What each line would become. Writes nothing. Raises Invalid, Conflict."""
    if row.source == series.DERIVED:
        raise Conflict(f"The values of “{row.title}” are written by experiments.")
    today = now.astimezone(zone).date()
    cycle = store.cycle_of_key_result(session, row)
    found = pasted.read(draft.text, unit=row.unit, order=draft.dates, decimals=draft.decimals)
    held = {
        one.date: one
        for one in store.entries(session, row.id)
        if one.experiment_id is None and not one.confirms
    }
    last = _last_week(draft, cycle, today) if found.has_no_days else None
    lines = _counted_back(found.lines, last) if last else found.lines
    judge = _Judge(row, cycle, CycleWeeks(cycle.starts, cycle.ends), held, today)
    rows = _once_a_day([judge.row(line) for line in lines])
    return Plan(tuple(rows), tuple(sorted(found.asks)), last)


def save(
    session: Session,
    key_result_id: str,
    draft: PastDraft,
    *,
    source: str,
    by: str,
    zone: ZoneInfo,
    now: datetime,
) -> Plan:
    """Keep what the plan takes; what it refuses is left out. Raises Invalid where it asks."""
    row = store.claimed(session, key_result_id)
    found = plan(session, row, draft, zone=zone, now=now)
    if found.asks:
        errors = tuple(FieldError(name, _SAID[name]) for name in found.asks)
        raise Invalid(" ".join(error.message for error in errors), errors=errors)
    for one in found.rows:
        if one.becomes in {Becomes.NEW, Becomes.REPLACES}:
            _put(session, row, one, source=source, by=by, zone=zone, now=now)
    return found


def save_whole(
    session: Session,
    key_result_id: str,
    text: str,
    *,
    source: str,
    by: str,
    zone: ZoneInfo,
    now: datetime,
) -> None:
    """Keep a past that comes along with something else: every line, or none of it.

    Raises Invalid, naming the lines that cannot be taken.
    """
    draft = PastDraft(text=text)
    planned = plan(session, store.key_result_of(session, key_result_id), draft, zone=zone, now=now)
    wrong = [
        f"Line {row.line}: {row.why}" for row in planned.rows if row.becomes is Becomes.REFUSED
    ]
    if wrong:
        more = f" And {len(wrong) - _NAMED} more." if len(wrong) > _NAMED else ""
        raise Invalid.at("past", " ".join(wrong[:_NAMED]) + more)
    save(session, key_result_id, draft, source=source, by=by, zone=zone, now=now)


def _put(
    session: Session,
    row: KeyResult,
    one: Row,
    *,
    source: str,
    by: str,
    zone: ZoneInfo,
    now: datetime,
) -> None:
    """The number alone is new: what somebody said that day, and how sure they were, stays."""
    assert one.date is not None
    held = store.put_on(session, row.id, one.date)
    said = {"comment": held.comment, "confidence": held.confidence} if held else {}
    draft = ValueDraft.model_validate({"value": one.value} | said)
    values.put(session, row.id, one.date, draft, source=source, by=by, zone=zone, now=now)


def _last_week(draft: PastDraft, cycle: Cycle, today: Date) -> str:
    """What the last of numbers alone stands for: the last whole week, unless it is said."""
    if draft.last_week:
        monday_of(draft.last_week)
        return draft.last_week
    return week_of(min(today, cycle.ends) - _SUNDAY)


def _counted_back(lines: Sequence[Line], last: str) -> list[Line]:
    """Numbers alone, a week each, the last line the last week. A line that is none has its week."""
    numbers = [line for line in lines if not line.is_heading]
    monday = monday_of(last)
    weeks = {
        line.number: week_of(monday - back * _WEEK) for back, line in enumerate(reversed(numbers))
    }
    return [
        Line(one.number, one.raw, week=weeks.get(one.number, ""), value=one.value, why=one.why,
             is_heading=one.is_heading)
        for one in lines
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Judge:
    """Says of a line what becomes of it, alone."""

    key_result: KeyResult
    cycle: Cycle
    weeks: CycleWeeks
    held: dict[Date, CheckIn]
    today: Date

    def row(self, line: Line) -> Row:
        """The line with its day and what it would replace."""
        if line.is_heading:
            return Row(line.number, line.raw, Becomes.HEADING)
        day = self._day(line)
        why = line.why or self._refusal(line, day)
        if why or day is None or line.value is None:
            return Row(line.number, line.raw, Becomes.REFUSED, date=day, value=line.value, why=why)
        held = self.held.get(day)
        week = self.weeks.number_of(day)
        return Row(
            line=line.number,
            raw=line.raw,
            becomes=_becomes(held, line.value),
            date=day,
            week=week_of(day),
            cycle_week=week,
            value=line.value,
            replaces=held.value if held and held.value != line.value else None,
            why="" if week >= FIRST_WEEK else "So long ago it is kept, and no statement counts it.",
        )

    def _day(self, line: Line) -> Date | None:
        if not line.week:
            return line.day
        monday = monday_of(line.week)
        if monday <= self.cycle.ends <= self.today:
            return min(monday + _SUNDAY, self.cycle.ends)
        return monday + _SUNDAY

    def _refusal(self, line: Line, day: Date | None) -> str:
        if day is None:
            return "There is no day or week."
        if day > self.today:
            begun = bool(line.week) and monday_of(line.week) <= self.today
            return "This week is not over yet." if begun else "This lies in the future."
        if day > self.cycle.ends:
            return f"“{self.cycle.name}” ended on {self.cycle.ends}: this counts nowhere in it."
        if self.key_result.kind == "milestone" and line.value not in {0, 1}:
            return "A milestone is 0 (not reached) or 1 (reached)."
        return ""


def _becomes(held: CheckIn | None, value: float) -> Becomes:
    if held is None:
        return Becomes.NEW
    return Becomes.SAME if held.value == value else Becomes.REPLACES


def _once_a_day(rows: Sequence[Row]) -> list[Row]:
    """Of lines for one day, none is chosen for the person: all are refused."""
    named = Counter(row.date for row in rows if row.date and row.becomes is not Becomes.REFUSED)
    return [
        Row(row.line, row.raw, Becomes.REFUSED, date=row.date, value=row.value,
            why="Another line is for the same day: keep one of them.")
        if row.date and row.becomes is not Becomes.REFUSED and named[row.date] > 1
        else row
        for row in rows
    ]  # fmt: skip

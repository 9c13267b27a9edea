"""A row of another tool's goals, read cell by cell: what it says, or why it cannot be taken."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from decimal import Decimal

from app.okr.exact import LARGEST
from app.okr.goal_columns import Field, key
from app.okr.goal_file import Row
from app.platform import days, written_cells
from app.platform.written_cells import Number, TwoWays
from app.platform.written_days import Order
from app.platform.written_numbers import Decimals

_NUMBERS = (Field.START, Field.TARGET, Field.CURRENT, Field.VALUE, Field.PROGRESS)
_DAYS = (Field.DATE, Field.STARTS, Field.ENDS)
_OBJECTIVES = {"objective", "goal", "bigrock", "ziel"}
_KEY_RESULTS = {"keyresult", "kr", "kpi", "outcome", "metric", "target", "schlüsselergebnis"}
_VIVA_PARENT = re.compile(  # after the title and "(weight:"
    r"\s{0,9}(?P<weight>[\d.,]{1,20})\s{0,9}%,\s{0,9}Id:(?P<id>[^)]{1,200})\)"
)
_ID_ALONE = re.compile(r"\d{3,}|[0-9a-f-]{20,}")
_HISTORY = re.compile(r"[;\n|]")
_PIECE = re.compile(
    r"(?P<day>\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4})(?:[T ]\d{1,2}:\d{2}(?::\d{2})?(?: ?UTC|Z)?)?"
    r"\s{0,9}[:,=–-]?\s{0,9}(?P<value>[-−+]?\d[\d.,’' ]{0,40}\s?%?)"
    r"(?:\s{0,9}[,:–(-](?P<note>.*))?"
)
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "%": "percent", "percentage": "percent"}
_DIRECTIONS = {
    word: kind
    for kind, words in (
        ("increase", "increase increasefrom increaseto reach"),
        ("decrease", "decrease decreasefrom decreaseto reduce"),
        ("milestone", "milestone boolean binary yesno"),
    )
    for word in words.split()
}
_MOST_TEAMS = 50  # as many as an objective has
_FORMULA = ("=", "@")


class Refused(ValueError):
    """Why a row, or a part of it, cannot be taken; the sentence is for the person."""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """One dated value of a row."""

    line: int
    day: Date | None  # None: where the number stands now
    value: float
    note: str = ""
    confidence: int | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """What one row says, in our words."""

    line: int
    is_key_result: bool
    title: str
    id: str = ""
    parent: str = ""
    parent_id: str = ""
    makes_parent: bool = False  # its column names the objective itself, so no row need
    owner: str = ""
    teams: tuple[str, ...] = ()
    cycle: str = ""
    starts: Date | None = None
    ends: Date | None = None
    start: float | None = None
    target: float | None = None
    unit: str = "number"
    kind: str = ""
    weight: float | None = None
    check_ins: tuple[CheckIn, ...] = ()
    left_out: tuple[str, ...] = ()  # parts of its history that cannot be read


@dataclass(slots=True)
class Reading:
    """How cells that can be read in two ways are read, and what is still to be asked."""

    order: Order | None
    decimals: Decimals | None
    asks: set[str] = field(default_factory=set)

    @classmethod
    def of(
        cls,
        rows: Sequence[Mapping[Field, str]],
        order: Order | None,
        decimals: Decimals | None,
    ) -> "Reading":
        """As it was said, else as the cells of the file tell it together."""
        return cls(
            order or written_cells.order_told(_cells(rows, _DAYS)),
            decimals or written_cells.decimals_told(_cells(rows, _NUMBERS)),
        )

    def day(self, text: str) -> Date | None:
        """The day of a cell; None for an empty one. Raises Refused."""
        if not text:
            return None
        try:
            found = written_cells.day(text, self.order)
        except TwoWays:
            self.asks.add("dates")
            raise Refused(f"“{text[:40]}” is two days: say which stands first.") from None
        if found is None or not days.FIRST <= found <= days.LAST:
            raise Refused(f"“{text[:40]}” is not a day.")
        return found

    def number(self, text: str) -> Number | None:
        """The number of a cell; None for an empty one. Raises Refused."""
        if not text:
            return None
        try:
            found = written_cells.number(text, self.decimals)
        except TwoWays:
            self.asks.add("decimals")
            raise Refused(f"“{text[:40]}” is two numbers: say which sign is the decimal.") from None
        if found is None:
            raise Refused(f"“{text[:40]}” is not a number.")
        if abs(found.value) > Decimal(LARGEST):
            raise Refused(f"“{text[:40]}” is larger than a key result holds.")
        return found


def _cells(rows: Sequence[Mapping[Field, str]], fields: Sequence[Field]) -> Iterator[str]:
    return (row[one] for row in rows for one in fields if row.get(one))


def told(row: Row, columns: Sequence[Field | None]) -> dict[Field, str]:
    """The cells of a row by what they become."""
    return {one: cell for one, cell in zip(columns, row.cells, strict=True) if one and cell}


def read(line: int, cells: Mapping[Field, str], reading: Reading) -> Goal:
    """What the row says. Raises Refused."""
    is_key_result = _is_key_result(cells)
    title = cells.get(Field.KEY_RESULT if is_key_result else Field.OBJECTIVE) or cells.get(
        Field.TITLE, ""
    )
    _refuse_title(title)
    parent, parent_id, weight, makes = _parent(cells) if is_key_result else ("", "", "", False)
    weight = cells.get(Field.WEIGHT, "") or weight
    starts, ends = reading.day(cells.get(Field.STARTS, "")), reading.day(cells.get(Field.ENDS, ""))
    numbers = _numbers(cells, reading) if is_key_result else {}
    checked, left_out = _check_ins(line, cells, numbers, reading) if is_key_result else ((), ())
    weighed = reading.number(weight)
    return Goal(
        line=line,
        is_key_result=is_key_result,
        title=title,
        id=cells.get(Field.ID, ""),
        parent=parent,
        parent_id=parent_id,
        makes_parent=makes,
        owner=cells.get(Field.OWNER, "")[:200],
        teams=_teams(cells.get(Field.TEAM, "")),
        cycle=cells.get(Field.CYCLE, "")[:200].strip(),  # as it is kept: it is found again
        starts=starts,
        ends=ends,
        start=_plain(numbers.get(Field.START)),
        target=_plain(numbers.get(Field.TARGET)),
        unit=_unit(cells, numbers),
        kind=_DIRECTIONS.get(key(cells.get(Field.DIRECTION, "")), ""),
        weight=float(weighed.value) if weighed and weighed.value > 0 else None,
        check_ins=checked,
        left_out=left_out,
    )


def _is_key_result(cells: Mapping[Field, str]) -> bool:
    if said := cells.get(Field.TYPE, ""):
        kind = key(said)
        if kind in _OBJECTIVES or kind in _KEY_RESULTS:
            return kind in _KEY_RESULTS
        raise Refused(f"“{said[:40]}” is neither an objective nor a key result.")
    if Field.KEY_RESULT in cells:
        return True
    has_numbers = Field.TARGET in cells or Field.START in cells
    return Field.TITLE in cells and (
        has_numbers or Field.PARENT in cells or Field.OBJECTIVE in cells
    )


def _refuse_title(title: str) -> None:
    if not title:
        raise Refused("It has no title.")
    if title.startswith(_FORMULA):
        raise Refused(f"“{title[:40]}” is a formula, not a title.")
    if len(title) > 200:
        raise Refused("Its title is longer than 200 characters.")


def _parent(cells: Mapping[Field, str]) -> tuple[str, str, str, bool]:
    """Title and id of its objective, its weight there, and whether the row alone makes it."""
    if objective := cells.get(Field.OBJECTIVE):
        _refuse_title(objective)
        return objective, "", "", True
    said = cells.get(Field.PARENT, "")
    title, _, more = said.partition("(weight:")
    if found := _VIVA_PARENT.match(more):
        return title.strip(), found["id"].strip(), found["weight"], False
    if _ID_ALONE.fullmatch(said):
        return "", said, "", False
    return said, "", "", False


def _numbers(cells: Mapping[Field, str], reading: Reading) -> dict[Field, Number]:
    found = {one: reading.number(cells.get(one, "")) for one in _NUMBERS}
    return {one: number for one, number in found.items() if number is not None}


def _plain(number: Number | None) -> float | None:
    return None if number is None else float(number.value)


def _unit(cells: Mapping[Field, str], numbers: Mapping[Field, Number]) -> str:
    """What the column says, else what stands beside the target; other words count things."""
    beside = [one.unit for name, one in numbers.items() if name is not Field.PROGRESS]
    for said in (cells.get(Field.UNIT, ""), *beside):
        unit = _SIGNS.get(said, _SIGNS.get(said.lower(), said))
        if unit.lower() in {"percent", "number"}:
            return unit.lower()
        if re.fullmatch(r"[A-Z]{3}", unit):
            return unit
    return "number"


def _teams(said: str) -> tuple[str, ...]:
    sign = ";" if ";" in said else ","
    named = dict.fromkeys(one.strip()[:100].strip() for one in said.split(sign) if one.strip())
    if len(named) > _MOST_TEAMS:
        raise Refused(f"It names more than {_MOST_TEAMS} teams.")
    return tuple(named)


def _check_ins(
    line: int, cells: Mapping[Field, str], numbers: Mapping[Field, Number], reading: Reading
) -> tuple[tuple[CheckIn, ...], tuple[str, ...]]:
    found, left_out = [], []
    pieces = (one.strip() for one in _HISTORY.split(cells.get(Field.HISTORY, "")))
    for piece in filter(None, pieces):
        try:
            found.append(_piece(line, piece, reading))
        except Refused as error:
            left_out.append(f"Of its check-ins “{piece[:40]}” is left out: {error}")
    value = _value(numbers)
    day = reading.day(cells.get(Field.DATE, ""))
    known = {one.day for one in found}
    if value is not None and (day is None or day not in known):
        confidence = _confidence(cells.get(Field.CONFIDENCE, ""))
        note = cells.get(Field.NOTE, "")[:2000]
        if day is not None or not found:
            found.append(CheckIn(line, day, value, note, confidence))
    return tuple(found), tuple(left_out)


def _piece(line: int, piece: str, reading: Reading) -> CheckIn:
    parts = _PIECE.fullmatch(piece)
    if parts is None:
        raise Refused("it is not a day and a value.")
    day, number = reading.day(parts["day"]), reading.number(parts["value"].strip())
    assert number is not None
    note = (parts["note"] or "").strip().removesuffix(")")
    return CheckIn(line, day, float(number.value), note[:2000])


def _value(numbers: Mapping[Field, Number]) -> float | None:
    """A value as it is said, else as far along the way as the percentage says."""
    for one in (Field.VALUE, Field.CURRENT):
        if one in numbers:
            return float(numbers[one].value)
    if {Field.PROGRESS, Field.START, Field.TARGET} <= numbers.keys():
        start, target = numbers[Field.START].value, numbers[Field.TARGET].value
        value = start + (target - start) * numbers[Field.PROGRESS].value / 100
        if abs(value) > Decimal(LARGEST):
            raise Refused("So much of its way is a number larger than a key result holds.")
        return float(value)
    return None


def _confidence(said: str) -> int | None:
    """0 to 10, as we ask for it; other words say something else."""
    return int(said) if re.fullmatch(r"10|\d", said) else None

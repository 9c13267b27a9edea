"""Past values as people paste them from a sheet: a day and a value in each line."""

import re
from datetime import date

from pydantic import ValidationError

from app.okr.schemas import PastValue
from app.platform.errors import FieldError, Invalid

_LINE = re.compile(
    r"^\s*(?P<day>\d{4}-\d{2}-\d{2})[\s;,:|]+(?P<value>[+\-−]?\d[\d.,]*)\s*(%|[A-Z]{3}|€)?\s*$"
)
_THOUSANDS = re.compile(r"^[+\-]?\d{1,3}(,\d{3})+(\.\d+)?$")
_MOST = 1000
_NAMED = 3  # of the lines that cannot be read


def read(text: str) -> list[PastValue]:
    """`2026-11-07 31` in each line. Raises Invalid, naming each line that cannot be read."""
    lines = [(place, line) for place, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > _MOST:
        raise Invalid.at("past", f"{_MOST} lines at most.")
    past_values, wrong = [], []
    for place, line in lines:
        value = _read(line)
        if value is None:
            wrong.append(f"Line {place} is not a day and a value: “{line.strip()[:60]}”.")
        else:
            past_values.append(value)
    if wrong:
        raise Invalid("The past could not be read.", errors=(FieldError("past", _named(wrong)),))
    return past_values


def _named(wrong: list[str]) -> str:
    more = f" And {len(wrong) - _NAMED} more." if len(wrong) > _NAMED else ""
    return " ".join(wrong[:_NAMED]) + more + " Write them like 2026-11-07 31.5."


def _read(line: str) -> PastValue | None:
    match = _LINE.match(line)
    if match is None:
        return None
    number = match["value"].replace("−", "-")
    plain = number.replace(",", "") if _THOUSANDS.match(number) else number.replace(",", ".")
    try:
        return PastValue(date=date.fromisoformat(match["day"]), value=float(plain))
    except (ValueError, ValidationError):
        return None

"""A key result in one line: its state in words, the way gone, its value and change."""

from dataclasses import dataclass
from datetime import date

from app.okr.models import KeyResult
from app.okr.pace_words import pace_in_words
from app.okr.progress import Pace
from app.okr.views import KeyResultView
from app.review.shapes import KeyResultLine
from app.web.kit import formatting

_EVEN = 0.5  # a chance below is more likely to miss than to land
_PACED = {Pace.GREEN, Pace.YELLOW, Pace.RED}
_KINDS = {True: "better", False: "worse", None: ""}


@dataclass(frozen=True, slots=True)
class Line:
    """What kit/key_result.html draws."""

    id: str
    title: str
    unit: str
    state: str
    kind: str
    progress: float | None
    expected: float | None
    way: str
    current: float | None
    change: float | None
    said: str | None  # the state of its badge
    sentence: str


def line_of(told: KeyResultLine) -> Line:
    """Lay a key result out. Colour only repeats what the week can tell."""
    return Line(
        id=told.id,
        title=told.title,
        unit=told.unit,
        state=state(told),
        kind="caution" if told.stale else _KINDS[told.closer],
        progress=told.progress,
        expected=told.expected if told.pace in _PACED else None,
        way=way(told),
        current=told.current,
        change=told.change,
        said=told.statement.state if told.statement else None,
        sentence=told.statement.sentence if told.statement else "",
    )


def state(told: KeyResultLine) -> str:
    """Pace with its rule and never without the forecast, staleness and confidence, in words."""
    if told.as_of is None:
        return "No value yet"
    said = [_paced(told)]
    if told.stale:
        said = [f"Stale: the last value is from {formatting.short(told.as_of)}"]
    if told.confidence is not None:
        said.append(f"confidence {told.confidence} of 10")
    return " · ".join(part for part in said if part)


def _paced(told: KeyResultLine) -> str:
    """A pace beside a forecast that misses says so in the same breath."""
    pace = pace_in_words(told.pace, kind=told.kind, progress=told.progress)
    ahead = told.lands
    if not ahead:
        return pace
    misses = told.forecast is not None and told.forecast.chance < _EVEN
    return f"{pace}, but {ahead}" if told.pace is Pace.GREEN and misses else f"{pace} · {ahead}"


def way(row: KeyResult | KeyResultLine) -> str:
    """From where to where, or the band to stay in."""
    if row.kind == "maintain":
        low, high = formatting.amount(row.low, row.unit), formatting.amount(row.high, row.unit)
        return f"Stay within {low} and {high}"
    if row.kind == "milestone":
        return "A milestone"
    return f"{formatting.amount(row.start, row.unit)} → {formatting.amount(row.target, row.unit)}"


def since(view: KeyResultView, today: date) -> str:
    """How old the value is."""
    if view.as_of is None:
        return ""
    days = (today - view.as_of).days
    return "today" if days == 0 else f"{formatting.plural(days, 'day')} ago"

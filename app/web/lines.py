"""A key result in one line: its state in words, the way gone, its value and change."""

from dataclasses import dataclass
from datetime import date

from app.okr.models import KeyResult
from app.okr.progress import Pace
from app.okr.views import KeyResultView
from app.review.shapes import KeyResultLine
from app.web import words

_PACES = {
    Pace.GREEN: "On pace",
    Pace.YELLOW: "Behind pace",
    Pace.RED: "Far behind pace",
    Pace.TOO_EARLY: "Too early for a pace",
}
_KINDS = {Pace.GREEN: "better", Pace.YELLOW: "caution", Pace.RED: "worse"}


@dataclass(frozen=True, slots=True)
class Line:
    """What parts/key_result.html draws."""

    id: str
    title: str
    unit: str
    state: str
    kind: str
    progress: float
    expected: float | None
    way: str
    current: float | None
    change: float | None
    closer: bool | None


def of(told: KeyResultLine) -> Line:
    """Lay a key result out. Silence is never green: stale outranks any colour."""
    paced = told.pace in _KINDS
    return Line(
        id=told.id,
        title=told.title,
        unit=told.unit,
        state=state(told),
        kind="caution" if told.stale else _KINDS.get(told.pace, ""),
        progress=told.progress,
        expected=told.expected if paced else None,
        way=way(told),
        current=told.current,
        change=told.change,
        closer=told.closer,
    )


def state(told: KeyResultLine) -> str:
    """Pace, staleness and confidence, in words."""
    if told.as_of is None:
        return "No value yet"
    said = [] if told.stale else [_PACES.get(told.pace, _banded(told))]
    if told.stale:
        said.append(f"Stale: the last value is from {words.short(told.as_of)}")
    if told.confidence is not None:
        said.append(f"confidence {told.confidence} of 10")
    return " · ".join(part for part in said if part)


def badge(view: KeyResultView) -> str | None:
    """The state of the badge, or none where there is no pace."""
    if view.as_of is None:
        return None
    if view.stale:
        return "stale"
    return {Pace.TOO_EARLY: "early", Pace.NONE: None}.get(view.pace, view.pace.value)


def way(row: KeyResult | KeyResultLine) -> str:
    """From where to where, or the band to stay in."""
    if row.kind == "maintain":
        return (
            f"Stay within {words.amount(row.low, row.unit)} and {words.amount(row.high, row.unit)}"
        )
    if row.kind == "milestone":
        return "A milestone"
    return f"{words.amount(row.start, row.unit)} → {words.amount(row.target, row.unit)}"


def since(view: KeyResultView, today: date) -> str:
    """How old the value is."""
    if view.as_of is None:
        return ""
    days = (today - view.as_of).days
    return "today" if days == 0 else f"{words.plural(days, 'day')} ago"


def _banded(told: KeyResultLine) -> str:
    if told.kind == "maintain":
        return "In the band" if told.progress == 1 else "Outside the band"
    return "Reached" if told.progress >= 1 else "Not reached yet"

"""A key result in one line: its state in words, the way gone, its value and change."""

from dataclasses import dataclass
from datetime import date

from app.languages import written
from app.languages.words import IN_ENGLISH, Words
from app.okr.models import KeyResult
from app.okr.pace_words import pace_in_words
from app.okr.progress import Pace
from app.okr.views import KeyResultView
from app.review.shapes import KeyResultLine
from app.web.kit import formatting
from app.web.kit.seen import CheckedIn

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
    comment: str
    checked_in: CheckedIn | None  # None: nobody put the value that it stands at


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
        comment=told.comment,
        checked_in=CheckedIn(told.check_in_id, told.id, told.checked_in_by)
        if told.check_in_id
        else None,
    )


def state(told: KeyResultLine, words: Words = IN_ENGLISH) -> str:
    """Pace with its rule and never without the forecast, staleness and confidence, in words."""
    if told.as_of is None:
        return words.say("No value yet")
    said = [_paced(told, words)]
    if told.stale:
        day = formatting.short(told.as_of)
        if not words.is_english:
            day = written.day(told.as_of, words.spoken, "medium")
        said = [words.say("Stale: the last value is from {day}", day=day)]
    if told.confidence is not None:
        said.append(words.say("confidence {confidence} of 10", confidence=told.confidence))
    return " · ".join(part for part in said if part)


def _paced(told: KeyResultLine, words: Words) -> str:
    """A pace beside a forecast that misses says so in the same breath."""
    pace = pace_in_words(told.pace, kind=told.kind, progress=told.progress, words=words)
    ahead = told.lands(words)
    if not ahead:
        return pace
    misses = told.forecast is not None and told.forecast.chance < _EVEN
    if told.pace is Pace.GREEN and misses:
        return words.say("{pace}, but {ahead}", pace=pace, ahead=ahead)
    return f"{pace} · {ahead}"


def way(row: KeyResult | KeyResultLine, words: Words = IN_ENGLISH) -> str:
    """From where to where, or the band to stay in."""
    if row.kind == "milestone":
        return words.say("A milestone")
    is_band = row.kind == "maintain"
    ends = (row.low, row.high) if is_band else (row.start, row.target)
    low, high = (formatting.amount(one, row.unit, words) for one in ends)
    if is_band:
        return words.say("Stay within {low} and {high}", low=low, high=high)
    return f"{low} → {high}"


def since(view: KeyResultView, today: date) -> str:
    """How old the value is."""
    if view.as_of is None:
        return ""
    days = (today - view.as_of).days
    return "today" if days == 0 else f"{formatting.plural(days, 'day')} ago"

"""A week as it is told: on its page, in its mail, in the API, and frozen."""

from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from typing import Self

from app.okr.forecast import Forecast
from app.okr.progress import Pace
from app.okr.sayings import Statement
from app.okr.statements import State
from app.okr.views import KeyResultView


@dataclass(frozen=True, slots=True)
class KeyResultLine:
    """Are we closer than when the cycle began?"""

    id: str
    title: str
    unit: str
    kind: str
    start: float
    target: float
    low: float | None
    high: float | None
    current: float | None
    change: float | None  # since the last value of an earlier week
    closer: bool | None  # what the statement says: None where it says neither closer nor further
    progress: float | None  # None without a value
    expected: float
    pace: Pace
    confidence: int | None
    comment: str
    stale: bool
    as_of: Date | None
    owner: str
    statement: Statement | None = (
        None  # None for a milestone, and in weeks frozen before there were
    )
    is_new: bool = False  # said now, and not the week before
    ends: Date | None = None  # the last day of its cycle
    forecast: Forecast | None = None

    @classmethod
    def of(cls, view: KeyResultView) -> Self:
        """A key result as it is told on the day of the view."""
        row = view.row
        return cls(
            id=row.id,
            title=row.title,
            unit=row.unit,
            kind=row.kind,
            start=row.start,
            target=row.target,
            low=row.low,
            high=row.high,
            current=view.current,
            change=view.change,
            closer=_closer(view.statement),
            progress=view.progress,
            expected=view.expected,
            pace=view.pace,
            confidence=view.confidence,
            comment=view.values[-1].comment if view.values else "",
            stale=view.stale,
            as_of=view.as_of,
            owner=row.owner,
            statement=view.statement,
            is_new=view.is_new,
            ends=view.cycle.ends,
            forecast=view.forecast,
        )


def _closer(statement: Statement | None) -> bool | None:
    if statement is None:
        return None
    said = {State.CLOSER: True, State.FASTER: True, State.FURTHER: False, State.SLOWER: False}
    return said.get(statement.state)


@dataclass(frozen=True, slots=True)
class Decided:
    """A slice that got its decision in this week."""

    experiment_id: str
    name: str
    feature: str | None
    slice: str | None
    call: str
    sentence: str
    decision: str
    learning: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class Starting:
    """An experiment that began in this week, or is to begin before the next one ends."""

    experiment_id: str
    name: str
    status: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class BucketShare:
    """One kind of work, by the denominator that its target is of."""

    name: str
    elective: bool
    of_all: float
    of_elective: float | None  # of an elective bucket, where anybody had elective time
    target: float | None


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """Where the week's time went. The shares are None where too few answered to be shown."""

    asked: int
    answered: int
    non_elective: float | None
    buckets: tuple[BucketShare, ...]
    rising: bool  # non-elective time rose three weeks running


@dataclass(frozen=True, slots=True)
class Overdue:
    """Something that waits for somebody."""

    kind: str  # decision, value, commitment
    id: str  # of the experiment, key result or commitment
    name: str
    owner: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Item:
    """A line that somebody wrote: a blocker, a decision, a commitment and what became of it."""

    id: str
    text: str
    owner: str
    kept: str | None
    by: str


@dataclass(frozen=True, slots=True)
class Unusual:
    """That the week was marked as unusual before it began, for a key result or for all."""

    key_result_id: str | None
    reason: str
    marked_by: str


@dataclass(frozen=True, slots=True)
class Review:
    """The agenda of the weekly review, in its order."""

    week: str
    starts: Date
    ends: Date
    sentence: str
    key_results: tuple[KeyResultLine, ...]
    decided: tuple[Decided, ...]
    weeks_avoided: float
    starting: tuple[Starting, ...]
    time: TimeSplit | None  # None: nobody was asked about this week
    overdue: tuple[Overdue, ...]
    blockers: tuple[Item, ...]
    decisions: tuple[Item, ...]
    commitments: tuple[Item, ...]
    last_commitments: tuple[Item, ...]
    frozen_at: datetime | None = None
    frozen_by: str = ""
    headline: str = ""
    unusual: tuple[Unusual, ...] = ()

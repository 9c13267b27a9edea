"""A week as it is told: on its page, in its mail, in the API, and frozen."""

from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from typing import Annotated, ClassVar, Self

from pydantic import ConfigDict, WithJsonSchema

from app.languages.words import IN_ENGLISH, Words
from app.okr.forecast import Forecast
from app.okr.progress import Pace
from app.okr.sayings import Statement, chance_in_words
from app.okr.statements import State
from app.okr.views import KeyResultView
from app.platform.shapes import answered
from app.review import examples


@dataclass(frozen=True, slots=True)
class KeyResultLine:
    """A key result on the week's last day, or today. `change`: since an earlier week's value.

    `statement` says what the last whole week of its cycle can tell; null for a milestone.
    """

    __pydantic_config__: ClassVar[ConfigDict] = answered(examples.KEY_RESULT)

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
    pace: Annotated[Pace, WithJsonSchema({"type": "string"})]  # programs were promised any text
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
    check_in_id: str | None = None  # of the value that it stands at; None where nobody put one
    checked_in_by: str = ""

    @classmethod
    def of(cls, view: KeyResultView) -> Self:
        """A key result as it is told on the day of the view."""
        row, last = view.row, view.values[-1] if view.values else None
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
            comment=last.comment if last else "",
            stale=view.stale,
            as_of=view.as_of,
            owner=row.owner,
            statement=view.statement,
            is_new=view.is_new,
            ends=view.cycle.ends,
            forecast=view.forecast,
            check_in_id=last.check_in_id if last else None,
            checked_in_by=last.recorded_by if last else "",
        )

    def lands(self, words: Words = IN_ENGLISH) -> str:
        """`lands on target 4 times in 10 by 9 Jan`, once that can be said."""
        if self.forecast is None or self.ends is None:
            return ""
        return chance_in_words(self.forecast.chance, self.ends, words)


def _closer(statement: Statement | None) -> bool | None:
    if statement is None:
        return None
    said = {State.CLOSER: True, State.FASTER: True, State.FURTHER: False, State.SLOWER: False}
    return said.get(statement.state)


@dataclass(frozen=True, slots=True)
class Decided:
    """A slice that got its decision in this week."""

    __pydantic_config__: ClassVar[ConfigDict] = answered(examples.DECIDED)

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

    __pydantic_config__: ClassVar[ConfigDict] = answered(examples.STARTING)

    experiment_id: str
    name: str
    status: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class BucketShare:
    """A kind of work. Its target is a share of elective time, or of all time if not elective."""

    __pydantic_config__: ClassVar[ConfigDict] = answered(examples.BUCKET)

    name: str
    elective: bool
    of_all: float
    of_elective: float | None  # of an elective bucket, where anybody had elective time
    target: float | None


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """Where the week's time went; null shares where too few answered to be shown."""

    __pydantic_config__: ClassVar[ConfigDict] = answered(examples.TIME)

    asked: int
    answered: int
    non_elective: float | None
    buckets: tuple[BucketShare, ...]
    rising: bool  # non-elective time rose three weeks running


@dataclass(frozen=True, slots=True)
class Overdue:
    """Something that waits for somebody. `kind`: decision, value or commitment."""

    __pydantic_config__: ClassVar[ConfigDict] = answered(examples.OVERDUE)

    kind: str  # decision, value, commitment
    id: str  # of the experiment, key result or commitment
    name: str
    owner: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a week: a blocker, a decision, or a commitment and what became of it."""

    __pydantic_config__: ClassVar[ConfigDict] = answered(examples.ITEM)

    id: str
    text: str
    owner: str
    kept: str | None
    by: str


@dataclass(frozen=True, slots=True)
class Unusual:
    """That the week was marked as unusual before it began; without a key result, for all."""

    __pydantic_config__: ClassVar[ConfigDict] = answered(examples.UNUSUAL)

    key_result_id: str | None
    reason: str
    marked_by: str


@dataclass(frozen=True, slots=True)
class Review:
    """The agenda of the weekly review. Once frozen, later edits do not change it."""

    __pydantic_config__: ClassVar[ConfigDict] = answered(examples.WEEK)

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

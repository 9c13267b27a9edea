"""What a readout is made of. Its fields are the contract's; rates are shares 0..1."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.analysis.counts import LinkTotal
from app.analysis.hours import Point
from app.analysis.locked_rule import Rule


class State(StrEnum):
    """What the rule says of an experiment."""

    VALIDATED = "validated"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    WAITING = "waiting"

    @property
    def word(self) -> str:
        """What people read of it: in a badge, and at the head of every sentence about it."""
        return "Too early to say" if self is State.WAITING else self.capitalize()


@dataclass(frozen=True, slots=True)
class ArmCounts:
    """Everything that is counted of one arm. People, but `clicks` and `value`."""

    key: str
    enrolled: int
    released: int
    matured: int
    sent: int
    delivered: int
    failed: int
    bounced: int
    uncertain: int
    human_openers: int
    machine_openers: int
    human_clickers: int
    unknown_clickers: int
    machine_clickers: int
    clicks: int
    converted: int
    value: float
    unsubscribed: int
    complained: int
    untracked: int
    live: int  # released, and their window is still open
    did: int = 0  # what the experiment's metric counts
    open: int = 0  # have not done it and still may, whoever is not mailed yet among them
    replied: int = 0  # wrote back within their window


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate with the interval that belongs to the call. `rate` is null without people."""

    arm: str
    people: int
    hits: int
    rate: float | None
    low: float
    high: float
    method: str
    confidence: float
    label: str
    settled: int  # of `hits`, those whose click can no longer be re-judged by a neighbour
    people_open: int  # people who may still become clickers, those not yet released included
    rate_of_delivered: float | None  # description only


@dataclass(frozen=True, slots=True)
class Comparison:
    """A version against the baseline. Numbers are null, with a reason, where there are none yet.

    `reason` is a sentence without a verdict: that is `state`, and the call's.

    `difference`, `low`, `high`: in shares, or in units of the value. `relative` and its bounds are
    shares of the baseline's, where that is above 0. `p_value` is of the deciding test, under 1 -
    `confidence` exactly where the interval leaves out 0; `adjusted_p` is the same for all versions
    together: times their number.
    """

    arm: str
    baseline: str
    difference: float | None
    low: float | None
    high: float | None
    relative: float | None
    p_value: float | None
    chance_to_beat: float | None  # description only
    expected_loss: float | None  # description only
    state: State
    method: str
    confidence: float
    adjusted_p: float | None = None
    reason: str | None = None
    relative_low: float | None = None
    relative_high: float | None = None


@dataclass(frozen=True, slots=True)
class LookAt:
    """A planned look: held, or still to come."""

    number: int
    due_at: datetime
    held_at: datetime | None
    people: int  # matured at it; while it is to come, planned
    hits: int | None
    needed: int | None  # clicks, of a threshold rule


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Did the arms get the people they should? One arm has nothing to compare."""

    p_value: float | None
    ok: bool
    anytime_p: float | None = None  # the same, where it is looked at every day


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the numbers themselves can be trusted."""

    sample_ratio: SampleRatio
    machine_share: float
    warnings: tuple[str, ...]
    ingested_until: datetime | None = None  # every click answered before is counted
    lag_seconds: int | None = None  # since that moment, when this was read; None: none is known
    counted_only: int = 0  # clicks and opens past 100 a minute or 1,000 a mail: nobody judged them
    lost_clicks: int = 0  # answered in its time by any machine, and not kept; whosever they were


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A harm, watched. `ok` means: not proven to be breached."""

    metric: str
    arm: str
    rate: float | None
    max: float
    state: str
    ok: bool
    hits: int
    people: int


@dataclass(frozen=True, slots=True)
class Call:
    """What the rule says now, in a sentence, with its reasons."""

    state: State
    provisional: bool
    sentence: str
    because: tuple[str, ...]
    pass_count: int | None
    answer_by: datetime | None
    would_now_be: State | None = None
    final: bool = False  # stored: nothing alters it any more


@dataclass(frozen=True, slots=True)
class Movement:
    """By how much a key result moves."""

    movement: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """How the experiment stands to a key result that it is meant to move."""

    key_result_id: str
    mode: str
    projected: Movement | None
    realised: Movement | None
    reason: str | None
    assumption: str | None  # the author's own arithmetic, labelled as what it is
    linked_at: datetime | None = None  # where it was tied to it after the launch, and not planned


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One kind of people in one version, whose window has closed. Description only.

    Intervals are adjusted for the number of kinds; differences are from the baseline.
    """

    value: str
    arm: str
    people: int
    hits: int
    rate: float
    low: float
    high: float
    value_per_person: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None


@dataclass(frozen=True, slots=True)
class Segment:
    """A column fixed at launch, and what came of each of its kinds of people."""

    column: str
    rows: tuple[SegmentRow, ...]
    warning: str


@dataclass(frozen=True, slots=True)
class TimelinePoint:
    """What was known at one moment: the estimate, or the difference, with its interval.

    Of everybody released until then; description, not the call.
    """

    at: datetime
    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """How one version's estimate came about, against `goal`: the threshold, or no difference."""

    arm: str
    goal: float
    points: tuple[TimelinePoint, ...]


@dataclass(frozen=True, slots=True)
class UnknownRange:
    """The rate with everybody of unknown kind left out, and taken in."""

    low_rate: float
    high_rate: float
    survives: bool  # the call would be the same


@dataclass(frozen=True, slots=True)
class Readout:
    """What came of an experiment, as it stands at one moment."""

    experiment_id: str
    status: str
    as_of: datetime
    rule_version: str
    arms: tuple[ArmCounts, ...]
    estimates: tuple[Estimate, ...]
    comparisons: tuple[Comparison, ...]
    health: Health
    guardrails: tuple[Guardrail, ...]
    call: Call
    key_results: tuple[Evidence, ...]
    headline: str  # machines beside people, in one line
    rule: Rule
    range_with_unknown: UnknownRange | None
    why_not_yet: tuple[str, ...]
    funnel: tuple[tuple[str, int], ...]
    links: tuple[LinkTotal, ...]
    series: tuple[Point, ...]
    looks: tuple[LookAt, ...] = ()
    days: tuple[tuple[int, int], ...] = ()  # (days since release, people who first clicked then)
    segments: tuple[Segment, ...] = ()
    timelines: tuple[Timeline, ...] = ()
    novelty: str = ""  # whether an effect fades, in a sentence; nothing where it can't be told
    rehearsal: bool = False  # nobody was mailed: whoever clicked is one of the team

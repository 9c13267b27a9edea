"""What may be counted and how it may be called: one row per metric, one per method.

Everything that depends on a metric's kind is a field here. Elsewhere nothing compares kinds: a
person's first hit is kept as `did_at` whatever the metric, and words come from its row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from app.experiments.vocabulary import Method, MetricKind, RuleKind

_CLICK_HOURS, _OTHER_HOURS = 72, 168  # how long each is waited for by default
LEAST_WITH_VALUE: Final = 100  # people with a value, in every arm, before values are compared


class Source(StrEnum):
    """Where a hit of the metric comes from."""

    CLICK = "click"
    OPEN = "open"
    REPORT = "report"  # other systems tell it
    REPLY = "reply"  # people write back


@dataclass(frozen=True, slots=True)
class Words:
    """How people read of it: one verb, one noun, and who did it."""

    did: str  # 60 of 200 people …, or have …
    do: str  # 60 must …
    does: str  # a person who …
    noun: str  # one of them; a raw hit, not a person
    nouns: str
    counted: str  # on the test card
    chosen: str  # in the form
    card: str  # who counts, as the test card says it; {event} is what is reported
    cards: str  # a pattern of what templates write there, the same said otherwise

    def on(self, link: str | None) -> "Words":
        """The same of one named link: `clicked “policies”`."""
        if not link:
            return self
        did, do, does = (f"{verb} “{link}”" for verb in (self.did, self.do, self.does))
        return replace(self, did=did, do=do, does=does)


@dataclass(frozen=True, slots=True)
class Metric:
    """One kind of metric."""

    kind: MetricKind
    source: Source
    words: Words
    counter: str  # of the readout's arms: people who did it, whichever link it was
    methods: Mapping[RuleKind, tuple[Method, ...]]
    window_hours: int
    fields: frozenset[str]  # of the metric's document that mean something for it
    is_value: bool = False

    @property
    def is_reported(self) -> bool:
        """Other systems tell it: also of people who get no mail."""
        return self.source is Source.REPORT

    def comes_after(self, step: Source | None) -> bool:
        """Whether a step of the way from the mail belongs before what is counted."""
        if self.source is Source.REPLY:
            return step is None  # nobody has to open or to click before they answer
        return self.source is not Source.OPEN or step is not Source.CLICK

    @property
    def is_judged(self) -> bool:
        """A machine may have done it, so each one has a verdict that can still change a while."""
        return self.source in {Source.CLICK, Source.OPEN}


@dataclass(frozen=True, slots=True)
class Reading:
    """One method: how often the rule is read, and what the author is told of it."""

    method: Method
    kinds: frozenset[RuleKind]
    has_looks: bool  # on planned days, each after a wave
    read: str  # on the test card; nothing for the usual way
    promise: str  # of a detectable effect: what 4 experiments in 5 do


_ONCE = frozenset(RuleKind)
READINGS: Final[Mapping[Method, Reading]] = MappingProxyType(
    {
        row.method: row
        for row in (
            Reading(
                Method.CURTAILED,
                frozenset({RuleKind.THRESHOLD}),
                has_looks=False,
                read="",
                promise="4 experiments in 5 get there",
            ),
            Reading(
                Method.FIXED,
                frozenset({RuleKind.COMPARISON}),
                has_looks=False,
                read="",
                promise="4 experiments in 5 find it",
            ),
            Reading(
                Method.SEQUENTIAL,
                _ONCE,
                has_looks=True,
                read="On {looks} planned days",
                promise="4 experiments in 5 get there on one of the {looks} days",
            ),
            Reading(
                Method.ANYTIME,
                _ONCE,
                has_looks=False,
                read="At any time, however often",
                promise="4 experiments in 5 get there at some moment",
            ),
        )
    }
)
# The usual method of a rule stands first.
_BOTH = MappingProxyType(
    {
        RuleKind.THRESHOLD: (Method.CURTAILED, Method.SEQUENTIAL, Method.ANYTIME),
        RuleKind.COMPARISON: (Method.FIXED, Method.SEQUENTIAL, Method.ANYTIME),
    }
)
# Proxies open mails by themselves, and a value has no rate to exceed: both only compare.
_COMPARED = MappingProxyType({RuleKind.COMPARISON: _BOTH[RuleKind.COMPARISON]})

METRICS: Final[Mapping[MetricKind, Metric]] = MappingProxyType(
    {
        row.kind: row
        for row in (
            Metric(
                kind=MetricKind.CLICK_RATE,
                source=Source.CLICK,
                words=Words(
                    did="clicked",
                    do="click",
                    does="clicks",
                    noun="click",
                    nouns="clicks",
                    counted="A person who clicks {link}",
                    chosen="Clicks: people who follow the link",
                    card="People who follow the link",
                    cards="People who (follow the link( to the calendar)?|click Yes)",
                ),
                counter="human_clickers",
                methods=_BOTH,
                window_hours=_CLICK_HOURS,
                fields=frozenset({"link"}),
            ),
            Metric(
                kind=MetricKind.CONVERSION_RATE,
                source=Source.REPORT,
                words=Words(
                    did="converted",
                    do="convert",
                    does="converts",
                    noun="conversion",
                    nouns="conversions",
                    counted="A person of whom {event} is reported",
                    chosen="Conversions: people who do something that your systems report",
                    card="People who do {event}",
                    cards="People who do .+",
                ),
                counter="converted",
                methods=_BOTH,
                window_hours=_OTHER_HOURS,
                fields=frozenset({"event"}),
            ),
            Metric(
                kind=MetricKind.VALUE_PER_PERSON,
                source=Source.REPORT,
                words=Words(
                    did="brought a value",
                    do="bring a value",
                    does="brings a value",
                    noun="value",
                    nouns="values",
                    counted="What {event} brings per person",
                    chosen="Value: what people are worth, as your systems report it",
                    card="What {event} brings per person",
                    cards="What .+ brings per person",
                ),
                counter="converted",
                methods=_COMPARED,
                window_hours=_OTHER_HOURS,
                fields=frozenset({"event", "cap", "covariate"}),
                is_value=True,
            ),
            Metric(
                kind=MetricKind.OPEN_RATE,
                source=Source.OPEN,
                words=Words(
                    did="opened it",
                    do="open it",
                    does="opens it",
                    noun="open",
                    nouns="opens",
                    counted="A person who opens the mail",
                    chosen="Opens: a hint at best, and for comparing versions only",
                    card="People who open the mail",
                    cards="People who open the mail",
                ),
                counter="human_openers",
                methods=_COMPARED,
                window_hours=_CLICK_HOURS,
                fields=frozenset(),
            ),
            Metric(
                kind=MetricKind.REPLY_RATE,
                source=Source.REPLY,
                words=Words(
                    did="wrote back",
                    do="write back",
                    does="writes back",
                    noun="answer",
                    nouns="answers",
                    counted="A person who writes back",
                    chosen="Answers: people who write back to the mail",
                    card="People who write back",
                    cards="People who (write back|answer the mail)",
                ),
                counter="replied",
                methods=_BOTH,
                window_hours=_OTHER_HOURS,
                fields=frozenset(),
            ),
        )
    }
)
EVERY_FIELD: Final = frozenset(field for row in METRICS.values() for field in row.fields)


def metric_of(kind: str) -> Metric:
    """The row of a kind. Raises KeyError for one that is not built."""
    return METRICS[MetricKind(kind)]


def of_design(design: Mapping[str, Any]) -> Metric:
    """The row of a locked design's metric."""
    return metric_of(design["metric"]["kind"])


def usual_method(rule: RuleKind) -> Method:
    """What a rule is read by where nobody chose."""
    return _BOTH[rule][0]

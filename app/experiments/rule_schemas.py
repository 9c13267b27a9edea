"""What the outside may send about a rule: what is counted, when we say yes, wave by wave."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from app.experiments import fits, metrics
from app.experiments.vocabulary import GuardrailMetric, Method, MetricKind, RuleKind
from app.platform.asked import Asked, Kind, Looks, Questions
from app.platform.texts import Line

_APART = Asked("Each after", unit="hours", name="waves_apart")
MOST_PEOPLE = 10_000_000
MOST_LOOKS = 52  # a year of weeks
_MOST_HOURS = 8_760  # a year
Share = Annotated[float, Field(ge=0, le=1)]
_Inside = Annotated[float, Field(gt=0, lt=1, description="a share: 0.08 is 8 %")]
_Confidence = Annotated[float, Field(ge=0.5, lt=1, description="a share: 0.95 is 95 % sure")]


_KINDS = tuple((kind.value, row.words.chosen) for kind, row in metrics.METRICS.items())
_LINK = Asked(
    "Which link counts",
    'Empty: the first link of the body. Else the label of another: [text](address "label").',
)
_EVENT = Asked("Event that your systems report", "The name in POST /api/v1/conversions.")
_COVARIATE = Asked(
    "A number known before (column)",
    "What people did before the launch: it makes differences clearer.",
    told="Made clearer by",
    looks=Looks(list="columns"),
)


class Metric(Questions):
    """What is counted, and for how long after each person was written to."""

    kind: Annotated[MetricKind, Asked("What is counted", name="metric_kind", choices=_KINDS)]
    link: Annotated[Line | None, _LINK] = None
    event: Annotated[Line | None, _EVENT] = None
    window_hours: Annotated[
        Annotated[int, Field(ge=1, le=_MOST_HOURS)] | None, Asked("Window", unit="hours")
    ] = None
    cap: Annotated[Annotated[float, Field(gt=0)] | None, Asked("Values count up to")] = None
    covariate: Annotated[Line | None, _COVARIATE] = None

    @model_validator(mode="after")
    def _usual_window(self) -> Self:
        if self.window_hours is None:
            self.window_hours = metrics.METRICS[self.kind].window_hours
        return self

    @model_validator(mode="after")
    def _only_what_it_uses(self) -> Self:
        fits.refuse(fits.of_metric(self.kind, vars(self)))
        return self

    @property
    def row(self) -> metrics.Metric:
        """What its kind means: words, what is counted, which rules go with it."""
        return metrics.METRICS[self.kind]

    @property
    def words(self) -> metrics.Words:
        """How people read of it; of a named link, with its name."""
        return self.row.words.on(self.link)

    @property
    def hours(self) -> int:
        """The window; written out in every document that is stored."""
        assert self.window_hours is not None
        return self.window_hours


_METHODS = (
    ("", "The usual way: one answer, as early as it is certain"),
    (Method.SEQUENTIAL, "On planned days, one after each wave"),
    (Method.ANYTIME, "At any time: you may look whenever you like; it takes more people"),
)
_COMPARED = (
    (RuleKind.THRESHOLD, "More than a threshold"),
    (RuleKind.COMPARISON, "Better than a baseline"),
)
_THRESHOLD = Asked("More than (threshold)", unit="% of people", told="Your line")
_WORTH = Asked("A difference worth having", "Percentage points; for values, in their unit.")
_USUAL = Asked(
    "Usual rate without it (%)",
    "How many of the baseline do it anyway; not for values. Empty: the plan assumes 5 %. It makes"
    " the plan honest and changes no result.",
    told="Usual rate without it",
)


class Rule(Questions):
    """When we may say yes: over a threshold, or better than a baseline."""

    kind: Annotated[RuleKind, Asked("We are right if it is", name="rule_kind", choices=_COMPARED)]
    threshold: Annotated[_Inside | None, _THRESHOLD] = Field(default=None, validate_default=True)
    confidence: Annotated[_Confidence, Asked("Sure to", unit="%")] = 0.95
    method: Annotated[Method | None, Asked("Read", choices=_METHODS)] = Field(
        default=None, description="null = curtailed for a threshold, fixed for a comparison"
    )
    looks: Annotated[int, Field(ge=1, le=MOST_LOOKS)] = 1
    baseline: Annotated[Line | None, Asked("Compared with", kind=Kind.CHOICE)] = Field(
        default=None, validate_default=True
    )
    mde: Annotated[Annotated[float, Field(gt=0)] | None, _WORTH] = Field(
        default=None, validate_default=True
    )
    base_rate: Annotated[Annotated[float, Field(gt=0, lt=1)] | None, _USUAL] = Field(
        default=None,
        description=(
            "of a comparison of rates: the share of the baseline's people who usually do it,"
            " 0.1 is 10 %. The plan is made with it, the result is not. null = 5 % is assumed"
        ),
    )

    @model_validator(mode="after")
    def _usual_method(self) -> Self:
        if self.method is None:
            self.method = metrics.usual_method(self.kind)
        return self

    @field_validator("threshold", "baseline", "mde")
    @classmethod
    def _what_its_kind_needs(cls, value: object, info: ValidationInfo) -> object:
        kind = info.data.get("kind")
        if kind is None:
            return value  # its own error says so
        wanted = (info.field_name == "threshold") == (kind is RuleKind.THRESHOLD)
        if wanted and value is None:
            raise ValueError(f"a {kind} rule needs it")
        if not wanted and value is not None:
            raise ValueError(f"a {kind} rule has none; leave it out")
        return value

    @model_validator(mode="after")
    def _method_and_looks(self) -> Self:
        fits.refuse(fits.of_method(self.kind, self.reading.method, self.looks))
        return self

    @property
    def reading(self) -> metrics.Reading:
        """How its method reads; written out in every document that is stored."""
        assert self.method is not None
        return metrics.READINGS[self.method]

    @property
    def limit(self) -> float:
        """The rate to exceed, of a threshold rule."""
        assert self.threshold is not None
        return self.threshold


class Wave(Questions):
    """A part of everybody that is written to later, if nothing harmful was seen before."""

    people: Annotated[int, Field(ge=1, le=MOST_PEOPLE)] | None = None
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    after_hours: Annotated[float, Field(ge=0, le=_MOST_HOURS), _APART] = 0

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if (self.people is None) == (self.share is None):
            raise ValueError("a wave has either people or share")
        return self


GUARDRAILS: Mapping[GuardrailMetric, Asked] = {
    GuardrailMetric.UNSUBSCRIBE_RATE: Asked(
        "Unsubscribed, at most", unit="%", name="unsubscribe_max"
    ),
    GuardrailMetric.COMPLAINT_RATE: Asked("Complaints, at most", unit="%", name="complaint_max"),
    GuardrailMetric.BOUNCE_RATE: Asked("Bounced, at most", unit="%", name="bounce_max"),
}


class Guardrail(Questions):
    """A rate that must stay under a limit."""

    metric: GuardrailMetric
    max: Share

"""What the outside may send about a rule: what is counted, when we say yes, wave by wave."""

from typing import Annotated, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from app.experiments import fits, metrics
from app.experiments.vocabulary import GuardrailMetric, Method, MetricKind, RuleKind
from app.platform.texts import Document, Line

MOST_PEOPLE = 10_000_000
MOST_LOOKS = 52  # a year of weeks
_MOST_HOURS = 8_760  # a year
Share = Annotated[float, Field(ge=0, le=1)]
_Inside = Annotated[float, Field(gt=0, lt=1, description="a share: 0.08 is 8 %")]
_Confidence = Annotated[float, Field(ge=0.5, lt=1, description="a share: 0.95 is 95 % sure")]


class Metric(Document):
    """What is counted, and for how long after each person was written to."""

    kind: MetricKind
    link: Line | None = None
    event: Line | None = None
    window_hours: Annotated[int, Field(ge=1, le=_MOST_HOURS)] | None = None
    cap: Annotated[float, Field(gt=0)] | None = None
    covariate: Line | None = None

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


class Rule(Document):
    """When we may say yes: over a threshold, or better than a baseline."""

    kind: RuleKind
    threshold: _Inside | None = Field(default=None, validate_default=True)
    confidence: _Confidence = 0.95
    method: Method | None = Field(
        default=None, description="null = curtailed for a threshold, fixed for a comparison"
    )
    looks: Annotated[int, Field(ge=1, le=MOST_LOOKS)] = 1
    baseline: Line | None = Field(default=None, validate_default=True)
    mde: Annotated[float, Field(gt=0)] | None = Field(default=None, validate_default=True)
    base_rate: Annotated[float, Field(gt=0, lt=1)] | None = Field(
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


class Wave(Document):
    """A part of everybody that is written to later, if nothing harmful was seen before."""

    people: Annotated[int, Field(ge=1, le=MOST_PEOPLE)] | None = None
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    after_hours: Annotated[float, Field(ge=0, le=_MOST_HOURS)] = 0

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if (self.people is None) == (self.share is None):
            raise ValueError("a wave has either people or share")
        return self


class Guardrail(Document):
    """A rate that must stay under a limit."""

    metric: GuardrailMetric
    max: Share

"""What the outside may send about features, slices and experiments: the only door in."""

import re
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from app.audience.conditions import Condition
from app.experiments import fits, metrics, unbuilt
from app.experiments.vocabulary import (
    Channel,
    Format,
    GuardrailMetric,
    Method,
    MetricKind,
    Mode,
    ReachPer,
    Riskiest,
    RuleKind,
)
from app.platform.days import Moment

_LONGEST_TEXT = 200_000  # characters of a body; a mail beyond that is clipped by everybody
_MOST_CONDITIONS = 50
_MOST_LINKS = 20
_MOST_HOURS = 8_760  # a year
_MOST_PEOPLE = 10_000_000
_MOST_ARMS = 10
_MOST_LOOKS = 52  # a year of weeks
_MOST_SEGMENTS = 3  # more would be read as findings
_DUST = 1e-9  # what adding shares leaves behind
_SLUG = r"^[a-z0-9][a-z0-9_-]{0,39}$"
_BREAKS = re.compile(r"[\r\n\x00]")


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the NUL character")
    return text


def _condition_without_nul(condition: Condition) -> Condition:
    if "\x00" in f"{condition.column}{condition.value}":
        raise ValueError("must not contain the NUL character")
    return condition


def _one_line(text: str) -> str:
    if _BREAKS.search(text):
        raise ValueError("must be one line: no line break, no NUL character")
    return text


def _an_address(text: str) -> str:
    if not re.fullmatch(r"[^\s<>,;]+@[^\s<>,;@]+", text):
        raise ValueError("must be one email address, such as ann@example.com")
    return text


_Text = Annotated[str, StringConstraints(max_length=_LONGEST_TEXT), AfterValidator(_without_nul)]
_Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=500),
    AfterValidator(_one_line),
]
_Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_one_line),
]
_Id = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_one_line)]
_Address = Annotated[_Line, AfterValidator(_an_address)]
_Filter = Annotated[Condition, AfterValidator(_condition_without_nul)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Inside = Annotated[float, Field(gt=0, lt=1, description="a share: 0.08 is 8 %")]
_Confidence = Annotated[float, Field(ge=0.5, lt=1, description="a share: 0.95 is 95 % sure")]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Hypothesis(_Document):
    """The test card."""

    believe: _Text = ""
    verify: _Text = ""
    measure: _Text = ""
    right_if: _Text = ""


class Exclusions(_Document):
    """Who is left out for what they were in before."""

    experiment_ids: Annotated[list[_Id], Field(max_length=200)] = []
    cooling_off_days: Annotated[int, Field(ge=0, le=3_650)] = 0


class Sender(_Document):
    """Who the mail is from, and where answers go."""

    from_name: _Line | None = None
    reply_to: _Address | None = None


class Arm(_Document):
    """One version of the treatment."""

    key: Annotated[str, StringConstraints(pattern=_SLUG)]
    weight: Annotated[float, Field(gt=0, le=1_000)] = 1
    subject: _Line = ""
    preheader: _Line | None = None
    format: Format = Format.MARKDOWN
    body: _Text = ""
    answer: _Text | None = None


class Metric(_Document):
    """What is counted, and for how long after each person was written to."""

    kind: MetricKind
    link: _Line | None = None
    event: _Line | None = None
    window_hours: Annotated[int, Field(ge=1, le=_MOST_HOURS)] | None = None
    cap: Annotated[float, Field(gt=0)] | None = None
    covariate: _Line | None = None

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


class Rule(_Document):
    """When we may say yes: over a threshold, or better than a baseline."""

    kind: RuleKind
    threshold: _Inside | None = Field(default=None, validate_default=True)
    confidence: _Confidence = 0.95
    method: Method | None = Field(
        default=None, description="null = curtailed for a threshold, fixed for a comparison"
    )
    looks: Annotated[int, Field(ge=1, le=_MOST_LOOKS)] = 1
    baseline: _Line | None = Field(default=None, validate_default=True)
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


class Wave(_Document):
    """A part of everybody that is written to later, if nothing harmful was seen before."""

    people: Annotated[int, Field(ge=1, le=_MOST_PEOPLE)] | None = None
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    after_hours: Annotated[float, Field(ge=0, le=_MOST_HOURS)] = 0

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if (self.people is None) == (self.share is None):
            raise ValueError("a wave has either people or share")
        return self


class Guardrail(_Document):
    """A rate that must stay under a limit."""

    metric: GuardrailMetric
    max: _Share


class KeyResultLink(_Document):
    """The key result that the result is meant to move, with what the author assumes."""

    key_result_id: _Id
    mode: Mode = Mode.EVIDENCE
    reach: Annotated[float, Field(ge=0)] | None = None
    reach_per: ReachPer = ReachPer.ONCE
    carry: _Share | None = None
    per_hit: float = 1


_Arms = Annotated[list[Arm], Field(min_length=1, max_length=_MOST_ARMS)]

_CARD: dict[str, Any] = {
    "name": "Waste in euros by email",
    "hypothesis": {
        "believe": "Bakers act on waste when it is told in euros.",
        "verify": "Mail each baker last week's waste in euros.",
        "measure": "People who follow the link within 72 hours.",
        "right_if": "We can say that more than 8 % do.",
    },
    "audience_id": "1f0c3m8k2tq5w7x9z0ab",
    "arms": [
        {
            "key": "insight",
            "subject": "{{ name }}, {{ euros }} € a week",
            "body": "Hello {{ name }},\n\n[Show my list](answer:)",
            "answer": "# {{ euros }} € a week",
        }
    ],
    "metric": {"kind": "click_rate"},
    "rule": {"kind": "threshold", "threshold": 0.08},
    "guardrails": [{"metric": "unsubscribe_rate", "max": 0.01}],
}


class _Experiment(_Document):
    """Everything that may be left out, with the defaults of the contract."""

    slice_id: _Id | None = None
    previous_id: _Id | None = None
    channel: Channel = Channel.EMAIL
    hypothesis: Hypothesis = Hypothesis()
    riskiest: Riskiest | None = None
    forecast: Annotated[float, Field(gt=0, lt=1)] | None = None  # the author's, to be validated
    where: Annotated[list[_Filter], Field(max_length=_MOST_CONDITIONS)] = []
    sample: Annotated[int, Field(ge=1, le=_MOST_PEOPLE)] | None = None
    exclude: Exclusions = Exclusions()
    holdout: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    sender: Sender = Sender()
    honeypot: bool = False
    segments: Annotated[list[_Name], Field(max_length=_MOST_SEGMENTS)] = []
    guardrails: Annotated[list[Guardrail], Field(max_length=_MOST_LINKS)] = []
    waves: Annotated[list[Wave], Field(max_length=_MOST_LOOKS)] = []
    stop_at: Moment | None = None
    key_results: Annotated[list[KeyResultLink], Field(max_length=_MOST_LINKS)] = []

    @model_validator(mode="before")
    @classmethod
    def _only_what_is_built(cls, document: object) -> object:
        # Not a ValueError, so it leaves pydantic as it is: a refusal that names the part.
        unbuilt.refuse(document)
        return document

    @model_validator(mode="after")
    def _nothing_twice(self) -> Self:
        linked = [link.key_result_id for link in self.key_results]
        watched = [guardrail.metric for guardrail in self.guardrails]
        named = (("key_results", linked), ("guardrails", watched), ("segments", self.segments))
        for field, values in named:
            if len(set(values)) < len(values):
                raise ValueError(f"{field}: each one may be named once")
        return self

    @model_validator(mode="after")
    def _waves_in_order(self) -> Self:
        hours = [wave.after_hours for wave in self.waves]
        if any(later <= earlier for earlier, later in pairwise(hours)):
            raise ValueError("waves: after_hours must rise from wave to wave")
        if sum(wave.share or 0 for wave in self.waves) > 1 + _DUST:
            raise ValueError("waves: their shares add up to more than 1")
        return self


class Draft(_Experiment):
    """An experiment. What it lacks for a launch, its checklist says."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CARD]})

    name: _Name
    audience_id: _Id | None  # required by name; null while it is not chosen yet
    arms: _Arms
    metric: Metric
    rule: Rule

    @model_validator(mode="after")
    def _what_goes_together(self) -> Self:
        fits.refuse(
            fits.of_design(
                self.metric,
                self.rule,
                keys=[arm.key for arm in self.arms],
                holdout=self.holdout,
                waves=len(self.waves),
            )
        )
        return self


class Changes(_Experiment):
    """Some fields of an experiment, while it is a draft; each replaces the whole field."""

    name: _Name | None = None
    audience_id: _Id | None = None
    arms: _Arms | None = None
    metric: Metric | None = None
    rule: Rule | None = None


class LaunchDraft(_Document):
    """When it starts, and how fast it goes."""

    at: Moment | None = Field(default=None, description="null = now")
    rate_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    undo_seconds: Annotated[int, Field(ge=0, le=3_600)] = Field(
        default=0, description="nothing leaves before they are over; until then `cancel` undoes it"
    )


class FeatureDraft(_Document):
    """What might be built."""

    title: _Name
    problem: _Text = ""
    key_result_id: _Id | None = None
    team_ids: Annotated[list[_Id], Field(max_length=100)] = []
    full_build_weeks: Annotated[float, Field(ge=0, le=10_000)] | None = None


class FeatureChanges(_Document):
    """Some fields of a feature; what isn't sent stays as it is."""

    title: _Name = ""
    problem: _Text = ""
    key_result_id: _Id | None = None
    team_ids: Annotated[list[_Id], Field(max_length=100)] = []
    full_build_weeks: Annotated[float, Field(ge=0, le=10_000)] | None = None


class SliceDraft(_Document):
    """One thin, shippable, measurable part of a feature."""

    feature_id: _Id
    title: _Name
    assumption: _Text = ""
    riskiest: Riskiest | None = None
    order: Annotated[int, Field(ge=0, le=10_000)] | None = None


class SliceChanges(_Document):
    """Some fields of a slice; what isn't sent stays as it is."""

    title: _Name = ""
    assumption: _Text = ""
    riskiest: Riskiest | None = None
    order: Annotated[int, Field(ge=0, le=10_000)] = 0


class TemplateDraft(_Document):
    """A design to begin from. What belongs to one run is left out, whoever sends it."""

    name: _Name
    about: _Text = ""
    design: dict[str, Any]

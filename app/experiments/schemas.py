"""What the outside may send about features, slices and experiments: the only door in."""

import re
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from app.audience.members import Condition
from app.experiments import unbuilt
from app.experiments.terms import (
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

_LONGEST_TEXT = 200_000  # characters of a body; a mail beyond that is clipped by everybody
_MOST_CONDITIONS = 50
_MOST_LINKS = 20
_CLICK_HOURS, _OTHER_HOURS = 72, 168  # statistics.md, "Who is counted"
_MOST_HOURS = 8_760  # a year
_MOST_PEOPLE = 10_000_000
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
    cap: float | None = None
    covariate: _Line | None = None

    @model_validator(mode="after")
    def _usual_window(self) -> Self:
        if self.window_hours is None:
            clicks = self.kind is MetricKind.CLICK_RATE
            self.window_hours = _CLICK_HOURS if clicks else _OTHER_HOURS
        return self

    @property
    def hours(self) -> int:
        """The window; written out in every document that is stored."""
        assert self.window_hours is not None
        return self.window_hours


class Rule(_Document):
    """When we may say yes."""

    kind: RuleKind
    threshold: _Inside
    confidence: _Inside = 0.95
    method: Method = Method.CURTAILED
    looks: Annotated[int, Field(ge=1, le=1)] = 1
    baseline: None = None
    mde: None = None


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
    where: Annotated[list[_Filter], Field(max_length=_MOST_CONDITIONS)] = []
    sample: Annotated[int, Field(ge=1, le=_MOST_PEOPLE)] | None = None
    exclude: Exclusions = Exclusions()
    holdout: Annotated[float, Field(ge=0, le=0)] = 0.0
    sender: Sender = Sender()
    honeypot: bool = False
    segments: Annotated[list[Any], Field(max_length=0)] = []
    guardrails: Annotated[list[Guardrail], Field(max_length=_MOST_LINKS)] = []
    waves: Annotated[list[Any], Field(max_length=0)] = []
    stop_at: AwareDatetime | None = None
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
        for field, values in (("key_results", linked), ("guardrails", watched)):
            if len(set(values)) < len(values):
                raise ValueError(f"{field}: each one may be named once")
        return self


class Draft(_Experiment):
    """An experiment. What it lacks for a launch, its checklist says."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CARD]})

    name: _Name
    audience_id: _Id | None  # required by name; null while it is not chosen yet
    arms: Annotated[list[Arm], Field(min_length=1, max_length=1)]
    metric: Metric
    rule: Rule


class Changes(_Experiment):
    """Some fields of an experiment, while it is a draft; each replaces the whole field."""

    name: _Name | None = None
    audience_id: _Id | None = None
    arms: Annotated[list[Arm], Field(min_length=1, max_length=1)] | None = None
    metric: Metric | None = None
    rule: Rule | None = None


class LaunchDraft(_Document):
    """When it starts, and how fast it goes."""

    at: AwareDatetime | None = Field(default=None, description="null = now")
    rate_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


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

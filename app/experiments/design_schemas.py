"""What the outside may send about an experiment: its design, its launch, a design to begin from."""

from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from app.audience.conditions import Condition
from app.experiments import fits, unbuilt
from app.experiments.rule_schemas import (
    MOST_LOOKS,
    MOST_PEOPLE,
    Guardrail,
    Metric,
    Rule,
    Share,
    Wave,
)
from app.experiments.vocabulary import Channel, Format, Mode, ReachPer, Riskiest
from app.platform.days import Moment
from app.platform.texts import Address, Document, Id, Line, NameLine, Text

_MOST_CONDITIONS = 50
_MOST_LINKS = 20
MOST_ARMS = 10
_MOST_SEGMENTS = 3  # more would be read as findings
_DUST = 1e-9  # what adding shares leaves behind
_SLUG = r"^[a-z0-9][a-z0-9_-]{0,39}$"


class Hypothesis(Document):
    """The test card."""

    believe: Text = ""
    verify: Text = ""
    measure: Text = ""
    right_if: Text = ""


class Exclusions(Document):
    """Who is left out for what they were in before."""

    experiment_ids: list[Id] = Field(default=[], max_length=200)
    cooling_off_days: Annotated[int, Field(ge=0, le=3_650)] = 0


class Sender(Document):
    """Who the mail is from, and where answers go."""

    from_name: Line | None = None
    reply_to: Address | None = None


class Arm(Document):
    """One version of the treatment."""

    key: Annotated[str, StringConstraints(pattern=_SLUG)]
    weight: Annotated[float, Field(gt=0, le=1_000)] = 1
    subject: Line = ""
    preheader: Line | None = None
    format: Format = Format.MARKDOWN
    body: Text = ""
    answer: Text | None = None


class KeyResultLink(Document):
    """The key result that the result is meant to move, with what the author assumes."""

    key_result_id: Id
    mode: Mode = Mode.EVIDENCE
    reach: Annotated[float, Field(ge=0)] | None = None
    reach_per: ReachPer = ReachPer.ONCE
    carry: Share | None = None
    per_hit: float = 1


_Arms = Annotated[list[Arm], Field(min_length=1, max_length=MOST_ARMS)]

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


class _Experiment(Document):
    """Everything that may be left out, with the defaults of the contract."""

    slice_id: Id | None = None
    previous_id: Id | None = None
    channel: Channel = Channel.EMAIL
    hypothesis: Hypothesis = Hypothesis()
    riskiest: Riskiest | None = None
    forecast: Annotated[float, Field(gt=0, lt=1)] | None = None  # the author's, to be validated
    where: list[Condition] = Field(default=[], max_length=_MOST_CONDITIONS)
    sample: Annotated[int, Field(ge=1, le=MOST_PEOPLE)] | None = None
    exclude: Exclusions = Exclusions()
    holdout: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    sender: Sender = Sender()
    honeypot: bool = False
    segments: list[NameLine] = Field(default=[], max_length=_MOST_SEGMENTS)
    guardrails: list[Guardrail] = Field(default=[], max_length=_MOST_LINKS)
    waves: list[Wave] = Field(default=[], max_length=MOST_LOOKS)
    stop_at: Moment | None = None
    key_results: list[KeyResultLink] = Field(default=[], max_length=_MOST_LINKS)

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

    name: NameLine
    audience_id: Id | None  # required by name; null while it is not chosen yet
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

    name: NameLine | None = None
    audience_id: Id | None = None
    arms: _Arms | None = None
    metric: Metric | None = None
    rule: Rule | None = None


class LaunchDraft(Document):
    """When it starts, and how fast it goes."""

    at: Moment | None = Field(default=None, description="null = now")
    rate_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    undo_seconds: Annotated[int, Field(ge=0, le=3_600)] = Field(
        default=0, description="nothing leaves before they are over; until then `cancel` undoes it"
    )


class TemplateDraft(Document):
    """A design to begin from. What belongs to one run is left out, whoever sends it."""

    name: NameLine
    about: Text = ""
    design: dict[str, Any]

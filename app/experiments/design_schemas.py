"""What the outside may send about an experiment: its design, its launch, a design to begin from."""

from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from app.audience.conditions import Condition
from app.experiments import fits, unbuilt
from app.experiments.part_schemas import (
    Arm,
    Exclusions,
    Hypothesis,
    KeyResultLink,
    MailHours,
    Sender,
)
from app.experiments.rule_schemas import (
    MOST_LOOKS,
    MOST_PEOPLE,
    Guardrail,
    Metric,
    Rule,
    Wave,
)
from app.experiments.vocabulary import RISKIEST, Channel, Language, MailKind, Riskiest
from app.platform.asked import Asked, Choices, Kind, Looks, Questions
from app.platform.days import Moment
from app.platform.texts import Document, Id, NameLine, Text

_MOST_CONDITIONS = 50
_MOST_LINKS = 20
MOST_ARMS = 10
MOST_SEGMENTS = 3  # more would be read as findings
_DUST = 1e-9  # what adding shares leaves behind


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


_NAME = Asked("Name", looks=Looks(example="Waste in euros by email"))
_SLICE = Asked("Slice", "The thin part of a feature that this tests.", kind=Kind.CHOICE)
_AUDIENCE = Asked("Audience", "Import one under Audiences.", kind=Kind.CHOICE)
MAIL_KINDS: Choices = (
    (MailKind.OTHER, "Anything else"),
    (MailKind.INSIGHTS, "About their own numbers"),
    (MailKind.FEATURES, "Something new to try"),
    (MailKind.QUESTIONS, "A question to them"),
    (MailKind.OFFERS, "An offer or a price"),
)
_MAIL_KIND = Asked(
    "Kind of mail", "People can turn off one kind and keep the others.", choices=MAIL_KINDS
)
_LANGUAGE = Asked(
    "Written in",
    "Our own words (footer, way out, answer page) are in English, German, French, Spanish or"
    " Norwegian; below a mail in any other language they are English.",
    told="Language",
    choices=(
        (Language.ENGLISH, "English"),
        (Language.GERMAN, "Deutsch"),
        (Language.FRENCH, "Français"),
        (Language.SPANISH, "Español"),
        (Language.NORWEGIAN, "Norsk"),
        (Language.ARABIC, "العربية"),
        (Language.DANISH, "Dansk"),
        (Language.DUTCH, "Nederlands"),
        (Language.FINNISH, "Suomi"),
        (Language.HEBREW, "עברית"),
        (Language.ITALIAN, "Italiano"),
        (Language.POLISH, "Polski"),
        (Language.PORTUGUESE, "Português"),
        (Language.SWEDISH, "Svenska"),
    ),
)
_FORECAST = Asked(
    "How likely will it be validated?",
    "Say it before you know; the learnings say how good the team is at it.",
    unit="%",
    told="Our forecast",
)
_SAMPLE = Asked("At most", "Chosen by a hash, so the same people every time.", unit="people")
_HOLDOUT = Asked(
    "Get nothing (holdout)",
    "They are counted like everybody; only conversions and values can be compared with them.",
    unit="%",
    told="Get nothing",
)
_WAVES = Asked(
    "In how many waves",
    "Drawn at random. A breached guardrail keeps the next one back.",
    told="Waves",
    kind=Kind.NUMBER,
)
_SEGMENTS = Asked(
    "Kinds of people: columns",
    "Up to three, comma between them. They describe; they never change a result.",
    told="Kinds of people",
)
_STOP_AT = Asked(
    "Stop counting at",
    "Empty: when the last window closes. In the organisation’s time zone.",
)
_HONEYPOT = Asked("Add a hidden link that only machines follow")


class _Experiment(Questions):
    """Everything that may be left out, with the defaults of the contract."""

    slice_id: Annotated[Id | None, _SLICE] = None
    previous_id: Id | None = None
    channel: Channel = Channel.EMAIL
    hypothesis: Hypothesis = Hypothesis()
    riskiest: Annotated[Riskiest | None, RISKIEST] = None
    forecast: Annotated[  # the author's, to be validated
        Annotated[float, Field(gt=0, lt=1)] | None, _FORECAST
    ] = None
    where: list[Condition] = Field(default=[], max_length=_MOST_CONDITIONS)
    sample: Annotated[Annotated[int, Field(ge=1, le=MOST_PEOPLE)] | None, _SAMPLE] = None
    exclude: Exclusions = Exclusions()
    holdout: Annotated[float, Field(ge=0, le=0.9), _HOLDOUT] = 0.0
    sender: Sender = Sender()
    mail_kind: Annotated[MailKind, _MAIL_KIND] = MailKind.OTHER
    language: Annotated[Language, _LANGUAGE] = Language.ENGLISH
    hours: MailHours = MailHours()
    honeypot: Annotated[bool, _HONEYPOT] = False
    segments: Annotated[list[NameLine], _SEGMENTS] = Field(default=[], max_length=MOST_SEGMENTS)
    guardrails: list[Guardrail] = Field(default=[], max_length=_MOST_LINKS)
    waves: Annotated[list[Wave], _WAVES] = Field(default=[], max_length=MOST_LOOKS)
    stop_at: Annotated[Moment | None, _STOP_AT] = None
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

    name: Annotated[NameLine, _NAME]
    audience_id: Annotated[
        Id | None, _AUDIENCE
    ]  # required by name; null while it is not chosen yet
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

    name: Annotated[NameLine | None, _NAME] = None
    audience_id: Annotated[Id | None, _AUDIENCE] = None
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

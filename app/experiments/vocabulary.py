"""The closed sets of words that a design is written in."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from app.platform.asked import Asked

HOLDOUT: Final = "holdout"  # the arm that gets nothing


class Riskiest(StrEnum):
    """The kind of doubt that would sink the idea."""

    DESIRABILITY = "desirability"
    VIABILITY = "viability"
    FEASIBILITY = "feasibility"
    USABILITY = "usability"
    ETHICS = "ethics"


RISKIEST: Final = Asked(
    "The riskiest kind of doubt",
    told="Riskiest doubt",
    choices=(
        ("", "Not said"),
        (Riskiest.DESIRABILITY, "Desirability: do they want it?"),
        (Riskiest.VIABILITY, "Viability: does it pay?"),
        (Riskiest.FEASIBILITY, "Feasibility: can we?"),
        (Riskiest.USABILITY, "Usability: can they?"),
        (Riskiest.ETHICS, "Ethics: should we?"),
    ),
)


class Channel(StrEnum):
    """How people meet the treatment."""

    EMAIL = "email"
    LINK = "link"
    PAGE = "page"
    REPORTED = "reported"


CHANNELS: Final = frozenset({Channel.EMAIL})  # those that are built; others are refused by name


class MailKind(StrEnum):
    """What a mail is to whoever gets it: they may turn off one kind and keep the others."""

    INSIGHTS = "insights"
    FEATURES = "features"
    QUESTIONS = "questions"
    OFFERS = "offers"
    OTHER = "other"


class MailDays(StrEnum):
    """On which days of the week mails leave."""

    EVERY = "every"
    WORKING = "working"  # Monday to Friday


class Language(StrEnum):
    """What a mail is written in. Where we know no words of it, ours are English."""

    ENGLISH = "en"
    GERMAN = "de"
    FRENCH = "fr"
    SPANISH = "es"
    NORWEGIAN = "nb"
    ARABIC = "ar"
    DANISH = "da"
    DUTCH = "nl"
    FINNISH = "fi"
    HEBREW = "he"
    ITALIAN = "it"
    POLISH = "pl"
    PORTUGUESE = "pt"
    SWEDISH = "sv"


def mail_kind_of(design: Mapping[str, Any]) -> str:
    """What kind of mail a design sends; those of earlier versions say nothing."""
    return str(design.get("mail_kind") or MailKind.OTHER)


def language_of(design: Mapping[str, Any]) -> str:
    """What language a design's mails are in; those of earlier versions say nothing."""
    return str(design.get("language") or Language.ENGLISH)


class Format(StrEnum):
    """What a body is written in."""

    MARKDOWN = "markdown"
    MJML = "mjml"


class MetricKind(StrEnum):
    """What is counted per person."""

    CLICK_RATE = "click_rate"
    CONVERSION_RATE = "conversion_rate"
    VALUE_PER_PERSON = "value_per_person"
    OPEN_RATE = "open_rate"
    REPLY_RATE = "reply_rate"
    REPORTED_RATE = "reported_rate"


class RuleKind(StrEnum):
    """What a rule compares with."""

    THRESHOLD = "threshold"
    COMPARISON = "comparison"


class Method(StrEnum):
    """The procedure that alone makes the call."""

    CURTAILED = "curtailed"
    SEQUENTIAL = "sequential"
    ANYTIME = "anytime"
    FIXED = "fixed"


class GuardrailMetric(StrEnum):
    """What must not get worse."""

    UNSUBSCRIBE_RATE = "unsubscribe_rate"
    BOUNCE_RATE = "bounce_rate"
    COMPLAINT_RATE = "complaint_rate"


class Mode(StrEnum):
    """What a result does to a key result."""

    EVIDENCE = "evidence"
    CONTRIBUTION = "contribution"
    DIRECT = "direct"


class ReachPer(StrEnum):
    """How often the reach comes."""

    ONCE = "once"
    WEEK = "week"

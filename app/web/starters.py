"""Drafts to begin from: what a team needs most often, with the number that must act."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Starter:
    """A filled-in form, and one sentence for choosing it."""

    key: str
    name: str
    about: str
    document: Mapping[str, Any]


def _mail(
    *,
    name: str,
    hypothesis: tuple[str, str, str, str],
    threshold: float,
    subject: str,
    body: str,
    answer: str | None = None,
) -> Mapping[str, Any]:
    believe, verify, measure, right_if = hypothesis
    return MappingProxyType(
        {
            "name": name,
            "riskiest": "desirability",
            "hypothesis": {
                "believe": believe,
                "verify": verify,
                "measure": measure,
                "right_if": right_if,
            },
            "arms": [{"key": "insight", "subject": subject, "body": body, "answer": answer}],
            "metric": {"kind": "click_rate", "window_hours": 72},
            "rule": {"kind": "threshold", "threshold": threshold, "confidence": 0.95},
            "guardrails": [{"metric": "unsubscribe_rate", "max": 0.01}],
        }
    )


# Thresholds and numbers are the product's own (product.md, templates that ship).
STARTERS: tuple[Starter, ...] = (
    Starter(
        "insight",
        "Insight by mail",
        "Tell each person something about their own data. 600 people, 60 must click.",
        _mail(
            name="",
            hypothesis=(
                "{who} will act on {insight}, because {problem}.",
                "We mail each of them their own insight.",
                "People who follow the link within 72 hours.",
                "We can say that more than 8 % do.",
            ),
            threshold=0.08,
            subject="{{ name }}, {{ insight }}",
            body="Hello {{ name }},\n\n{{ insight }}\n\n[Show my list](answer:)",
            answer="# Hello {{ name }}\n\n{{ insight }}",
        ),
    ),
    Starter(
        "useful",
        "Useful?",
        "Ask readers to say yes unprompted. 400 people, 28 must click Yes.",
        _mail(
            name="",
            hypothesis=(
                "Readers say yes unprompted.",
                "We mail them the insight with one link: Yes, keep this coming.",
                "People who click Yes within 72 hours.",
                "We can say that more than 5 % do.",
            ),
            threshold=0.05,
            subject="{{ name }}, is this useful to you?",
            body="Hello {{ name }},\n\n{{ insight }}\n\n[Yes, keep this coming](answer:)",
            answer="# Thank you, {{ name }}",
        ),
    ),
    Starter(
        "call",
        "Offer a call",
        "Is the problem worth 20 minutes of their time? 1,000 people, 29 must click.",
        _mail(
            name="",
            hypothesis=(
                "The problem is worth 20 minutes.",
                "We offer a call about {problem}.",
                "People who follow the link to the calendar within 72 hours.",
                "We can say that more than 2 % do.",
            ),
            threshold=0.02,
            subject="20 minutes about {{ problem }}?",
            body="Hello {{ name }},\n\nWe are looking into {{ problem }}. Would you tell us"
            " how you do it today?\n\n[Choose a time](https://calendar.example/)",
        ),
    ),
)


def starter(key: str | None) -> Starter:
    """The chosen one, or the first."""
    return next((one for one in STARTERS if one.key == key), STARTERS[0])

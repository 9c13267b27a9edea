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
    hypothesis: tuple[str, str, str, str],
    threshold: float,
    subject: str,
    body: str,
    answer: str | None = None,
) -> Mapping[str, Any]:
    """One version against a threshold of clicks."""
    arms = [{"key": "insight", "subject": subject, "body": body, "answer": answer}]
    rule = {"kind": "threshold", "threshold": threshold, "confidence": 0.95}
    return _card(hypothesis, arms, {"kind": "click_rate", "window_hours": 72}, rule)


def _card(
    hypothesis: tuple[str, str, str, str],
    arms: list[dict[str, Any]],
    metric: dict[str, Any],
    rule: dict[str, Any],
    **more: Any,
) -> Mapping[str, Any]:
    believe, verify, measure, right_if = hypothesis
    return MappingProxyType(
        {
            "name": "",
            "riskiest": "desirability",
            "hypothesis": {
                "believe": believe,
                "verify": verify,
                "measure": measure,
                "right_if": right_if,
            },
            "arms": arms,
            "metric": metric,
            "rule": rule,
            "guardrails": [{"metric": "unsubscribe_rate", "max": 0.01}],
            **more,
        }
    )


# Thresholds and numbers are the product's own.
STARTERS: tuple[Starter, ...] = (
    Starter(
        "insight",
        "Insight by mail",
        "Tell each person something about their own data. 600 people, 60 must click.",
        _mail(
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
        "holdout",
        "Insight against holdout",
        "Do those who get it do more of something? 1,000 people each see 5 % become 8.1 %.",
        _card(
            (
                "Those who get {insight} do {event} more within 7 days.",
                "Half of the people get it by mail; the other half gets nothing.",
                "People who do {event} within 7 days, as your product reports it.",
                "More of those who got it do.",
            ),
            [
                {
                    "key": "insight",
                    "subject": "{{ name }}, {{ insight }}",
                    "body": "Hello {{ name }},\n\n{{ insight }}\n\n[Show my list](answer:)",
                    "answer": "# Hello {{ name }}\n\n{{ insight }}",
                }
            ],
            {"kind": "conversion_rate", "event": "planned", "window_hours": 168},
            {
                "kind": "comparison",
                "baseline": "holdout",
                "mde": 0.02,
                "confidence": 0.95,
                "method": "fixed",
            },
            holdout=0.5,
        ),
    ),
    Starter(
        "framings",
        "Two framings",
        "Which words draw more? 1,000 people each see 8 % become 11.7 %.",
        _card(
            (
                "Naming the loss draws more than naming the gain.",
                "Half of the people read what they lose, the other half what they could gain.",
                "People who follow the link within 72 hours.",
                "More of those who read of the loss do.",
            ),
            [
                {
                    "key": "gain",
                    "subject": "{{ name }}, {{ gain }}",
                    "body": "Hello {{ name }},\n\n{{ gain }}\n\n[Show my list](answer:)",
                    "answer": "# Hello {{ name }}\n\n{{ gain }}",
                },
                {
                    "key": "loss",
                    "subject": "{{ name }}, {{ loss }}",
                    "body": "Hello {{ name }},\n\n{{ loss }}\n\n[Show my list](answer:)",
                    "answer": "# Hello {{ name }}\n\n{{ loss }}",
                },
            ],
            {"kind": "click_rate", "window_hours": 72},
            {
                "kind": "comparison",
                "baseline": "gain",
                "mde": 0.02,
                "confidence": 0.95,
                "method": "fixed",
            },
        ),
    ),
    Starter(
        "door",
        "Fake door",
        "Does anybody try the way in? 300 people, 40 must click. It shows intent, not use.",
        _mail(
            hypothesis=(
                "Those who see {entry} will try it.",
                "We mail the way in; behind it a page says that it is not built yet.",
                "People who follow the link within 72 hours.",
                "We can say that more than 10 % do.",
            ),
            threshold=0.1,
            subject="{{ name }}, new: {{ entry }}",
            body="Hello {{ name }},\n\nyou can now have {{ entry }}.\n\n[Try it](answer:)",
            answer="# Not there yet, {{ name }}\n\nWe are finding out who needs {{ entry }}."
            " Nothing was changed for you.",
        ),
    ),
    Starter(
        "useful",
        "Useful?",
        "Ask readers to say yes unprompted. 400 people, 28 must click Yes.",
        _mail(
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
    Starter(
        "price",
        "Name the price",
        "Will they reserve at a price? 1,000 people, 16 must click. It shows intent, not payment.",
        _mail(
            hypothesis=(
                "{who} will reserve at {price}.",
                "We mail the offer with its price and one link to reserve.",
                "People who follow the link within 72 hours.",
                "We can say that more than 1 % do.",
            ),
            threshold=0.01,
            subject="{{ name }}, yours for {{ price }}",
            body="Hello {{ name }},\n\n{{ insight }}\n\nIt will cost {{ price }}. Reserving costs"
            " nothing.\n\n[Reserve at {{ price }}](answer:)",
            answer="# Thank you, {{ name }}\n\nWe noted your interest at {{ price }}. Nothing is"
            " ordered, and nothing is owed.",
        ),
    ),
)


def starter(key: str | None) -> Starter:
    """The chosen one, or the first."""
    return next((one for one in STARTERS if one.key == key), STARTERS[0])

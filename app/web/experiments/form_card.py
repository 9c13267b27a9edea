"""Sentences of the test card that a template wrote follow what counts; an author's own stay."""

import re
from collections.abc import Mapping
from typing import Any, Final

from app.experiments.metrics import METRICS
from app.experiments.vocabulary import HOLDOUT, MetricKind, RuleKind
from app.platform import figures

# "People who follow the link within 72 hours.": who, how long, and who says so.
_MEASURE = re.compile(r"^(.+) within [\d.,]+ (hours|days)(, as your product reports it)?\.$")
_WHO: Final[Mapping[str, re.Pattern[str]]] = {
    kind: re.compile(metric.words.cards) for kind, metric in METRICS.items()
}
_LINE = re.compile(r"^We can say that more than [\d.,]+ % do\.$")
_BETTER = re.compile(r"^(More of those who .+ do|We can say that .+ does better than .+)\.$")
_A_WEEK: Final = 168  # hours; from here on people count in days
_LONGEST: Final = 8_760


def follow(document: dict[str, Any]) -> None:
    """Let the card say what the metric and the rule beside it say."""
    card, metric, rule = document.get("hypothesis", {}), document["metric"], document["rule"]
    if "measure" in card:
        card["measure"] = _measured(card["measure"], metric)
    if "right_if" in card:
        card["right_if"] = _right(card["right_if"], rule)


def _measured(said: str, metric: Mapping[str, Any]) -> str:
    found, kind = _MEASURE.match(said.strip()), metric["kind"]
    if (
        not found
        or kind not in METRICS
        or not any(who.fullmatch(found[1]) for who in _WHO.values())
    ):
        return said
    hours = metric.get("window_hours") or METRICS[MetricKind(kind)].window_hours
    if not 1 <= hours <= _LONGEST:
        return said  # no window; its field says so
    if _WHO[kind].fullmatch(found[1]):
        return f"{found[1]} within {_long(hours, found[2])}{found[3] or ''}."
    told = ", as your product reports it" if METRICS[MetricKind(kind)].is_reported else ""
    return f"{_who(kind, metric.get('event'))} within {_long(hours, 'hours')}{told}."


def _who(kind: str, event: str | None) -> str:
    return METRICS[MetricKind(kind)].words.card.replace("{event}", event or "{event}")


def _long(hours: float, unit: str) -> str:
    days, rest = divmod(hours, 24)
    if not rest and (unit == "days" or hours >= _A_WEEK):
        return f"{figures.count(days)} {'day' if days == 1 else 'days'}"
    return f"{figures.count(hours)} {'hour' if hours == 1 else 'hours'}"


def _right(said: str, rule: Mapping[str, Any]) -> str:
    is_line, is_better = _LINE.match(said.strip()), _BETTER.match(said.strip())
    if rule["kind"] == RuleKind.COMPARISON:
        return _better(rule.get("baseline")) if is_line else said
    line = rule.get("threshold")
    if line is None or not 0 < line < 1 or not (is_line or is_better):
        return said
    return f"We can say that more than {figures.limit(line)} do."


def _better(baseline: str | None) -> str:
    if baseline == HOLDOUT:
        return "We can say that the mail does better than nothing."
    return f"We can say that the new version does better than “{baseline}”."

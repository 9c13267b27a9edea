"""The test card as it was agreed, in the words of the form."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from app.audience import store as audience
from app.experiments.models import Experiment
from app.okr import store as okr
from app.okr.models import KeyResult
from app.web import words
from app.web.drafts import OPERATORS

_PROMPTS = (
    ("believe", "We believe"),
    ("verify", "To verify"),
    ("measure", "We measure"),
    ("right_if", "Right if"),
)


@dataclass(frozen=True, slots=True)
class Card:
    """Labels and what stands behind them; key results with what is assumed."""

    lines: tuple[tuple[str, str], ...]
    key_results: tuple[tuple[str, str, str], ...]


def of(session: Session, experiment: Experiment) -> Card:
    """The card of an experiment."""
    design = experiment.design
    return Card(
        lines=(*_hypothesis(design), *_people(session, design), *_metric(design)),
        key_results=tuple(_link(session, link) for link in design.get("key_results") or ()),
    )


def _hypothesis(design: dict[str, Any]) -> Iterator[tuple[str, str]]:
    card = design.get("hypothesis") or {}
    for name, label in _PROMPTS:
        if card.get(name):
            yield label, card[name]
    if design.get("riskiest"):
        yield "Riskiest doubt", str(design["riskiest"]).capitalize()


def _people(session: Session, design: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if design.get("audience_id"):
        yield "Audience", audience.audience_of(session, design["audience_id"]).name
    if design.get("where"):
        yield "Only where", "; ".join(map(_condition, design["where"]))
    if design.get("sample"):
        yield "At most", words.plural(design["sample"], "person", "people")
    if days := (design.get("exclude") or {}).get("cooling_off_days"):
        yield "Left out", f"Whoever had a mail within {words.plural(days, 'day')}"


def _metric(design: dict[str, Any]) -> Iterator[tuple[str, str]]:
    metric, rule = design["metric"], design["rule"]
    hours = words.plural(metric.get("window_hours") or 72, "hour")
    link = f"the link “{metric['link']}”" if metric.get("link") else "the first link"
    yield "Counts", f"A person who clicks {link} within {hours}"
    sure = words.points(rule.get("confidence", 0.95), 0)
    yield "Threshold", f"More than {words.points(rule['threshold'])}, sure to {sure}"
    for guardrail in design.get("guardrails") or ():
        name = words.plain(guardrail["metric"]).capitalize()
        yield "Guardrail", f"{name} at most {words.points(guardrail['max'])}"


def _condition(condition: dict[str, Any]) -> str:
    op = dict(OPERATORS).get(condition["op"], condition["op"])
    value = condition.get("value")
    shown = ", ".join(map(str, value)) if isinstance(value, list) else value
    return f"{condition['column']} {op} {'' if shown is None else shown}".strip()


def _link(session: Session, link: dict[str, Any]) -> tuple[str, str, str]:
    key_result = okr.key_result_of(session, link["key_result_id"])
    return key_result.id, key_result.title, _assumed(link, key_result)


def _assumed(link: dict[str, Any], key_result: KeyResult) -> str:
    if not link.get("reach") or link.get("carry") is None:
        return ""
    often = " every week" if link.get("reach_per") == "week" else ""
    each = words.amount(link.get("per_hit"), key_result.unit)
    return (
        f"Assumed: it reaches {words.plural(link['reach'], 'person', 'people')}{often},"
        f" of those who click {words.points(link['carry'], 0)} are carried over, {each} each."
    )

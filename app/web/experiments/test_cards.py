"""The test card as it was agreed, in the words of the form."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.audience.conditions import OPERATORS
from app.audience.models import Audience
from app.experiments import people_hours
from app.experiments.metrics import READINGS, metric_of, of_design, usual_method
from app.experiments.part_schemas import Hypothesis
from app.experiments.vocabulary import Method, RuleKind
from app.okr.list_rows import Aim
from app.okr.models import KeyResult
from app.platform import figures
from app.platform.asked import asked_in
from app.review.store import About
from app.web.experiments.form_fields import FIELDS, told
from app.web.kit import formatting


@dataclass(frozen=True, slots=True)
class Card:
    """Labels and what stands behind them; key results with what is assumed."""

    lines: tuple[tuple[str, str], ...]
    key_results: tuple[tuple[str, str, str], ...]


def card_of(about: About, aims: Mapping[str, Aim]) -> Card:
    """The card of an experiment, and of the key results that it should move."""
    design = about.experiment.design
    does = of_design(design).words.on(design["metric"].get("link")).do
    return Card(
        lines=(
            *_hypothesis(design),
            *_people(about.audience, design),
            *_treatment(design),
            *_metric(design),
        ),
        key_results=tuple(
            _link(aims[link["key_result_id"]].row, link, does)
            for link in design.get("key_results") or ()
            if not link.get("linked_at")  # what came after the launch was not agreed
        ),
    )


def _hypothesis(design: dict[str, Any]) -> Iterator[tuple[str, str]]:
    card = design.get("hypothesis") or {}
    for name, asked in asked_in(Hypothesis):
        if card.get(name):
            yield asked.shown, card[name]
    if design.get("riskiest"):
        yield told("riskiest"), str(design["riskiest"]).capitalize()
    if design.get("forecast"):
        yield told("forecast"), f"{formatting.points(design['forecast'], 0)} likely to be validated"


def _people(audience: Audience | None, design: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if audience is not None:
        yield told("audience_id"), audience.name
    if design.get("where"):
        yield "Only where", "; ".join(map(_condition, design["where"]))
    if design.get("sample"):
        yield told("sample"), formatting.plural(design["sample"], "person", "people")
    if days := (design.get("exclude") or {}).get("cooling_off_days"):
        yield (
            told("exclude.cooling_off_days"),
            f"Whoever had a mail within {formatting.plural(days, 'day')}",
        )


def _treatment(design: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What kind of mail; versions, the group that gets nothing, and waves, where there are any."""
    for name in ("mail_kind", "language"):
        if design.get(name):
            yield told(name), dict(FIELDS[name].asked.choices)[design[name]]
    hours = people_hours.hours_of(design)
    if not hours.are_all:
        whose = f"by the column “{hours.zone_column}”" if hours.zone_column else "in our time"
        yield told("hours.opens"), f"{people_hours.said(hours).capitalize()}, {whose}"
    arms, waves = design["arms"], design.get("waves") or []
    if len(arms) > 1:
        yield "Versions", " · ".join(f"{arm['key']}: {arm['subject']}" for arm in arms)
    if design.get("holdout"):
        yield (
            told("holdout"),
            f"{formatting.rate(design['holdout'])} of the people, drawn at random",
        )
    if len(waves) > 1:
        yield told("waves"), " · ".join(map(_wave, waves))
    if design.get("segments"):
        yield told("segments"), ", ".join(design["segments"])


def _wave(wave: dict[str, Any]) -> str:
    size = formatting.plural(wave["people"], "person", "people") if wave.get("people") else ""
    when = (
        f"after {formatting.plural(wave['after_hours'], 'hour')}"
        if wave["after_hours"]
        else "at once"
    )
    return f"{size or formatting.points(wave['share'], 0)} {when}"


def _metric(design: dict[str, Any]) -> Iterator[tuple[str, str]]:
    metric = design["metric"]
    row = metric_of(metric["kind"])
    hours = formatting.plural(metric.get("window_hours") or row.window_hours, "hour")
    yield "Counts", f"{row.words.counted.format(**_named(metric))} within {hours}"
    if metric.get("cap"):
        yield told("metric.cap"), formatting.number(metric["cap"])
    if metric.get("covariate"):
        yield told("metric.covariate"), f"the column “{metric['covariate']}”"
    yield from _rule(design["rule"], is_value=row.is_value)
    for guardrail in design.get("guardrails") or ():
        name = formatting.plain(guardrail["metric"]).capitalize()
        yield "Guardrail", f"{name} at most {formatting.rate(guardrail['max'])}"


def _named(metric: dict[str, Any]) -> dict[str, str]:
    link = f"the link “{metric['link']}”" if metric.get("link") else "the first link"
    event = f"“{metric['event']}”" if metric.get("event") else "an event that is not named yet"
    return {"link": link, "event": event}


def _rule(rule: dict[str, Any], *, is_value: bool) -> Iterator[tuple[str, str]]:
    sure = formatting.rate(rule.get("confidence", 0.95))
    if rule["kind"] == "threshold":
        yield (
            told("rule.threshold"),
            f"More than {formatting.rate(rule['threshold'])}, sure to {sure}",
        )
    else:
        worth = (
            f"{figures.value(rule['mde'])} per person"
            if is_value
            else figures.set_points(rule["mde"])
        )
        yield (
            told("rule.baseline"),
            f"{rule['baseline']}, sure to {sure}; worth having: {worth} or more",
        )
    if rule.get("base_rate"):
        yield (
            told("rule.base_rate"),
            f"{formatting.rate(rule['base_rate'])} of “{rule['baseline']}”",
        )
    reading = READINGS[Method(rule.get("method") or usual_method(RuleKind(rule["kind"])))]
    if reading.read:
        yield told("rule.method"), reading.read.format(looks=rule.get("looks", 1))


def _condition(condition: dict[str, Any]) -> str:
    op = dict(OPERATORS).get(condition["op"], condition["op"])
    value = condition.get("value")
    shown = ", ".join(map(str, value)) if isinstance(value, list) else value
    return f"{condition['column']} {op} {'' if shown is None else shown}".strip()


def _link(key_result: KeyResult, link: dict[str, Any], does: str) -> tuple[str, str, str]:
    return key_result.id, key_result.title, _assumed(link, key_result, does)


def _assumed(link: dict[str, Any], key_result: KeyResult, does: str) -> str:
    if not link.get("reach") or link.get("carry") is None:
        return ""
    often = " every week" if link.get("reach_per") == "week" else ""
    each = formatting.amount(link.get("per_hit"), key_result.unit)
    return (
        f"Assumed: it reaches {formatting.plural(link['reach'], 'person', 'people')}{often},"
        f" of those who {does} {formatting.rate(link['carry'])} are carried over, {each} each."
    )

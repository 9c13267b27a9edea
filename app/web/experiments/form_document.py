"""The experiment form: flat fields ↔ the one document that rooms and API know."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.experiments.design_schemas import Hypothesis
from app.experiments.vocabulary import RuleKind
from app.platform import figures
from app.web.experiments import form_versions
from app.web.kit.form_numbers import Reader, points, present
from app.web.kit.form_state import Typed

FILTERS = 3  # rows of the filter that the form offers
OPERATORS: tuple[tuple[str, str], ...] = (
    ("eq", "is"),
    ("ne", "is not"),
    ("in", "is one of"),
    ("contains", "contains"),
    ("lt", "is below"),
    ("lte", "is at most"),
    ("gt", "is above"),
    ("gte", "is at least"),
    ("exists", "is filled"),
    ("missing", "is missing"),
)
_GUARDRAILS = {
    "unsubscribe_max": "unsubscribe_rate",
    "complaint_max": "complaint_rate",
    "bounce_max": "bounce_rate",
}
_OURS = re.compile(r"^(We can say that more than )[\d.,]+ %( do\.)$")  # as starters write it
_HYPOTHESIS = tuple(Hypothesis.model_fields)

# Where an error of the document stands in the form.
NAMES: Mapping[str, str] = {
    **{f"hypothesis.{name}": name for name in _HYPOTHESIS},
    **{f"arms.0.{name}": name for name in ("subject", "preheader", "body", "answer")},
    **{f"arms.insight.{name}": name for name in ("subject", "preheader", "body", "answer")},
    **{f"arms.1.{name}": f"second_{name}" for name in ("subject", "preheader", "body", "answer")},
    "arms": "body",
    "metric": "metric_kind",
    "metric.kind": "metric_kind",
    **{f"metric.{name}": name for name in ("link", "window_hours", "event", "cap", "covariate")},
    "rule": "rule_kind",
    "rule.kind": "rule_kind",
    **{f"rule.{name}": name for name in ("threshold", "confidence", "baseline", "mde", "method")},
    "rule.base_rate": "base_rate",
    "rule.looks": "waves",
    "exclude.cooling_off_days": "cooling_off_days",
    "sender.from_name": "from_name",
    "sender.reply_to": "reply_to",
    "where": "where_0_column",
    **{
        f"where.{i}.{part}": f"where_{i}_{part}"
        for i in range(FILTERS)
        for part in ("column", "op", "value")
    },
    **{
        f"key_results.0.{name}": name
        for name in ("key_result_id", "mode", "reach", "reach_per", "carry", "per_hit")
    },
}


def design(form: Typed, zone: ZoneInfo) -> dict[str, Any]:
    """The document that the form describes. Raises Invalid where a number is not one."""
    read = Reader(form)
    document: dict[str, Any] = {
        "name": form.text("name") or "",
        "slice_id": form.text("slice_id"),
        "previous_id": form.text("previous_id"),
        "hypothesis": _hypothesis(form, read),
        "riskiest": form.text("riskiest"),
        "forecast": read.share("forecast"),
        "audience_id": form.text("audience_id"),
        "where": _conditions(form),
        "sample": read.number("sample"),
        "exclude": {
            "experiment_ids": list(form.every("exclude")),
            "cooling_off_days": read.number("cooling_off_days") or 0,
        },
        "sender": {"from_name": form.text("from_name"), "reply_to": form.text("reply_to")},
        "honeypot": form.value("honeypot") == "1",
        "holdout": read.share("holdout") or 0,
        "arms": form_versions.arms(form),
        "metric": form_versions.metric(form, read),
        "rule": form_versions.rule(form, read),
        "waves": form_versions.waves(form, read),
        "segments": form_versions.segments(form),
        "guardrails": [
            {"metric": metric, "max": limit}
            for name, metric in _GUARDRAILS.items()
            if (limit := read.share(name)) is not None
        ],
        "stop_at": read.moment("stop_at", zone),
        "key_results": _links(form, read),
    }
    read.refuse_unread()
    return document


def fields(document: Mapping[str, Any], zone: ZoneInfo) -> Typed:
    """The form that describes this document."""
    exclude, sender = document.get("exclude") or {}, document.get("sender") or {}
    link = (document.get("key_results") or [{}])[0]
    limits = {g["metric"]: g["max"] for g in document.get("guardrails") or []}
    return Typed.of(
        **{
            name: document.get(name)
            for name in ("name", "slice_id", "previous_id", "riskiest", "audience_id", "sample")
        },
        **{name: (document.get("hypothesis") or {}).get(name) for name in _HYPOTHESIS},
        **form_versions.fields(document),
        **{name: sender.get(name) for name in ("from_name", "reply_to")},
        **{
            name: link.get(name)
            for name in ("key_result_id", "mode", "reach", "reach_per", "per_hit")
        },
        **{name: points(limits.get(metric_name)) for name, metric_name in _GUARDRAILS.items()},
        **_filter_fields(document.get("where") or []),
        carry=points(link.get("carry")),
        forecast=points(document.get("forecast")),
        exclude=exclude.get("experiment_ids") or (),
        cooling_off_days=exclude.get("cooling_off_days") or None,
        honeypot="1" if document.get("honeypot") else None,
        stop_at=local(document.get("stop_at"), zone),
    )


def local(moment: str | datetime | None, zone: ZoneInfo) -> str | None:
    """A moment as a date-and-time field shows it: the organisation's wall clock."""
    if not moment:
        return None
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{at.astimezone(zone):%Y-%m-%dT%H:%M}"


def _hypothesis(form: Typed, read: Reader) -> dict[str, str]:
    """The card's four sentences; the one that a starter wrote follows the line that was typed."""
    card = {name: form.text(name) or "" for name in _HYPOTHESIS}
    line = read.share("threshold")
    if line is not None and form.value("rule_kind") != RuleKind.COMPARISON:
        card["right_if"] = _OURS.sub(rf"\g<1>{figures.limit(line)}\g<2>", card["right_if"])
    return card


def _conditions(form: Typed) -> list[dict[str, Any]]:
    found = []
    for i in range(FILTERS):
        column = form.text(f"where_{i}_column")
        if column is not None:
            op = form.value(f"where_{i}_op") or "eq"
            found.append(
                {"column": column, "op": op, **_operand(op, form.text(f"where_{i}_value"))}
            )
    return found


def _operand(op: str, value: str | None) -> dict[str, Any]:
    if op in {"exists", "missing"}:
        return {}
    if op == "in":
        return {"value": [part.strip() for part in (value or "").split(",") if part.strip()]}
    return {"value": value or ""}


def _filter_fields(where: list[dict[str, Any]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for i, condition in enumerate(where[:FILTERS]):
        value = condition.get("value")
        found[f"where_{i}_column"] = condition["column"]
        found[f"where_{i}_op"] = condition["op"]
        found[f"where_{i}_value"] = ", ".join(map(str, value)) if isinstance(value, list) else value
    return found


def _links(form: Typed, read: Reader) -> list[dict[str, Any]]:
    key_result_id = form.text("key_result_id")
    if key_result_id is None:
        return []
    link: dict[str, Any] = {"key_result_id": key_result_id, "mode": form.text("mode") or "evidence"}
    assumed = present("reach", read.number("reach")) | present("carry", read.share("carry"))
    assumed |= present("per_hit", read.number("per_hit")) | present(
        "reach_per", form.text("reach_per")
    )
    return [link | assumed]

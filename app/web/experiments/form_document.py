"""The experiment form: flat fields ↔ the one document that rooms and API know."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from app.experiments.design_schemas import MOST_SEGMENTS
from app.experiments.rule_schemas import GUARDRAILS
from app.platform.asked import Kind
from app.web.experiments import form_card, form_versions
from app.web.experiments.form_fields import FIELDS, FILTERS, answered, split, under
from app.web.kit.form_numbers import Reader, points
from app.web.kit.form_state import Typed

# Parts that are put together from several fields; every other one stands for itself.
_PUT_TOGETHER = ("arms", "metric", "rule", "waves", "where", "guardrails", "key_results")
_ALONE = tuple(one for one in FIELDS.values() if not one.path.startswith(_PUT_TOGETHER))
_SHOWN = tuple(one for one in FIELDS.values() if not one.path.startswith("guardrails"))

# Where an error of the document stands in the form.
_NAMES = {
    **{field.path: name for name, field in FIELDS.items() if field.kind is not Kind.TICKS},
    **{f"arms.insight.{field.part}": field.name for field in under("arms.0.")},
    "arms": "body",
    "key_results": "key_result_id",
    "metric": "metric_kind",
    "rule": "rule_kind",
    "rule.looks": "waves",
    "where": "where_0_column",
    **{f"segments.{place}": "segments" for place in range(MOST_SEGMENTS)},
}


def names(form: Typed) -> Mapping[str, str]:
    """The same for what was typed: a guardrail is there only if it has a limit."""
    watched = (asked.name for asked in GUARDRAILS.values() if form.text(asked.name))
    return _NAMES | {f"guardrails.{place}.max": name for place, name in enumerate(watched)}


def design(form: Typed, zone: ZoneInfo) -> dict[str, Any]:
    """The document that the form describes. Raises Invalid where a number is not one."""
    read = Reader(form)
    document: dict[str, Any] = {"previous_id": form.text("previous_id")}
    for field in _ALONE:
        value = field.read(form, read, zone)
        if field.is_required:
            value = value or field.empty
        if value is not None or field.is_required:
            _put(document, field.path, value)
    document |= {
        "where": _conditions(form),
        "arms": form_versions.arms(form),
        "metric": form_versions.metric(form, read, zone),
        "rule": form_versions.rule(form, read, zone),
        "waves": form_versions.waves(form, read),
        "guardrails": [
            {"metric": metric, "max": limit}
            for metric, asked in GUARDRAILS.items()
            if (limit := read.share(asked.name)) is not None
        ],
        "key_results": _links(form, read, zone),
    }
    read.refuse_unread()
    form_card.follow(document)
    return document


def fields(document: Mapping[str, Any], zone: ZoneInfo) -> Typed:
    """The form that describes this document."""
    limits = {one["metric"]: one["max"] for one in document.get("guardrails") or []}
    return Typed.of(
        **{one.name: one.typed(_at(document, one.path), zone) for one in _SHOWN}
        | {asked.name: points(limits.get(metric)) for metric, asked in GUARDRAILS.items()}
        | form_versions.fields(document, zone),
        previous_id=document.get("previous_id"),
    )


def _put(document: dict[str, Any], path: str, value: object) -> None:
    *parts, last = path.split(".")
    for part in parts:
        document = document.setdefault(part, {})
    document[last] = value


def _at(document: Any, path: str) -> Any:
    """What stands at a place; None where it is not there."""
    for part in path.split("."):
        if isinstance(document, list):
            document = document[int(part)] if int(part) < len(document) else None
        else:
            document = (document or {}).get(part)
    return document


def _conditions(form: Typed) -> list[dict[str, Any]]:
    return [found for row in range(FILTERS) if (found := _condition(form, f"where_{row}_"))]


def _condition(form: Typed, row: str) -> dict[str, Any]:
    column, op = form.text(f"{row}column"), form.value(f"{row}op") or "eq"
    if column is None:
        return {}
    return {"column": column, "op": op, **_operand(op, form.text(f"{row}value"))}


def _operand(op: str, value: str | None) -> dict[str, Any]:
    if op in {"exists", "missing"}:
        return {}
    if op == "in":
        return {"value": split(value or "")}
    return {"value": value or ""}


def _links(form: Typed, read: Reader, zone: ZoneInfo) -> list[dict[str, Any]]:
    link = answered(under("key_results.0."), form, read, zone)
    return [link] if "key_result_id" in link else []

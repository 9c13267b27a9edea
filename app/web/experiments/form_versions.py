"""The part of the experiment form about versions, what counts, and when it is read.

The form offers two versions and waves of one size. What a document holds beyond that travels with
the form as it is (`rest`), so that saving loses nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from app.experiments import metrics
from app.experiments.design_schemas import MOST_ARMS
from app.experiments.vocabulary import HOLDOUT, Method, MetricKind, RuleKind
from app.platform import foreign
from app.platform.asked import Kind
from app.platform.errors import Invalid
from app.web.experiments.form_fields import FIELDS, FormField, answered, under
from app.web.kit.form_numbers import Reader
from app.web.kit.form_state import Typed

FIRST, SECOND = "insight", "second"
_SHARED = tuple(field.part for field in under("arms.0."))
_ONLY = {RuleKind.THRESHOLD: {"threshold"}, RuleKind.COMPARISON: {"baseline", "mde", "base_rate"}}


def arms(form: Typed) -> list[dict[str, Any]]:
    """The versions that the form describes, and those that it only carries."""
    kept = rest(form).get("arms") or []
    found = [_arm(form, "", kept[0] if kept else {"key": FIRST})]
    if form.text("second_subject") or form.text("second_body"):
        found.append(_arm(form, "second_", kept[1] if len(kept) > 1 else {"key": SECOND}))
    return found + kept[2:]


def metric(form: Typed, read: Reader, zone: ZoneInfo) -> dict[str, Any]:
    """What counts."""
    found = {"kind": MetricKind.CLICK_RATE} | answered(under("metric."), form, read, zone)
    row = _row(found["kind"])
    means_nothing = metrics.EVERY_FIELD - row.fields if row else ()
    return {name: value for name, value in found.items() if name not in means_nothing}


def rule(form: Typed, read: Reader, zone: ZoneInfo) -> dict[str, Any]:
    """When we may say yes."""
    kind = form.text("rule_kind") or RuleKind.THRESHOLD
    other = RuleKind.COMPARISON if kind == RuleKind.THRESHOLD else RuleKind.THRESHOLD
    asked = (field for field in under("rule.") if field.part not in _ONLY[other])
    counted = form.value("metric_kind").strip()
    found = answered((_worth(field, counted) for field in asked), form, read, zone)
    if form.text("method") == Method.SEQUENTIAL:
        found["looks"] = read.number("waves") or 1
    return {"kind": kind} | found


def waves(form: Typed, read: Reader) -> list[dict[str, Any]]:
    """Parts of one size, so many hours apart; or those that the form only carries."""
    kept: list[dict[str, Any]] | None = rest(form).get("waves")
    number, apart = read.number("waves"), read.number("waves_apart")
    if kept is not None and number == len(kept):
        return kept
    if not number or number < 2:
        return []
    share, hours = round(1 / number, 9), apart or 168
    return [{"share": share, "after_hours": hours * place} for place in range(int(number))]


def baselines(form: Typed) -> tuple[tuple[str, str], ...]:
    """What a version may be compared with."""
    keys = [arm["key"] for arm in rest(form).get("arms") or []][:MOST_ARMS] or [FIRST]
    if len(keys) < 2:
        keys.append(SECOND)
    names = {keys[0]: "The first version", keys[1]: "The second version"}
    named = [(key, names.get(key, key)) for key in keys]
    return (("", "Nothing"), *named, (HOLDOUT, "The group that gets nothing"))


def fields(document: Mapping[str, Any], zone: ZoneInfo) -> dict[str, object]:
    """The form's fields that stand for more than one part, or for several at once."""
    kind, parts = (document.get("metric") or {}).get("kind"), document.get("waves") or []
    worth = _worth(FIELDS["mde"], kind or "")
    return {
        "mde": worth.typed((document.get("rule") or {}).get("mde"), zone),
        "waves": len(parts) or None,
        "waves_apart": _apart(parts),
        "rest": json.dumps(_rest(list(document.get("arms") or [{}]), parts), sort_keys=True),
    }


def rest(form: Typed) -> dict[str, Any]:
    """What the form carries and does not show. Raises Invalid where somebody changed it."""
    try:
        found = foreign.read_json(form.value("rest") or "{}")
    except foreign.NotJson:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("arms", []), list):
        raise Invalid("The form came back damaged. Open the draft again; nothing was saved.")
    return found


def _row(kind: str) -> metrics.Metric | None:
    """The metric's row; none for a kind that does not exist, which the schema refuses."""
    return next((row for row in metrics.METRICS.values() if row.kind == kind), None)


def _worth(field: FormField, metric_kind: str) -> FormField:
    """A difference of rates is typed in points, one of values as it is."""
    row = _row(metric_kind)
    is_of_rates = field.name == "mde" and not (row and row.is_value)
    return replace(field, kind=Kind.SHARE) if is_of_rates else field


def _arm(form: Typed, prefix: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    typed = {name: form.text(f"{prefix}{name}") for name in _SHARED}
    found = {name: text for name, text in typed.items() if text is not None}
    return {**kept, **found, "body": form.value(f"{prefix}body").strip("\n")}


def _apart(parts: list[dict[str, Any]]) -> float | None:
    return parts[1]["after_hours"] - parts[0]["after_hours"] if len(parts) > 1 else None


def _rest(found: list[dict[str, Any]], parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Keys, weights and formats of the versions shown, all of the others, waves as they are."""
    shown = [{name: arm[name] for name in arm if name not in _SHARED} for arm in found[:2]]
    kept: dict[str, Any] = {
        "arms": [*[one | _key(one, i) for i, one in enumerate(shown)], *found[2:]]
    }
    return kept | ({"waves": parts} if parts else {})


def _key(arm: Mapping[str, Any], place: int) -> dict[str, Any]:
    return {"key": arm.get("key") or (FIRST, SECOND)[place]}

"""The part of the experiment form about versions, what counts, and when it is read.

The form offers two versions and waves of one size. What a document holds beyond that travels with
the form as it is (`rest`), so that saving loses nothing.
"""

import json
from collections.abc import Mapping
from typing import Any

from app.experiments import metrics
from app.experiments.design_schemas import MOST_ARMS
from app.experiments.vocabulary import HOLDOUT, Method, MetricKind, RuleKind
from app.platform import foreign
from app.platform.errors import Invalid
from app.web.kit.form_numbers import Reader, points, present
from app.web.kit.form_state import Typed

FIRST, SECOND = "insight", "second"
METRICS: tuple[tuple[str, str], ...] = tuple(
    (kind.value, row.words.chosen) for kind, row in metrics.METRICS.items()
)
KINDS: tuple[tuple[str, str], ...] = (
    ("threshold", "More than a threshold"),
    ("comparison", "Better than a baseline"),
)
METHODS: tuple[tuple[str, str], ...] = (
    ("", "The usual way: one answer, as early as it is certain"),
    ("sequential", "On planned days, one after each wave"),
    ("anytime", "At any time: you may look whenever you like; it takes more people"),
)
_SHARED = ("subject", "preheader", "body", "answer")


def arms(form: Typed) -> list[dict[str, Any]]:
    """The versions that the form describes, and those that it only carries."""
    kept = rest(form).get("arms") or []
    found = [_arm(form, "", kept[0] if kept else {"key": FIRST})]
    if form.text("second_subject") or form.text("second_body"):
        found.append(_arm(form, "second_", kept[1] if len(kept) > 1 else {"key": SECOND}))
    return found + kept[2:]


def metric(form: Typed, read: Reader) -> dict[str, Any]:
    """What counts."""
    kind = form.text("metric_kind") or MetricKind.CLICK_RATE
    typed = {name: form.text(name) for name in ("link", "event", "covariate")}
    typed |= present("cap", read.number("cap"))
    row = _row(kind)
    means = row.fields if row else typed.keys()
    found = {name: value for name, value in typed.items() if name in means}
    return {"kind": kind} | found | present("window_hours", read.number("window_hours"))


def rule(form: Typed, read: Reader) -> dict[str, Any]:
    """When we may say yes."""
    kind = form.text("rule_kind") or RuleKind.THRESHOLD
    found: dict[str, Any] = {"kind": kind} | present("confidence", read.share("confidence"))
    found |= present("method", form.text("method"))
    if form.text("method") == Method.SEQUENTIAL:
        found["looks"] = read.number("waves") or 1
    if kind == RuleKind.THRESHOLD:
        return found | {"threshold": read.share("threshold")}
    row = _row(form.text("metric_kind") or "")
    mde = read.number("mde") if row and row.is_value else read.share("mde")
    found |= present("base_rate", read.share("base_rate"))
    return found | {"baseline": form.text("baseline"), "mde": mde}


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


def segments(form: Typed) -> list[str]:
    """Columns by which the result is shown, too."""
    return [part.strip() for part in (form.text("segments") or "").split(",") if part.strip()]


def baselines(form: Typed) -> tuple[tuple[str, str], ...]:
    """What a version may be compared with."""
    keys = [arm["key"] for arm in rest(form).get("arms") or []][:MOST_ARMS] or [FIRST]
    if len(keys) < 2:
        keys.append(SECOND)
    names = {keys[0]: "The first version", keys[1]: "The second version"}
    named = [(key, names.get(key, key)) for key in keys]
    return (("", "Nothing"), *named, (HOLDOUT, "The group that gets nothing"))


def fields(document: Mapping[str, Any]) -> dict[str, object]:
    """The form's fields of these parts."""
    found = list(document.get("arms") or [{}])
    first, second = found[0], found[1] if len(found) > 1 else {}
    counted, told = document.get("metric") or {}, document.get("rule") or {}
    row = _row(counted.get("kind") or "")
    mde = told.get("mde")
    parts = document.get("waves") or []
    return {
        **{name: first.get(name) for name in _SHARED},
        **{f"second_{name}": second.get(name) for name in _SHARED},
        "holdout": points(document.get("holdout") or None),
        "segments": ", ".join(document.get("segments") or []),
        "metric_kind": counted.get("kind"),
        "event": counted.get("event"),
        "cap": counted.get("cap"),
        "covariate": counted.get("covariate"),
        "link": counted.get("link"),
        "window_hours": counted.get("window_hours"),
        "rule_kind": told.get("kind"),
        "method": told.get("method") if told.get("method") in dict(METHODS) else None,
        "threshold": points(told.get("threshold")),
        "confidence": points(told.get("confidence")),
        "baseline": told.get("baseline"),
        "base_rate": points(told.get("base_rate")),
        "mde": mde if row and row.is_value else points(mde),
        "waves": len(parts) or None,
        "waves_apart": _apart(parts),
        "rest": json.dumps(_rest(found, parts)),
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


def _arm(form: Typed, prefix: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **kept,
        "subject": form.text(f"{prefix}subject") or "",
        "preheader": form.text(f"{prefix}preheader"),
        "body": form.value(f"{prefix}body").strip("\n"),
        "answer": form.text(f"{prefix}answer"),
    }


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

"""Parts of the contract that do not exist yet: asking for one is refused, by name.

The document is looked at as it came, before its shape is checked, so that the answer names the
part even where the part brings fields of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from app.platform.errors import FieldError, NotBuiltYet

_Document = Mapping[str, Any]
_Found = Iterator[tuple[str, str]]  # the field, and the part's name

_CHANNELS = {
    "link": "the channel “link”",
    "page": "the channel “page”",
    "reported": "the channel “reported”",
}
_METRICS = {
    kind: f"the metric “{kind}”"
    for kind in ("conversion_rate", "value_per_person", "open_rate", "reported_rate")
}
_METHODS = {method: f"the method “{method}”" for method in ("sequential", "anytime", "fixed")}
_GUARDRAILS = {"unsubscribe_rate", "bounce_rate", "complaint_rate"}


def refuse(document: object) -> None:
    """Raise NotBuiltYet, naming every part that the document asks for in vain."""
    if not isinstance(document, Mapping):
        return
    found = [pair for look in _LOOKS for pair in look(document)]
    if found:
        raise NotBuiltYet(
            f"Not built yet: {', '.join(name for _, name in found)}. Leave it out for now.",
            errors=tuple(FieldError(field, f"Not built yet: {name}.") for field, name in found),
        )


def _channel(document: _Document) -> _Found:
    yield from _named(document, "channel", _CHANNELS)


def _groups(document: _Document) -> _Found:
    if document.get("holdout"):
        yield "holdout", "a holdout"
    if len(_list(document, "arms")) > 1:
        yield "arms", "more than one arm"
    for part in ("waves", "segments"):
        if document.get(part):
            yield part, part


def _arms(document: _Document) -> _Found:
    for place, arm in enumerate(_list(document, "arms")):
        if arm.get("format") == "mjml":
            yield f"arms.{place}.format", "the format “mjml”"
        if arm.get("destination"):
            yield f"arms.{place}.destination", "an arm's destination (the channel “link”)"


def _metric(document: _Document) -> _Found:
    metric = _object(document, "metric")
    yield from _named(metric, "kind", _METRICS, prefix="metric.")
    for part in ("event", "cap", "covariate"):
        if metric.get(part) is not None:
            yield f"metric.{part}", f"a metric's {part}"


def _rule(document: _Document) -> _Found:
    rule = _object(document, "rule")
    if rule.get("kind") == "comparison":
        yield "rule.kind", "the comparison rule"
    elif rule.get("baseline") is not None or rule.get("mde") is not None:
        yield "rule", "the comparison rule"
    yield from _named(rule, "method", _METHODS, prefix="rule.")
    looks = rule.get("looks")
    if isinstance(looks, (int, float)) and looks > 1:
        yield "rule.looks", "more than one look"


def _guardrails(document: _Document) -> _Found:
    for place, guardrail in enumerate(_list(document, "guardrails")):
        metric = guardrail.get("metric")
        if isinstance(metric, str) and metric not in _GUARDRAILS:
            yield f"guardrails.{place}.metric", f"the guardrail “{metric[:60]}”"


_LOOKS: tuple[Callable[[_Document], _Found], ...] = (
    _channel, _groups, _arms, _metric, _rule, _guardrails,
)  # fmt: skip


def _named(part: _Document, field: str, names: Mapping[str, str], *, prefix: str = "") -> _Found:
    value = part.get(field)
    if isinstance(value, str) and value in names:
        yield f"{prefix}{field}", names[value]


def _object(document: _Document, field: str) -> _Document:
    value = document.get(field)
    return value if isinstance(value, Mapping) else {}


def _list(document: _Document, field: str) -> list[_Document]:
    value = document.get(field)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []

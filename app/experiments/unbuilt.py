"""Parts of the contract that do not exist yet: asking for one is refused, by name.

The document is looked at as it came, before its shape is checked, so that the answer names the
part even where the part brings fields of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from app.experiments.metrics import METRICS
from app.experiments.vocabulary import (
    CHANNELS,
    Channel,
    GuardrailMetric,
    MetricKind,
)
from app.platform.errors import FieldError, NotBuiltYet

_Document = Mapping[str, Any]
_Found = Iterator[tuple[str, str]]  # the field, and the part's name

_CHANNELS = {one.value: f"the channel “{one}”" for one in Channel if one not in CHANNELS}
_METRICS = {one.value: f"the metric “{one}”" for one in MetricKind if one not in METRICS}


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


def _arms(document: _Document) -> _Found:
    for place, arm in enumerate(_list(document, "arms")):
        if arm.get("destination"):
            yield f"arms.{place}.destination", "an arm's destination (the channel “link”)"


def _metric(document: _Document) -> _Found:
    yield from _named(_object(document, "metric"), "kind", _METRICS, prefix="metric.")


def _guardrails(document: _Document) -> _Found:
    for place, guardrail in enumerate(_list(document, "guardrails")):
        metric = guardrail.get("metric")
        if isinstance(metric, str) and metric not in set(GuardrailMetric):
            yield f"guardrails.{place}.metric", f"the guardrail “{metric[:60]}”"


_LOOKS: tuple[Callable[[_Document], _Found], ...] = (
    _channel, _arms, _metric, _guardrails,
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

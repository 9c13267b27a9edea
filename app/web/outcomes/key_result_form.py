"""The form of a key result: what it shows, and what it changes."""

from app.okr.models import KeyResult, ValueSource
from app.okr.schemas import KeyResultChanges
from app.web.kit.form_state import Typed
from app.web.outcomes import value_sources

_EDITED = ("title", "owner", "kept_because", "cadence", "source")
_ADDS_UP = {"": None, "yes": True, "no": False}
_NUMBERS = ("start", "target", "low", "high", "stretch", "weight")


def changes(form: Typed) -> KeyResultChanges:
    """What was typed. Raises ValidationError, Invalid."""
    fields: dict[str, object] = {name: form.text(name) or "" for name in _EDITED}
    fields |= {name: form.text(name) for name in _NUMBERS if name in form.fields}
    if "running_total" in form.fields:
        fields["running_total"] = _ADDS_UP.get(form.value("running_total"))
    return KeyResultChanges.model_validate(fields | value_sources.of_form(form))


def filled(row: KeyResult, source: ValueSource | None) -> Typed:
    """The form of what is stored."""
    known = {name: getattr(row, name) for name in (*_EDITED, *_NUMBERS)}
    adds_up = next(word for word, said in _ADDS_UP.items() if said is row.running_total)
    return Typed.of(**known, running_total=adds_up, **value_sources.fields(row, source))

"""One line of NDJSON as a flat object that both databases can keep."""

import math
from typing import Any

from app.platform import foreign
from app.platform.foreign import NotJson, Pairs
from app.platform.texts import why_unstorable

_SHOWN = 60  # characters of a name in a sentence


class BadObject(NotJson):
    """Not an object of plain values; the text is the reason that the report shows."""


def read(text: str) -> dict[str, Any]:
    """The columns of one person. Raises BadObject."""
    try:
        found = foreign.read_json(text, constant=_refuse_constant, pairs=_once_each)
    except BadObject:
        raise
    except NotJson as error:
        raise BadObject(f"not JSON: {error}") from error
    if not isinstance(found, dict):
        raise BadObject("not a JSON object")
    return {_kept(key): _value(value) for key, value in found.items()}


def _value(value: object) -> object:
    if isinstance(value, dict | list):
        raise BadObject("a value is a list or an object; columns hold text, numbers or yes/no")
    if isinstance(value, float) and not math.isfinite(value):
        raise BadObject("a number is too large")
    return _kept(value.strip()) if isinstance(value, str) else value


def _kept(text: str) -> str:
    """Text without signs that no database keeps: NUL and half a UTF-16 pair."""
    if why_unstorable(text):
        raise BadObject("a text holds a NUL or half a sign (a lone surrogate)")
    return text


def _once_each(pairs: Pairs) -> dict[str, Any]:
    """Of a name that stands twice nobody can say which value is meant."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise BadObject(f"“{name[:_SHOWN]}” stands twice on this line")
        found[name] = value
    return found


def _refuse_constant(name: str) -> None:
    raise BadObject(f"{name} is not a number")

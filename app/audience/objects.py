"""One line of NDJSON as a flat object that both databases can keep."""

import json
import math
from typing import Any


class BadObject(ValueError):
    """Not an object of plain values; the text is the reason that the report shows."""


def read(text: str) -> dict[str, Any]:
    """The columns of one person. Raises BadObject."""
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
    except BadObject:
        raise
    except RecursionError as error:
        raise BadObject("not JSON that can be read: it is nested too deep") from error
    except ValueError as error:  # also a number of thousands of digits
        raise BadObject(f"not JSON: {str(error).split(';')[0]}") from error
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
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise BadObject("a text holds a NUL or half a sign (a lone surrogate)")
    return text


def _refuse_constant(name: str) -> None:
    raise BadObject(f"{name} is not a number")

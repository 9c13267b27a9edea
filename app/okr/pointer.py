"""Find one number in a JSON document by its pointer (RFC 6901)."""

import json
import re
from math import isfinite
from typing import Any

from app.platform import foreign
from app.platform.errors import Invalid

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_SHOWN = 60  # characters of somebody else's answer in a sentence of ours


def number_at(document: bytes, pointer: str) -> float:
    """The number that the pointer leads to; a sentence where there is none."""
    try:
        found = foreign.read_json(document)
    except foreign.NotJson as error:
        raise Invalid("The answer is not JSON.") from error
    for token in _tokens(pointer):
        found = _step(found, token, pointer)
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not _is_finite(found):
        shown = json.dumps(found)[:_SHOWN]
        raise Invalid(f"At “{pointer or 'the top'}” stands {shown}, which is not a number.")
    return float(found)


def _tokens(pointer: str) -> list[str]:
    if pointer and not pointer.startswith("/"):
        raise Invalid(f"A JSON pointer begins with a slash: “/{pointer}”.")
    return [one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")[1:]]


def _step(found: Any, token: str, pointer: str) -> Any:
    if isinstance(found, dict) and token in found:
        return found[token]
    if isinstance(found, list) and _INDEX.fullmatch(token) and int(token) < len(found):
        return found[int(token)]
    raise Invalid(f"The answer has no “{token}” on the way of “{pointer}”.")


def _is_finite(found: float) -> bool:
    try:
        return isfinite(found)
    except OverflowError:  # a whole number of hundreds of digits
        return False

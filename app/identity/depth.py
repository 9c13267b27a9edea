"""How deep JSON is nested, told without parsing it: what is deep is refused before it is read."""

import re

from app.platform.errors import Invalid

DEEPEST = 40  # levels; a design has eight
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # possessive: linear, whatever comes
_NO_BRACKET = bytes(byte for byte in range(256) if byte not in b"[]{}")


def refuse_deep(body: bytes) -> None:
    """Refuse what no parser and no writer of JSON should have to climb down.

    Each round takes the innermost pairs away, so as many rounds as there are levels leave nothing.
    Brackets that do not pair are left to the parser, unless there are more than levels.
    """
    if b"\x00" in body:
        raise Invalid("JSON is written in UTF-8, without NUL.")
    brackets = _STRING.sub(b"", body).translate(None, _NO_BRACKET)
    for _ in range(DEEPEST):
        left = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(left) == len(brackets):
            break
        brackets = left
    if len(brackets) > DEEPEST:
        raise Invalid(
            f"This JSON is nested deeper than {DEEPEST} levels, or its brackets do not pair."
        )

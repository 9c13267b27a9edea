"""What a style may not say: nothing is loaded from elsewhere but what stands in mj-image."""

import re
import sys

_LOADS = re.compile(
    r"url\s*\(|@import|expression\s*\(|javascript:|image-set\s*\(|(?<![\w-])(?:image|src)\s*\(",
    re.IGNORECASE,
)
_ESCAPED = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)  # CSS Syntax 3, 4.3.7


def loads(style: str) -> bool:
    """Whether a style asks for something from elsewhere, however its signs are written."""
    return bool(_LOADS.search(_ESCAPED.sub(_sign_of, style)))


def _sign_of(escaped: re.Match[str]) -> str:
    number = int(escaped[1] or "0", 16)
    return escaped[2] or (chr(number) if number <= sys.maxunicode else " ")

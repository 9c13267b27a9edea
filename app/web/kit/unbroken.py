"""What belongs to a number stays on its line: 95 % and € 200 are never torn apart.

Done once for each finished page, so that no sentence has to think of it; what somebody typed, and
what stands in code, is left as it is.
"""

import re
from typing import Final

NO_BREAK: Final = "\u00a0"
_PIECE = re.compile(
    r"<(?P<end>/?)(?P<kept>textarea|pre|code|script|style)\b[^<>]*>|<[^<>]*>"
    r"|(?<=\d) (?=%)|(?<=[€$£]) (?=\d)"
)


def unbroken(html: str) -> str:
    """The same page, with spaces that do not break inside percentages and amounts of money."""
    inside = ""  # of what is left as it is, the outermost

    def piece(found: re.Match[str]) -> str:
        nonlocal inside
        if found[0] == " ":
            return found[0] if inside else NO_BREAK
        name = found["kept"] or ""
        if not inside and not found["end"]:
            inside = name
        elif name == inside and found["end"]:
            inside = ""
        return found[0]

    return _PIECE.sub(piece, html)

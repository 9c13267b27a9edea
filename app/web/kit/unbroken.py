"""What belongs to a number stays on its line: 95 % and € 200 are never torn apart.

Done once for each finished page, so that no sentence has to think of it; what somebody typed, and
what stands in code, is left as it is.
"""

import re
from typing import Final

NO_BREAK: Final = "\u00a0"
_PIECE = re.compile(
    r"<(textarea|pre|code|script|style)\b.*?</\1>|<[^>]*>|(?<=\d) (?=%)|(?<=[€$£]) (?=\d)",
    re.DOTALL,
)


def unbroken(html: str) -> str:
    """The same page, with spaces that do not break inside percentages and amounts of money."""
    return _PIECE.sub(lambda piece: NO_BREAK if piece[0] == " " else piece[0], html)

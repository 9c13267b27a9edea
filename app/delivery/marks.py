"""Marks that stand in a template where something else will be: Liquid, a link, the way out.

They are noncharacters (U+FDD0 to U+FDEF), which no text may contain: Markdown, HTML and CSS
inlining pass them through, and nothing that a person typed can imitate them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import Any

_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_LINK, _FILL, _END = "\ufdd2", "\ufdd3", "\ufdd4"
UNSUBSCRIBE = "\ufdd5"
PIXEL = "\ufdd6"
_OURS = re.compile("[\ufdd0-\ufdef]")

LIQUID = re.compile(f"{_OPEN}([ot])(\\d+){_CLOSE}")
TAG_LINE = re.compile(f"(?:{_OPEN}t\\d+{_CLOSE}[ \\t]*)+")

_SOURCE = re.compile(
    r"(?P<raw>\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\})"
    r"|(?P<comment>\{%-?\s*comment\s*-?%\}.*?\{%-?\s*endcomment\s*-?%\})"
    r"|(?P<tag>\{%.*?%\})|(?P<output>\{\{.*?\}\})",
    re.DOTALL,
)
_RAW = re.compile(r"^(\{%-?\s*raw\s*-?%\})(.*?)(\{%-?\s*endraw\s*-?%\})$", re.DOTALL)


@dataclass
class Protected:
    """A source whose Liquid was taken out; `restore` puts it back into whatever was made of it."""

    text: str
    pieces: list[str] = field(default_factory=list)

    def restore(self, made: str) -> str:
        """Put every piece of Liquid back where its mark stands."""
        return LIQUID.sub(lambda match: self.pieces[int(match[2])], made)

    def restore_html(self, made: str) -> str:
        """The same in HTML: what stands between `raw` tags is text there, too."""
        return LIQUID.sub(lambda match: _raw_as_text(self.pieces[int(match[2])]), made)


def protect(source: str, pieces: list[str] | None = None) -> Protected:
    """Take Liquid out of a source, so that Markdown does not read it.

    Sources of one mail share their `pieces`.
    """
    protected = Protected("", [] if pieces is None else pieces)

    def take(match: re.Match[str]) -> str:
        protected.pieces.append(match[0])
        kind = "o" if match["output"] or match["raw"] else "t"
        return f"{_OPEN}{kind}{len(protected.pieces) - 1}{_CLOSE}"

    protected.text = _SOURCE.sub(take, _OURS.sub("", source))
    return protected


def _raw_as_text(piece: str) -> str:
    return _RAW.sub(lambda raw: f"{raw[1]}{escape(raw[2], quote=False)}{raw[3]}", piece)


def link(position: int, fills: tuple[str, ...]) -> str:
    """The mark of a link, with the marks of its personal values."""
    return f"{_LINK}{position}{''.join(_FILL + fill for fill in fills)}{_END}"


def place_links(made: str, address: Callable[[int, tuple[str, ...]], str]) -> str:
    """Replace the marks of links by addresses. Splitting is ten times as fast as a pattern here."""
    first, *others = made.split(_LINK)
    pieces = [first]
    for other in others:
        mark, _, rest = other.partition(_END)
        position, *fills = mark.split(_FILL)
        pieces += (address(int(position), tuple(fills)), rest)
    return "".join(pieces)


def clean(value: Any) -> Any:
    """A person's value without our marks, however deep they hide."""
    if isinstance(value, str):
        return value if value.isascii() else _OURS.sub("", value)
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return value

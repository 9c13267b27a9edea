"""Marks that stand in a template where something else will be: Liquid, a link, the way out.

They are noncharacters (U+FDD0 to U+FDEF), which no text may contain: Markdown, HTML and CSS
inlining pass them through, and nothing that a person typed can imitate them.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Any, NamedTuple

_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_LINK, _FILL, _END = "\ufdd2", "\ufdd3", "\ufdd4"
UNSUBSCRIBE = "\ufdd5"
WAY_OUT = "unsubscribe_url"  # the name by which a body asks for it
PIXEL = "\ufdd6"
_VALUE, _VALUE_END = "\ufdd7", "\ufdd8"
_PLACED, _PLACED_END = "\ufdd9", "\ufdda"
BREAK = "\ufddb"  # a line's end in a value that is printed in HTML
_LINE, _NEXT, _LINE_END = "\ufddc", "\ufddd", "\ufdde"
_CHART, _CHART_END = "\ufde0", "\ufde1"
UPLOAD = "\ufddf"  # where images of ours are; the name of one follows
_OURS = re.compile("[\ufdd0-\ufdef]")
_AS_IT_IS = re.compile(r"<pre\b(?:(?!<pre\b|</pre>).)*</pre>|<[^<>]*>", re.DOTALL)
_LINES = re.compile(f"{_LINE}([^{_LINE}{_NEXT}]*){_NEXT}([^{_LINE}{_LINE_END}]*){_LINE_END}")
_LINE_MARKS = re.compile(f"{_LINE}[^{_LINE}{_NEXT}]*{_NEXT}|{_LINE_END}")
_VALUE_PLACED = re.compile(f"{_PLACED}([a-z])([^{_PLACED}{_PLACED_END}]*){_PLACED_END}")
_CHART_PLACED = re.compile(f"{_CHART}(\\d+){_CHART_END}")
IMAGE = re.compile(f"<img[^<>{PIXEL}]*{PIXEL}[^<>]*>")  # the whole pixel; each sign is read once
_PERSONAL = re.compile(
    f"{_LINK}(?P<link>\\d+)(?P<fills>(?:{_FILL}{_VALUE}\\d+{_VALUE_END})*){_END}"
    f"|(?P<way_out>{UNSUBSCRIBE})|(?P<pixel>{IMAGE.pattern})|{_VALUE}(?P<value>\\d+){_VALUE_END}"
)

LIQUID = re.compile(f"{_OPEN}([ot])(\\d+){_CLOSE}")
TAG_LINE = re.compile(f"(?:{_OPEN}t\\d+{_CLOSE}[ \\t]*)+")
TAGS_ALONE = re.compile(f"(?<!\\s)\\s*(?:{_OPEN}t\\d+{_CLOSE}\\s*)+")
_COMMENT = re.compile(f"<!--({TAG_LINE.pattern})-->")  # as tags between blocks are written first

_OPENING = re.compile(r"\{[{%]")
_BLOCK = re.compile(r"\{%-?\s*(raw|comment)\s*-?%\}")
_ENDS = {
    "raw": re.compile(r"\{%-?\s*endraw\s*-?%\}"),
    "comment": re.compile(r"\{%-?\s*endcomment\s*-?%\}"),
    "tag": re.compile(r"%\}"),
    "output": re.compile(r"\}\}"),
}
_PRINTS = {"raw", "output"}
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
        bare = _COMMENT.sub(r"\1", made)
        return LIQUID.sub(lambda match: _raw_as_text(self.pieces[int(match[2])]), bare)

    def breaks(self) -> list[int]:
        """The places of Liquid that has lines of its own, once for each end of a line in it."""
        return [
            found.start()
            for found in LIQUID.finditer(self.text)
            for _ in range(self.pieces[int(found[2])].count("\n"))
        ]

    def add(self, piece: str) -> str:
        """The mark of one more output."""
        self.pieces.append(piece)
        return f"{_OPEN}o{len(self.pieces) - 1}{_CLOSE}"


def protect(source: str, pieces: list[str] | None = None) -> Protected:
    """Take Liquid out of a source, so that Markdown does not read it.

    Sources of one mail share their `pieces`.
    """
    protected = Protected("", [] if pieces is None else pieces)

    plain, place = _OURS.sub("", source), 0
    left: list[str] = []
    for start, end, kind in _liquid_in(plain):
        mark = f"{_OPEN}{'o' if kind in _PRINTS else 't'}{len(protected.pieces)}{_CLOSE}"
        left += (plain[place:start], mark)
        protected.pieces.append(plain[start:end])
        place = end
    protected.text = "".join((*left, plain[place:]))
    return protected


def _liquid_in(source: str) -> Iterator[tuple[int, int, str]]:
    """Where each piece of Liquid begins and ends, and what it is.

    An end that is not found once is not looked for again, so that it takes as long as the source.
    """
    absent: set[str] = set()

    def end_of(kind: str, start: int) -> int | None:
        found = None if kind in absent else _ENDS[kind].search(source, start)
        if found is None:
            absent.add(kind)
        return found.end() if found else None

    place = 0
    while opening := _OPENING.search(source, place):
        kind, end = "", None
        if block := _BLOCK.match(source, opening.start()):
            kind, end = block[1], end_of(block[1], block.end())
        if end is None:
            kind = "tag" if opening[0] == "{%" else "output"
            end = end_of(kind, opening.end())
        if end is not None:
            yield opening.start(), end, kind
        place = end or opening.start() + 1


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


def chart(number: int) -> str:
    """The mark of a chart's address: its place in the body."""
    return f"{_CHART}{number}{_CHART_END}"


def place_charts(made: str, address: Callable[[int], str]) -> str:
    """Replace the marks of charts by addresses."""
    if _CHART not in made:
        return made
    return _CHART_PLACED.sub(lambda mark: address(int(mark[1])), made)


def placed(place: str, fill: str) -> str:
    """The mark of a value within an address that is no link of ours: where it stands, and it."""
    return f"{_PLACED}{place}{fill}{_PLACED_END}"


def place_values(made: str, encode: Callable[[str, str], str]) -> str:
    """Encode such values for where they stand."""
    if _PLACED not in made:
        return made
    return _VALUE_PLACED.sub(lambda value: encode(value[1], value[2]), made)


def unescaped(value: str) -> str:
    """A value that was printed in HTML, as it was before."""
    return unescape(value).replace(BREAK, "\n")


def place_breaks(made: str) -> str:
    """End lines in HTML where a value's lines end; within a tag and in code, as a text does."""
    if BREAK not in made:
        return made
    kept = _AS_IT_IS.sub(lambda found: found[0].replace(BREAK, "\n"), made)
    return kept.replace(BREAK, "<br>\n")


def begun(line: str, *, first: str, others: str) -> str:
    """A line of text behind what it begins with; the other lines of its values begin otherwise."""
    if line.startswith(_LINE):
        before, _, rest = line[1:].partition(_NEXT)
        return f"{_LINE}{others}{before}{_NEXT}{first}{rest}"
    if f"{_OPEN}o" not in line:
        return f"{first}{line}"
    return f"{_LINE}{others}{_NEXT}{first}{line}{_LINE_END}"


def place_lines(made: str) -> str:
    """Begin the lines of values as their places ask for."""
    if _LINE not in made:
        return made
    return _LINES.sub(lambda line: line[2].replace("\n", f"\n{line[1]}"), made)


class Piece(NamedTuple):
    """What stands between the words of a template: one of these, and the rest is nothing."""

    value: str = ""  # the name of a column
    link: int = 0
    fills: tuple[str, ...] = ()  # the names of the columns that fill the link's address
    is_way_out: bool = False
    pixel: str = ""  # the whole image, with its mark


def pieces(literals: Sequence[str], names: Sequence[str]) -> list[str | Piece] | None:
    """A template of words and names by turns, taken apart; None where marks stand otherwise."""
    numbered = (f"{_VALUE}{number}{_VALUE_END}" for number in range(len(names)))
    whole = literals[0] + "".join(map("".join, zip(numbered, literals[1:], strict=True)))
    source = _LINE_MARKS.sub("", whole)  # whose values have several lines gets no prepared mail
    found: list[str | Piece] = []
    place = 0
    for match in _PERSONAL.finditer(source):
        found += (source[place : match.start()], _piece(match, names))
        place = match.end()
    found.append(source[place:])
    if any(isinstance(piece, str) and _OURS.search(piece) for piece in found):
        return None
    return found


def _piece(match: re.Match[str], names: Sequence[str]) -> Piece:
    if match["value"]:
        name = names[int(match["value"])]
        return Piece(is_way_out=True) if name == WAY_OUT else Piece(value=name)
    if match["link"]:
        fills = re.findall(r"\d+", match["fills"])
        return Piece(link=int(match["link"]), fills=tuple(names[int(fill)] for fill in fills))
    return Piece(is_way_out=bool(match["way_out"]), pixel=match["pixel"] or "")


def clean(value: Any) -> Any:
    """A person's value without our marks, however deep they hide."""
    if isinstance(value, str):
        return value if value.isascii() else _OURS.sub("", value)
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return value

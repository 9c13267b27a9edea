"""`{% chart bar "Your week" mon: "Monday", tue %}`: a person's own columns as a picture.

A chart names columns and nothing else, so that its address need say no more than which chart of
which send it is: what it shows is read anew where it is drawn. Beside it, and in the text part, the
same is said in words.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import Any, TextIO

from liquid import RenderContext
from liquid.ast import Node
from liquid.builtin.expressions import Path
from liquid.exceptions import LiquidSyntaxError
from liquid.expression import Expression
from liquid.stream import TokenStream
from liquid.tag import Tag
from liquid.token import TOKEN_EXPRESSION, TOKEN_TAG, Token
from liquid.undefined import is_undefined

from app.delivery.mail import cells, marks
from app.delivery.mail.broken import BrokenLiquid, MissingColumn
from app.languages import written
from app.languages.words import ENGLISH, words_of

WIDE = 560  # pixels that a chart takes in a mail; it is drawn with twice as many
_MOST_PARTS = 31  # days of a month
_MOST_SHARES = 8  # colours that are told apart
_LONGEST_TITLE = 80
_LARGEST = 1e15  # beyond, the digits of a number are not what was written
_CHART = re.compile(r"\{%-?\s*chart\b")
_TOKEN = re.compile(
    r"(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<name>[A-Za-z_]\w*)|(?P<sign>[:,])"
    r"|(?P<number>\d{1,3})(?!\w))\s*"
)
_SHAPE = (
    'Write it as {% chart bar "Your week" mon: "Monday", tue: "Tuesday" %}: bar, line or share, a'
    " title, and columns."
)


class Look(StrEnum):
    """How a chart is drawn."""

    BAR = "bar"
    LINE = "line"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as its author wrote it: columns, and what each is called in it."""

    look: Look
    title: str
    columns: tuple[str, ...]
    labels: tuple[str, ...]
    number: int = 0  # its place among the charts of its body, from 1

    def values(self, row: Mapping[str, object]) -> tuple[float | None, ...]:
        """A person's numbers; None where they have none. Raises MissingColumn or BrokenLiquid."""
        found = tuple(_number(row.get(name)) for name in self.columns)
        known = [value for value in found if value is not None]
        if not known:
            raise MissingColumn(self.columns[0])
        if self.look is Look.SHARE and (min(known) < 0 or sum(known) == 0):
            raise BrokenLiquid(
                f"The chart “{self.title}” shows shares of a whole, and needs numbers that are not"
                " below nought and not all nought."
            )
        return found

    def words(self, values: Sequence[float | None], language: str) -> str:
        """The same in words, in the mail's language."""
        none, whole = words_of(language).say("no number"), sum(filter(None, values))
        said = (
            f"{label} {none if value is None else self._said(value, whole, language)}"
            for label, value in zip(self.labels, values, strict=True)
        )
        return f"{self.title}: {'; '.join(said)}"

    def _said(self, value: float, whole: float, language: str) -> str:
        number = written.number(round(value, 2) + 0.0, language)  # no "-0"
        is_share = self.look is Look.SHARE
        return f"{number} ({written.percent(value / whole, language)})" if is_share else number


def numbered(liquid: marks.Protected) -> None:
    """Give each chart of a body its place, which its address names."""
    count = 0
    for place, piece in enumerate(liquid.pieces):
        if found := _CHART.match(piece):
            count += 1
            liquid.pieces[place] = f"{found[0]} {count}{piece[found.end() :]}"


def charts_in(body: str) -> tuple[Chart, ...]:
    """The charts of a body, in their order. Raises BrokenLiquid."""
    liquid = marks.protect(body)
    numbered(liquid)
    return tuple(
        read(piece[found.end() :].removesuffix("%}").removesuffix("-"))
        for piece in liquid.pieces
        if (found := _CHART.match(piece))
    )


def read(source: str) -> Chart:
    """What stands between `chart` and the end of its tag. Raises BrokenLiquid."""
    tokens = list(_tokens(source))
    number = int(tokens.pop(0)[1]) if tokens and tokens[0][0] == "number" else 0
    if len(tokens) < 3 or tokens[0][0] != "name" or tokens[1][0] != "text":
        raise BrokenLiquid(f"A chart is not written so. {_SHAPE}")
    look, title = tokens[0][1], tokens[1][1].strip()
    if look not in set(Look):
        raise BrokenLiquid(f"There is no chart “{look}”. {_SHAPE}")
    if not title or len(title) > _LONGEST_TITLE:
        raise BrokenLiquid(f"A chart has a title of {_LONGEST_TITLE} characters at most.")
    parts = _parts(tokens[2:])
    most = _MOST_SHARES if look == Look.SHARE else _MOST_PARTS
    if len(parts) > most:
        raise BrokenLiquid(f"The chart “{title}” has {len(parts)} columns; {most} are the most.")
    names = tuple(name for name, _ in parts)
    plain = _plain_labels(names)
    labels = tuple(label or plain[place] for place, (_, label) in enumerate(parts))
    return Chart(Look(look), title, names, labels, number)


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    at = 0
    source = source.strip()
    while at < len(source):
        found = _TOKEN.match(source, at)
        if found is None:
            raise BrokenLiquid(f"“{source[at : at + 20]}” has no place in a chart. {_SHAPE}")
        kind = str(found.lastgroup)
        yield "text" if kind in {"double", "single"} else kind, found[kind]
        at = found.end()


def _parts(tokens: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Columns with their labels, a comma between two or none."""
    parts: list[tuple[str, str]] = []
    waits = False  # for a label
    for kind, said in tokens:
        if waits and kind == "text":
            parts[-1] = (parts[-1][0], said.strip())
        elif kind == "name" and not waits:
            parts.append((said, ""))
        elif (kind, said) not in {("sign", ":"), ("sign", ",")} or waits or not parts:
            raise BrokenLiquid(f"“{said}” has no place in a chart here. {_SHAPE}")
        waits = (kind, said) == ("sign", ":")
    if waits:
        raise BrokenLiquid(f"A label is missing behind “:”. {_SHAPE}")
    return parts


def _plain_labels(names: Sequence[str]) -> list[str]:
    """What columns are called without what the names of all begin with: minutes_mon is Mon."""
    split = [name.split("_") for name in names]
    shared = 0
    while len(names) > 1 and len({tuple(one[: shared + 1]) for one in split}) == 1:
        shared += 1
    rest = [" ".join(one[shared:]).strip() or " ".join(one) for one in split]
    return [f"{said[:1].upper()}{said[1:]}" for said in rest]


def _number(cell: object) -> float | None:
    if cell is None or cell == "" or is_undefined(cell):
        return None
    found = cells.number_of(cell)
    if found is None:
        raise BrokenLiquid(f"“{str(cell)[:60]}” is no number, and “chart” needs one.")
    if abs(found) > _LARGEST:
        raise BrokenLiquid(f"“{str(cell)[:60]}” is too large to be drawn.")
    return float(found)


_Write = Callable[[Chart, str], str]


class _ChartNode(Node):
    """A chart among the nodes of a template: its columns are what it expects from outside."""

    __slots__ = ("chart", "paths", "write")

    def __init__(self, token: Token, chart: Chart, write: _Write) -> None:
        super().__init__(token)
        self.chart, self.write, self.blank = chart, write, False
        self.paths = [Path(token, [name]) for name in chart.columns]

    def __str__(self) -> str:
        return f"chart {self.chart.title}"

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write it for one person."""
        row = {
            name: path.evaluate(context)
            for name, path in zip(self.chart.columns, self.paths, strict=True)
        }
        values = self.chart.values(row)
        language = str(context.globals.get(cells.LANGUAGE) or ENGLISH)
        return buffer.write(self.write(self.chart, self.chart.words(values, language)))

    def expressions(self) -> list[Expression]:
        """The columns."""
        return list(self.paths)


def _image(chart: Chart, words: str) -> str:
    return (
        f'<img src="{marks.chart(chart.number)}" width="{WIDE}" alt="{escape(words)}"'
        f' style="display:block;width:100%;max-width:{WIDE}px;height:auto;border:0">'
    )


class _ChartTag(Tag):
    """`{% chart … %}`."""

    name = "chart"
    block = False

    def parse(self, stream: TokenStream) -> Node:
        """One chart. Raises LiquidSyntaxError with its place."""
        token = stream.eat(TOKEN_TAG)
        source = stream.current
        said = str(source.value) if source.kind == TOKEN_EXPRESSION else ""
        try:
            return _ChartNode(token, read(said), self.write)
        except BrokenLiquid as error:
            raise LiquidSyntaxError(str(error).removesuffix("."), token=token) from error

    def write(self, chart: Chart, words: str) -> str:  # noqa: ARG002 - where there are no pictures
        """In a text, a paragraph of its own."""
        return f"{words}\n\n"


class ChartInHtml(_ChartTag):
    """The picture, with its words for whoever does not see it."""

    def write(self, chart: Chart, words: str) -> str:
        """In HTML."""
        return _image(chart, words)


ChartInText: Any = _ChartTag

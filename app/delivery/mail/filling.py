"""Fills a template for one person.

By joining strings where it holds plain placeholders only, by Liquid where it holds more: both give
the same. Joining costs what it looks like and is done here. What Liquid costs is up to its author:
a child process does it, within limits, for many people at once.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from app.delivery.mail import liquid
from app.delivery.mail.broken import BrokenLiquid, MissingColumn
from app.delivery.mail.filters import OUTPUT_BYTES
from app.delivery.mail.liquid import Kind
from app.platform import bounded, figures
from app.platform.bounded import OverLimit
from app.platform.errors import AppError, or_raise, tried

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_LIQUID = re.compile(r"\{\{|\{%")
_AT_A_TIME = 100  # people for whom a child fills templates in one go
_WORDS_OF_LIQUID = {"true", "false", "nil", "null", "empty", "blank"}


class Filler(Protocol):
    """A template, ready for people."""

    columns: frozenset[str]
    alone: frozenset[str]  # of them, those that a condition asks for without comparing
    made: frozenset[str]  # and those of which it asks for what a filter made of them

    def fill(self, columns: Mapping[str, object]) -> str:
        """What the template says to one person."""


class Joined:
    """Literals and names by turns."""

    def __init__(self, source: str, printed: Callable[[object], str]) -> None:
        parts = _PLACEHOLDER.split(source)
        self.literals, self.names = parts[0::2], parts[1::2]
        self._printed = printed
        self.columns = frozenset(self.names)
        self.alone = self.made = frozenset[str]()

    def fill(self, columns: Mapping[str, object]) -> str:
        values = {name: self._spoken(name, columns.get(name)) for name in self.columns}
        _refuse_endless(sum(len(values[name]) for name in self.names))
        pieces = [self.literals[0]]
        for name, literal in zip(self.names, self.literals[1:], strict=True):
            pieces += (values[name], literal)
        return "".join(pieces)

    def _spoken(self, name: str, value: object) -> str:
        if value is None or value == "":
            raise MissingColumn(name)
        return self._printed(value)


def _refuse_endless(characters: int) -> None:
    """What cells add is bounded as what Liquid writes is, and told before it is written."""
    if characters > OUTPUT_BYTES:
        raise BrokenLiquid(
            "What stands in their columns makes it longer than"
            f" {figures.count(OUTPUT_BYTES)} characters."
        )


class _Rendered:
    """A Liquid template."""

    def __init__(self, kind: Kind, source: str) -> None:
        self.template = (kind, source)
        names = bounded.ask(liquid.columns_of, kind, source, about=self.template)
        self.columns, self.alone, self.made = names

    def fill(self, columns: Mapping[str, object]) -> str:
        [found] = fill_all([self], [columns])
        return or_raise(found)[0]


def fill_all(
    fillers: Sequence[Filler], rows: Sequence[Mapping[str, object] | AppError]
) -> list[list[str] | AppError]:
    """What the templates say to each person, or why they cannot: why not before goes through.

    What is too slow for one of them is so for all: nobody waits for it a second time.
    """
    templates = [filler.template for filler in fillers if isinstance(filler, _Rendered)]
    known = [row for row in rows if not isinstance(row, AppError)]
    made = iter(_rendered(templates, known) if templates else [[] for _ in known])
    return [row if isinstance(row, AppError) else _filled(fillers, row, next(made)) for row in rows]


def _rendered(
    templates: Sequence[tuple[Kind, str]], rows: Sequence[Mapping[str, object]]
) -> list[list[str] | AppError]:
    made: list[list[str] | AppError] = []
    try:
        while len(made) < len(rows):
            people = rows[len(made) : len(made) + _AT_A_TIME]
            about = tuple(templates)
            made += bounded.ask(liquid.fill_all, templates, people, pieces=len(people), about=about)
    except OverLimit as error:
        made += [error] * (len(rows) - len(made))
    return made


def _filled(
    fillers: Sequence[Filler], row: Mapping[str, object], made: list[str] | AppError
) -> list[str] | AppError:
    """All parts in their order: those that were made, and those that are joined here."""
    if isinstance(made, AppError):
        return made
    texts = iter(made)

    def every() -> list[str]:
        return [
            next(texts) if isinstance(filler, _Rendered) else filler.fill(row) for filler in fillers
        ]

    return tried(every)


def html(source: str) -> Filler:
    """Prepare a template whose values are escaped for HTML. Raises BrokenLiquid."""
    return Joined(source, liquid.printed_in_html) if is_plain(source) else rendered_html(source)


def text(source: str) -> Filler:
    """Prepare a template whose values stand as they are. Raises BrokenLiquid."""
    return Joined(source, liquid.printed) if is_plain(source) else rendered_text(source)


def rendered_html(source: str) -> Filler:
    """The same by Liquid, whatever the template holds."""
    return _Rendered(Kind.HTML, source)


def rendered_text(source: str) -> Filler:
    """The same by Liquid, whatever the template holds."""
    return _Rendered(Kind.TEXT, source)


def is_plain(source: str) -> bool:
    """Nothing but `{{ column }}` stands in the template."""
    if any(name in _WORDS_OF_LIQUID for name in _PLACEHOLDER.findall(source)):
        return False
    return not _LIQUID.search(_PLACEHOLDER.sub("", source))

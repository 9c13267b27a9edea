"""Fills a template for one person.

By joining strings where it holds plain placeholders only, by Liquid where it holds more: both give
the same.
"""

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from liquid import BoundTemplate

from app.delivery import liquid
from app.delivery.liquid import MissingColumn

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_LIQUID = re.compile(r"\{\{|\{%")
_WORDS_OF_LIQUID = {"true", "false", "nil", "null", "empty", "blank"}


class Filler(Protocol):
    """A template, ready for people."""

    columns: frozenset[str]

    def fill(self, columns: Mapping[str, object]) -> str:
        """What the template says to one person."""


class _Joined:
    """Literals and names by turns."""

    def __init__(self, source: str, printed: Callable[[object], str]) -> None:
        parts = _PLACEHOLDER.split(source)
        self._literals, self._names = parts[0::2], parts[1::2]
        self._printed = printed
        self.columns = frozenset(self._names)

    def fill(self, columns: Mapping[str, object]) -> str:
        values = {name: self._spoken(name, columns.get(name)) for name in self.columns}
        pieces = [self._literals[0]]
        for name, literal in zip(self._names, self._literals[1:], strict=True):
            pieces += (values[name], literal)
        return "".join(pieces)

    def _spoken(self, name: str, value: object) -> str:
        if value is None or value == "":
            raise MissingColumn(name)
        return self._printed(value)


class _Rendered:
    """A parsed Liquid template."""

    def __init__(self, template: BoundTemplate) -> None:
        self._template = template
        self.columns = frozenset(liquid.columns_in(template))

    def fill(self, columns: Mapping[str, object]) -> str:
        return liquid.render(self._template, columns)


def html(source: str) -> Filler:
    """Prepare a template whose values are escaped for HTML. Raises BrokenLiquid."""
    return _Joined(source, liquid.printed_in_html) if is_plain(source) else rendered_html(source)


def text(source: str) -> Filler:
    """Prepare a template whose values stand as they are. Raises BrokenLiquid."""
    return _Joined(source, liquid.printed) if is_plain(source) else rendered_text(source)


def rendered_html(source: str) -> Filler:
    """The same by Liquid, whatever the template holds."""
    return _Rendered(liquid.html_template(source))


def rendered_text(source: str) -> Filler:
    """The same by Liquid, whatever the template holds."""
    return _Rendered(liquid.text_template(source))


def is_plain(source: str) -> bool:
    """Nothing but `{{ column }}` stands in the template."""
    if any(name in _WORDS_OF_LIQUID for name in _PLACEHOLDER.findall(source)):
        return False
    return not _LIQUID.search(_PLACEHOLDER.sub("", source))

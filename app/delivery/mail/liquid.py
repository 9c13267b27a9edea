"""Liquid as authors may use it: no files, no includes, limits on loops and output.

A column that a person lacks (absent or empty) may be tested and may have a `default`; printing it
is MissingColumn, so that nobody gets a half-filled mail.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, TextIO

from liquid import BoundTemplate, Environment, FalsyStrictUndefined, RenderContext
from liquid.builtin.output import Output, OutputNode
from liquid.exceptions import LiquidError, UndefinedError
from liquid.stringify import to_liquid_string
from liquid.utils import ReadOnlyChainMap
from markupsafe import escape

from app.delivery.mail import asking, comparing, filters, marks
from app.delivery.mail.broken import BrokenLiquid, MissingColumn
from app.delivery.mail.charting import ChartInHtml, ChartInText
from app.platform import allowance
from app.platform.errors import AppError

_PARSED = 64  # templates that a process keeps ready
_REPLY_CHARS = 4_000_000  # of all mails in one answer; the others are asked for again
_TAGS_WITHOUT_PLACE = (
    "include", "render", "capture", "cycle", "increment", "decrement", "tablerow", "liquid", "echo",
    "ifchanged", "doc",
)  # fmt: skip
_TOO_DEEP = "It is nested too deep."


class _Missing(FalsyStrictUndefined):
    force_liquid_default = True


class _Timeless(RenderContext):
    """Without the library's clock: the moment is among the person's cells."""

    def __init__(self, template: BoundTemplate, **kwargs: Any) -> None:
        super().__init__(template, **kwargs)
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)


class _Template(BoundTemplate):
    context_class = _Timeless


class _Limited(Environment):
    template_class = _Template
    output_stream_limit = filters.OUTPUT_BYTES
    loop_iteration_limit = filters.LOOPS
    local_namespace_limit = filters.OUTPUT_BYTES


class _EscapedNode(OutputNode):
    """Escapes whatever is printed: the library's own way would let literals pass as markup."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return buffer.write(printed_in_html(self.expression.evaluate(context)))


class _EscapedOutput(Output):
    node_class = _EscapedNode


def _environment() -> Environment:
    environment = _Limited(undefined=_Missing)
    for tag in _TAGS_WITHOUT_PLACE:
        environment.tags.pop(tag, None)
    environment.filters = filters.author_filters(environment.filters)
    return environment


_HTML = _environment()
_HTML.add_tag(_EscapedOutput)
_HTML.add_tag(ChartInHtml)
_TEXT = _environment()
_TEXT.add_tag(ChartInText)


class Kind(StrEnum):
    """What a template writes: HTML, with its values escaped, or plain text."""

    HTML = "html"
    TEXT = "text"


@lru_cache(maxsize=_PARSED)
def _template(kind: Kind, source: str) -> BoundTemplate:
    return html_template(source) if kind is Kind.HTML else text_template(source)


def html_template(source: str) -> BoundTemplate:
    """A template whose values are escaped for HTML."""
    return _parse(_HTML, source)


def text_template(source: str) -> BoundTemplate:
    """A template whose values stand as they are."""
    return _parse(_TEXT, source)


def printed(value: object) -> str:
    """A value as it is printed; every line end is a plain one, as in a rendered template."""
    said = to_liquid_string(value, autoescape=False)
    return said.replace("\r\n", "\n").replace("\r", "\n") if "\r" in said else said


def printed_in_html(value: object) -> str:
    """A value as it is printed in HTML, with a mark where its lines end."""
    said = str(escape(printed(value)))
    return said.replace("\n", marks.BREAK) if "\n" in said else said


def render(template: BoundTemplate, columns: Mapping[str, object]) -> str:
    """Fill a template for one person. Raises MissingColumn or BrokenLiquid."""
    try:
        return template.render(known(columns))
    except UndefinedError as error:
        raise MissingColumn(_name_in(error)) from error
    except LiquidError as error:
        raise BrokenLiquid(_sentence(error), line=_line(error)) from error
    except RecursionError as error:
        raise BrokenLiquid(_TOO_DEEP) from error
    except (AppError, MemoryError):
        raise
    except Exception as error:  # the library's own mishaps: their author is told all the same
        raise BrokenLiquid(f"it cannot be worked out ({type(error).__name__}).") from error


class Names(NamedTuple):
    """The names that a template expects from outside."""

    used: frozenset[str]
    alone: frozenset[str]  # of them, those that a condition asks for without comparing: `if vip`
    made: frozenset[str]  # and those of which it asks for what a filter made of them


def columns_of(kind: Kind, source: str) -> Names:
    """The names that a template expects from outside. Raises BrokenLiquid where it does not parse.

    This and `fill_all` are asked of a child process: what they cost is up to whoever wrote it.
    """
    template = _template(kind, source)
    used = frozenset(columns_in(template))
    asked = asking.asked(template)
    return Names(used, used & asked.alone, used & asked.made)


def fill_all(
    templates: Sequence[tuple[Kind, str]], rows: Sequence[Mapping[str, object]]
) -> list[list[str] | AppError]:
    """What the templates say to each person, or why they cannot; at least to the first of them."""
    answers: list[list[str] | AppError] = []
    written = 0
    for row in rows:
        allowance.next_piece()
        try:
            texts = [render(_template(*template), row) for template in templates]
            answers.append(texts)
            written += sum(map(len, texts))
        except AppError as error:
            answers.append(error.with_traceback(None))
        if written > _REPLY_CHARS:
            break
    return answers


def known(columns: Mapping[str, object]) -> dict[str, object]:
    """The columns that say something: an empty cell is a missing one."""
    return {name: value for name, value in columns.items() if value is not None and value != ""}


def columns_in(template: BoundTemplate) -> set[str]:
    """The names that a template expects from outside."""
    return set(template.analyze().globals)


def _parse(environment: Environment, source: str) -> BoundTemplate:
    try:
        template = environment.from_string(source)
        filters = template.analyze().filters
    except LiquidError as error:
        if isinstance(error.__cause__, RecursionError):
            raise BrokenLiquid(_TOO_DEEP) from error
        raise BrokenLiquid(_sentence(error), line=_line(error, source)) from error
    except RecursionError as error:
        raise BrokenLiquid(_TOO_DEEP) from error
    for name, spans in filters.items():
        if name not in environment.filters:  # the library would only notice while rendering
            line = source.count("\n", 0, spans[0].index) + 1
            raise BrokenLiquid(f"there is no filter “{name}”.", line=line)
    return comparing.by_value(template)


def _sentence(error: LiquidError) -> str:
    return f"{error.message or type(error).__name__}."


def _line(error: LiquidError, source: str = "") -> int | None:
    token = error.token
    if token is None or token.start_index < 0:
        return source.count("\n") + 1 if source else None
    return token.source.count("\n", 0, token.start_index) + 1


def _name_in(error: UndefinedError) -> str:
    """The message is `'column' is undefined`, or `column.part is undefined`."""
    return str(error.message).removesuffix(" is undefined").strip("'")

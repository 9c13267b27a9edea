"""Liquid as authors may use it: no files, no includes, limits on loops and output.

A column that a person lacks (absent or empty) may be tested and may have a `default`; printing it
is MissingColumn, so that nobody gets a half-filled mail.
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import wraps
from math import inf
from typing import Any, TextIO

from liquid import BoundTemplate, Environment, FalsyStrictUndefined, RenderContext, soft_str
from liquid.builtin.output import Output, OutputNode
from liquid.exceptions import LiquidError, UndefinedError
from liquid.stringify import to_liquid_string
from liquid.undefined import is_undefined
from markupsafe import escape

from app.audience import days
from app.audience.days import Order
from app.delivery import cells, comparing
from app.delivery.cells import Cell
from app.platform import clock
from app.platform.errors import Invalid

_OUTPUT_BYTES = 1_000_000  # trust.md, 1.3.7: what a user writes renders to 1 MB at most
_SECONDS = 1.0  # ours: what one part of one mail may take; most take a thousandth of it
_TURN = threading.local()  # when the mail at hand must be ready, by the monotonic clock
_LOOPS = 10_000  # rounds of all loops of one mail; a table of a thousand rows fits ten times
_TAGS_WITHOUT_PLACE = (
    "include", "render", "capture", "cycle", "increment", "decrement", "tablerow", "liquid", "echo",
    "ifchanged", "doc",
)  # fmt: skip
_ARITHMETIC = (
    "abs", "at_least", "at_most", "ceil", "divided_by", "floor", "minus", "modulo", "plus", "round",
    "times",
)  # fmt: skip
_PRESENT = ("now", "today")
_MARKUP = ("safe", "newline_to_br", "escape_once")  # nothing printed is markup


class BrokenLiquid(Invalid):
    """The template does not parse, or cannot be rendered for somebody."""

    title = "The Liquid does not work"

    def __init__(self, sentence: str, *, line: int | None = None) -> None:
        super().__init__(sentence if line is None else f"Line {line}: {sentence}")
        self.line = line


class TooSlow(BrokenLiquid):
    """A template that would keep everybody else waiting."""

    def __init__(self) -> None:
        super().__init__(f"It takes longer than {_SECONDS:g} second for one mail.")


class MissingColumn(Invalid):
    """Something that the content prints is missing for this person."""

    title = "A column is missing"

    def __init__(self, column: str) -> None:
        super().__init__(f"“{column}” is missing.")
        self.column = column


class _Missing(FalsyStrictUndefined):
    force_liquid_default = True


class _Limited(Environment):
    output_stream_limit = _OUTPUT_BYTES
    loop_iteration_limit = _LOOPS
    local_namespace_limit = _OUTPUT_BYTES


class _EscapedNode(OutputNode):
    """Escapes whatever is printed: the library's own way would let literals pass as markup."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        _refuse_slow()
        return buffer.write(printed_in_html(self.expression.evaluate(context)))


class _EscapedOutput(Output):
    node_class = _EscapedNode


def _environment() -> Environment:
    environment = _Limited(undefined=_Missing)
    for tag in _TAGS_WITHOUT_PLACE:
        environment.tags.pop(tag, None)
    for name in _MARKUP:
        environment.filters.pop(name, None)
    environment.filters["escape"] = soft_str
    for name in _ARITHMETIC:
        environment.filters[name] = _strict(name, environment.filters[name])
    environment.filters["date"] = _dated(environment.filters["date"])
    for name, calculate in environment.filters.items():
        environment.filters[name] = _bounded(name, calculate)
    return environment


def _bounded(name: str, calculate: Callable[..., Any]) -> Callable[..., Any]:
    """A filter gets no endless range and no time beyond the mail's; what it cannot do is said."""

    @wraps(calculate)
    def bounded(*args: object, **kwargs: object) -> object:
        _refuse_slow()
        if any(isinstance(one, range) and len(one) > _LOOPS for one in args):
            raise BrokenLiquid(f"“{name}” is asked to go over more than {_LOOPS:,} numbers.")
        try:
            return calculate(*args, **kwargs)
        except (ArithmeticError, ValueError) as error:
            raise BrokenLiquid(f"“{name}” cannot be done here: {error}.") from error

    return bounded


def _refuse_slow() -> None:
    if time.monotonic() > getattr(_TURN, "ends", inf):
        raise TooSlow


def _strict(name: str, calculate: Callable[..., Any]) -> Callable[..., Any]:
    """Arithmetic counts what is missing, or is no number, as zero; we do not."""

    @wraps(calculate)
    def checked(value: object, *args: object, **kwargs: object) -> object:
        operands = [_number(operand, name) for operand in (value, *args)]
        return cells.like(calculate(*operands, **kwargs), value)

    return checked


def _number(operand: object, name: str) -> object:
    if is_undefined(operand):
        str(operand)  # raises: it is missing
    found = cells.number_of(operand)
    if found is None:
        raise BrokenLiquid(f"“{str(operand)[:60]}” is no number, and “{name}” needs one.")
    return found


def _dated(write: Callable[..., Any]) -> Callable[..., Any]:
    """A date that Liquid would guess at is refused: a text counts where it says its year first."""

    @wraps(write)
    def checked(value: object, *args: object, **kwargs: object) -> object:
        if is_undefined(value):
            str(value)  # raises: it is missing
        return write(_day(value), *args, **kwargs)

    checked.with_environment = True  # type: ignore[attr-defined]  # the library's own mark
    return checked


def _day(value: object) -> object:
    found = cells.counted(value)
    if isinstance(found, date):
        return found
    if found in _PRESENT:
        return clock.now()
    if isinstance(found, int) and not isinstance(value, Cell) and not isinstance(found, bool):
        return datetime.fromtimestamp(found, UTC)
    day = days.read(found, Order.YEAR_FIRST) if isinstance(found, str) else None
    if day is None:
        raise BrokenLiquid(f"“{str(value)[:60]}” is no date, and “date” needs one.")
    return day


_HTML = _environment()
_HTML.add_tag(_EscapedOutput)
_TEXT = _environment()


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
    """A value as it is printed in HTML."""
    return str(escape(printed(value)))


def render(template: BoundTemplate, columns: Mapping[str, object]) -> str:
    """Fill a template for one person. Raises MissingColumn or BrokenLiquid."""
    _TURN.ends = time.monotonic() + _SECONDS
    try:
        return template.render(known(columns))
    except UndefinedError as error:
        raise MissingColumn(_name_in(error)) from error
    except LiquidError as error:
        raise BrokenLiquid(_sentence(error), line=_line(error)) from error


def known(columns: Mapping[str, object]) -> dict[str, object]:
    """The columns that say something: an empty cell is a missing one."""
    return {name: value for name, value in columns.items() if value is not None and value != ""}


def columns_in(template: BoundTemplate) -> set[str]:
    """The names that a template expects from outside."""
    return set(template.analyze().globals)


def _parse(environment: Environment, source: str) -> BoundTemplate:
    try:
        template = environment.from_string(source)
    except LiquidError as error:
        raise BrokenLiquid(_sentence(error), line=_line(error, source)) from error
    for name, spans in template.analyze().filters.items():
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

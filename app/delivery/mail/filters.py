"""Liquid's filters as authors may use them: strict where the library guesses, none without end."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from functools import wraps
from typing import Any, cast

from liquid import RenderContext, soft_str
from liquid.filter import with_context
from liquid.undefined import is_undefined

from app.delivery.mail import cells
from app.delivery.mail.broken import BrokenLiquid
from app.delivery.mail.cells import LANGUAGE, MOMENT, Cell
from app.languages import written
from app.languages.words import ENGLISH
from app.platform import figures, written_days
from app.platform.written_days import Order

_Filters = Mapping[str, Callable[..., Any]]
OUTPUT_BYTES = 1_000_000  # what a user writes renders to 1 MB at most, and so does every step
LOOPS = 10_000  # rounds of all loops of one mail; a table of a thousand rows fits ten times
_NUMBER_BITS = 256  # ours: no amount is longer, and longer ones double with every filter
_ARITHMETIC = (
    "abs", "at_least", "at_most", "ceil", "divided_by", "floor", "minus", "modulo", "plus", "round",
    "times",
)  # fmt: skip
_GROWING = ("append", "join", "prepend", "replace", "replace_first", "replace_last")
_PRESENT = ("now", "today")
_SIGN = re.compile(r"%[-_0^#]?[A-Za-z%]")
_NAMES = {"%A": "EEEE", "%a": "EEE", "%B": "MMMM", "%b": "MMM", "%h": "MMM"}  # as CLDR has them
_MARKUP = ("safe", "newline_to_br", "escape_once")  # nothing printed is markup


def author_filters(known: _Filters) -> dict[str, Callable[..., Any]]:
    """The library's filters, but those that make markup."""
    chosen = {name: calculate for name, calculate in known.items() if name not in _MARKUP}
    chosen["escape"] = soft_str
    chosen |= {name: _strict(name, chosen[name]) for name in _ARITHMETIC}
    chosen |= {"date": _dated, "number": _written, "money": _amount}
    return {name: _bounded(name, calculate) for name, calculate in chosen.items()}


def _bounded(name: str, calculate: Callable[..., Any]) -> Callable[..., Any]:
    """A filter takes and gives no more than a mail may hold; what it cannot do is said."""

    @wraps(calculate)
    def bounded(*args: object, **kwargs: object) -> object:
        if any(isinstance(arg, range) and len(arg) > LOOPS for arg in args):
            raise BrokenLiquid(
                f"“{name}” is asked to go over more than {figures.count(LOOPS)} numbers."
            )
        if name in _GROWING and _growth(name, *args) > OUTPUT_BYTES:
            raise BrokenLiquid(
                f"“{name}” makes more than {figures.count(OUTPUT_BYTES)} characters."
            )
        try:
            return _small(calculate(*args, **kwargs), name)
        except (ArithmeticError, ValueError) as error:
            raise BrokenLiquid(f"“{name}” cannot be done here: {error}.") from error

    return bounded


def _growth(name: str, value: object, *args: object) -> int:
    """How long the text can become that a filter makes, told before it is made."""
    if name == "join":
        items = value if isinstance(value, (list, tuple, range)) else ()
        between = len(str(args[0] if args else " ")) * len(items)
        return between + sum(len(item) for item in items if isinstance(item, str))
    if name in {"append", "prepend"}:
        return len(str(value)) + sum(len(str(arg)) for arg in args[:1])
    sought, put = (str(one) for one in (*args, "", "")[:2])
    text = str(value)
    times = text.count(sought) if name == "replace" else 1
    return len(text) + times * max(0, len(put) - len(sought))


def _small(made: object, name: str) -> object:
    if isinstance(made, str) and len(made) > OUTPUT_BYTES:
        raise BrokenLiquid(f"“{name}” makes more than {figures.count(OUTPUT_BYTES)} characters.")
    if isinstance(made, (list, tuple)) and len(made) > LOOPS:
        raise BrokenLiquid(f"“{name}” makes a list of more than {figures.count(LOOPS)} items.")
    if isinstance(made, int) and made.bit_length() > _NUMBER_BITS:
        raise BrokenLiquid(f"“{name}” makes a number that is too large.")
    return made


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


@with_context
def _dated(value: object, form: object, *, context: RenderContext) -> str:
    """A date in words, in the reader's language: by its length, or by signs as Liquid has them.

    What Liquid would guess at is refused: a text says its year first.
    """
    for one in (value, form):
        if is_undefined(one):
            str(one)  # raises: it is missing
    day, language = _day(value, now=context.globals[MOMENT]), _language(context)
    if str(form) in written.LENGTHS:
        return written.day(day, language, str(form))
    return day.strftime(_named(day, str(form), language))


def _named(day: datetime, form: str, language: str) -> str:
    """Signs that stand for a name of a day or a month, as the reader's language has it."""
    if written.locale_for(language).language == ENGLISH:
        return form

    def name(sign: re.Match[str]) -> str:
        pattern = _NAMES.get(sign[0])
        return written.form(day, pattern, language).replace("%", "%%") if pattern else sign[0]

    return _SIGN.sub(name, form)


@with_context
def _written(value: object, digits: object = None, *, context: RenderContext) -> str:
    """A number with the signs of the reader's language, and as many decimals as are asked for."""
    number = _number(value, "number")
    asked = None if digits is None else _number(digits, "number")
    if asked is not None and not isinstance(asked, int):
        raise BrokenLiquid("“number” takes how many decimals are wanted: a whole number.")
    return written.number(cast("float", number), _language(context), asked)


@with_context
def _amount(value: object, currency: object, *, context: RenderContext) -> str:
    """An amount of money, as the reader's language writes it."""
    number = _number(value, "money")
    return written.money(cast("float", number), _language(context), str(currency))


def _language(context: RenderContext) -> str:
    return str(context.globals.get(LANGUAGE) or ENGLISH)


def _day(value: object, *, now: Any) -> datetime:
    found = cells.counted(value)
    if found in _PRESENT:
        return cast("datetime", now)
    if isinstance(found, int) and not isinstance(value, Cell) and not isinstance(found, bool):
        return datetime.fromtimestamp(found, UTC)
    day = found if isinstance(found, date) else None
    if isinstance(found, str):
        day = written_days.read(found, Order.YEAR_FIRST)
    if day is None:
        raise BrokenLiquid(f"“{str(value)[:60]}” is no date, and “date” needs one.")
    return day if isinstance(day, datetime) else datetime.combine(day, time.min, now.tzinfo)

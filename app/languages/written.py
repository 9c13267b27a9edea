"""Days and numbers as a language writes them. Pure: Babel's data, no clock, no zone."""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.core import get_global
from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent

from app.languages.words import ENGLISH, locale_of

LENGTHS: Final = ("short", "medium", "long", "full")  # of a day: 22.11.26 to Sonntag, 22. …
_BRITISH = "en_GB"  # days before months, as everywhere else here
_PERCENT = "\u00a0%"  # never torn from its number
_FEWEST, _MOST = 0, 6  # decimals
_KEPT = 256  # languages that a process keeps ready: a column of a file may say anything
_HUNDRED, _MILLION = 100, 1_000_000


@lru_cache(maxsize=_KEPT)
def locale_for(language: str | None) -> Locale:
    """How somebody of this language writes; English of Britain where nobody knows it."""
    found = locale_of(language) if language else None
    if found is None or (found.language == ENGLISH and found.territory is None):
        return Locale.parse(_BRITISH)
    return found


def day(value: date, language: str | None, length: str = "long") -> str:
    """A day in words or figures, by one of `LENGTHS`."""
    return format_date(value, length, locale=locale_for(language))


def form(value: datetime, pattern: str, language: str | None) -> str:
    """A day by a pattern of Babel's (CLDR)."""
    return format_datetime(value, pattern, locale=locale_for(language), tzinfo=value.tzinfo)


def number(value: float | Decimal, language: str | None, digits: int | None = None) -> str:
    """A number with the signs of a language; `digits` after the decimal sign, or as many as are."""
    return format_decimal(value, _pattern(digits), locale=locale_for(language))


def short(value: float, language: str | None) -> str:
    """A number where there is little room: 1.2M from a million on, fewer decimals the larger."""
    if abs(value) >= _MILLION:
        return format_compact_decimal(value, fraction_digits=1, locale=locale_for(language))
    return number(round(value, 2 if abs(value) < _HUNDRED else 1), language)


def percent(value: float | Decimal, language: str | None, digits: int = 0) -> str:
    """A share: 0.12 is 12 percent, with the space that the language puts before the sign."""
    locale = locale_for(language)
    if locale.language == ENGLISH:  # as all of our pages write it
        return number(100 * value, language, digits) + _PERCENT
    pattern = locale.percent_formats[None].pattern
    kept = pattern.replace("#,##0", f"#,##0{_decimals(digits)}")
    return format_percent(value, kept, locale=locale)


def exact(value: float, language: str | None) -> str:
    """A number as somebody put it: decimals only where there are any, six at most."""
    return format_decimal(value, "#,##0.######", locale=locale_for(language))


def exact_percent(value: float, language: str | None) -> str:
    """Percent as somebody put them: 4.5 is `4,5 %` in German, with the space that belongs there."""
    locale = locale_for(language)
    around: str = locale.percent_formats[None].pattern.replace("#,##0", "{}")
    return around.format(exact(value, language))


def exact_money(value: float, language: str | None, currency: str) -> str:
    """An amount as somebody put it, `31.200 €`; in what is no currency of ISO 4217, behind it."""
    locale = locale_for(language)
    if currency not in get_global("all_currencies"):
        return f"{exact(value, language)} {currency}"
    kept = locale.currency_formats["standard"].pattern.replace("0.00", "0.######")
    return format_currency(value, currency, kept, locale=locale, currency_digits=False)


def short_day(value: date, language: str | None) -> str:
    """A day without its year: `6. Feb.` in German."""
    return format_skeleton("MMMd", value, locale=locale_for(language))


def long_day(value: date, language: str | None) -> str:
    """A day with its month in full, without its year: `6. Februar` in German."""
    return format_skeleton("MMMMd", value, locale=locale_for(language))


def weekday_time(value: datetime, language: str | None) -> str:
    """`Montag, 10:00`: a weekday, and the time of its zone."""
    return f"{form(value, 'EEEE', language)}, {value:%H:%M}"


def money(value: float | Decimal, language: str | None, currency: str) -> str:
    """An amount in a currency (ISO 4217), where the language puts its sign. Raises ValueError."""
    code = currency.strip().upper()
    if code not in get_global("all_currencies"):
        raise ValueError(f"“{currency}” is no currency; name one by its three letters, as EUR")
    return format_currency(value, code, locale=locale_for(language))


def _pattern(digits: int | None) -> str | None:
    return f"#,##0{_decimals(digits)}" if digits is not None else "#,##0.######"


def _decimals(digits: int) -> str:
    if not _FEWEST <= digits <= _MOST:
        raise ValueError(f"a number has {_FEWEST} to {_MOST} decimals")
    return f".{'0' * digits}" if digits else ""

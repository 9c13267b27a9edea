"""A cell read as a number: its decimal sign, its thousands, its unit; never a digit lost."""

import re
from decimal import Decimal
from enum import StrEnum


class Decimals(StrEnum):
    """Which sign stands before the decimals."""

    POINT = "decimal_point"
    COMMA = "decimal_comma"


_SPACES = re.compile("[\u00a0\u2007\u2009\u202f]")  # no-break, figure, thin, narrow no-break
_NO_CENTS = re.compile(r"(?<=[0-9])[.,]\s?[-\u2013\u2014]{1,2}$")  # Swiss: 1'000.-
_MINUS = re.compile("[\u2212\u2013\ufe63\uff0d]")
_UNIT = r"(?:[^\W\d_]|[%‰°/²³£$€¥₹\u20a0-\u20cf']|(?<=[^\W\d_])\.)"
_PARTS = re.compile(
    rf"(?P<open>\()?(?P<sign>[+-])?\s?(?P<before>{_UNIT}{{1,6}}\s?)?(?P<sign2>[+-])?"
    r"(?P<digits>[0-9][0-9.,' ’]*?|[.,][0-9]+)"
    r"(?P<power>[eE][+-]?[0-9]{1,2})?"
    rf"\s?(?P<trailing>-)?(?P<after>\s?{_UNIT}{{1,12}})?(?P<close>\))?"
)
_WHOLE = r"(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:G[0-9]{3})+|[1-9][0-9]?(?:G[0-9]{2})+G[0-9]{3})"
_SCALES = {"k", "m", "mio", "mio.", "mrd", "mrd.", "bn", "mn", "mln", "mld", "tsd", "tsd.", "t"}
_DIGIT = re.compile("[0-9]")
_LETTERS_BEFORE = 3  # of a currency: CHF, kr, SFr. What is longer is a word: Room 12, Person 7
_WORDS_BEFORE = {"euro"}
_LONGEST = 60  # characters; whatever is longer is no number that a person typed
_PHONE_DIGITS = 7  # a plus before so many digits dials somebody


def _shape(group: str, point: str) -> re.Pattern[str]:
    marks = f"(?:{group}| |['’])"
    whole = _WHOLE.replace("G", marks)
    return re.compile(rf"(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)")


_SHAPES = {Decimals.POINT: _shape(",", r"\."), Decimals.COMMA: _shape(r"\.", ",")}


def read(text: str, decimals: Decimals) -> Decimal | None:
    """The number that a cell is, by this decimal sign; None where it is none."""
    found = _parts(text)
    return _number(found, decimals) if found else None


def every(text: str) -> tuple[Decimal | None, Decimal | None, str]:
    """The number by decimal point, by decimal comma, and its unit, found at once."""
    found = _parts(text)
    if found is None:
        return None, None, ""
    return _number(found, Decimals.POINT), _number(found, Decimals.COMMA), _unit(found)


def _unit(found: re.Match[str]) -> str:
    return (found["before"] or found["after"] or "").strip()


def _number(found: re.Match[str], decimals: Decimals) -> Decimal | None:
    if not _SHAPES[decimals].fullmatch(found["digits"]):
        return None
    signs = [found["sign"], found["sign2"], found["trailing"], found["open"]]
    if sum(sign is not None for sign in signs) > 1 or bool(found["open"]) != bool(found["close"]):
        return None
    number = Decimal(_plain(found["digits"], decimals) + (found["power"] or ""))
    return -number if any(sign in {"-", "("} for sign in signs) else number


def written(number: Decimal, decimals: Decimals) -> str:
    """A number in plain digits with this decimal sign; `read` gives it back."""
    text = format(number, "f")
    return text.replace(".", ",") if decimals is Decimals.COMMA else text


def _parts(text: str) -> re.Match[str] | None:
    if len(text) > _LONGEST or not _DIGIT.search(text):
        return None
    bare = _NO_CENTS.sub("", _SPACES.sub(" ", text.strip()))
    found = _PARTS.fullmatch(_MINUS.sub("-", bare))
    if found is None or (found["before"] and found["after"]):
        return None
    if _is_word(found["before"] or ""):
        return None
    around = (found["before"] or found["after"] or "").strip().lower()
    dials = found["sign"] == "+" and sum(map(str.isdigit, found["digits"])) >= _PHONE_DIGITS
    return None if around in _SCALES or dials else found


def _is_word(before: str) -> bool:
    """Whether it names something that is numbered, and is no unit of an amount."""
    letters = "".join(filter(str.isalpha, before)).casefold()
    return len(letters) > _LETTERS_BEFORE and letters not in _WORDS_BEFORE


def _plain(digits: str, decimals: Decimals) -> str:
    grouping = "[,' ’]" if decimals is Decimals.POINT else "[.' ’]"
    return re.sub(grouping, "", digits).replace(",", ".")

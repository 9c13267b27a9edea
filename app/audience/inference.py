"""What a column holds, from all of its cells: decided where they leave one reading, else asked."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from app.audience import words
from app.audience.columns import YES_NO, Type, folded
from app.platform import written_days, written_numbers
from app.platform.written_days import Order
from app.platform.written_numbers import Decimals

_MOST = 0.75  # ours: of the cells, to call the others misfits rather than the column a mixture
_SOME = 0.5  # ours: from here on to _MOST it is asked
_STRAY = 0.1  # ours: so few cells that speak for the other reading are misfits, not a question
_LONG_DIGITS = 16  # more digits than a calculation keeps: a number of somebody or something
_EXCEL = range(20_000, 75_000)  # 1954 to 2105, in Excel's days
_MILLISECONDS = range(10**11, 4 * 10**12)  # 1973 to 2096
_SECONDS = range(10**8, 4 * 10**9)  # 1973 to 2096
_LONGEST = 80  # characters; longer cells are text
_LONGEST_ANSWER = 14  # characters; of yes and no in any language
_DIGIT = re.compile("[0-9]")
_DATE_WORDS = {
    "date", "datum", "dato", "fecha", "data", "dag", "timestamp", "zeitpunkt", "createdate",
    "createdat", "updatedat", "birthday", "geburtstag", "birthdate", "geburtsdatum", "anniversary",
    "startdate", "enddate", "duedate", "renewaldate", "closedate", "signupdate", "lastseen",
}  # fmt: skip
_DATE_HINTS = {
    "since", "until", "due", "expires", "expiry", "renewal", "renews", "deadline", "start", "end",
    "seit", "bis", "ablauf", "beginn", "ende", "created", "updated", "time", "when", "day", "tag",
    "joined", "born", "at", "on", "am", "last", "first", "next", "signup", "trial", "contract",
}  # fmt: skip
_NAMES_OF_NUMBERS = {
    "zip", "zipcode", "postcode", "postalcode", "plz", "postleitzahl", "postnr", "postnummer",
    "phone", "telephone", "telefon", "mobile", "mobil", "handy", "fax", "tel", "iban", "sku", "ean",
    "gtin", "isbn", "ssn", "id", "ids", "uuid", "kundennummer", "kundennr", "customernumber",
    "accountnumber", "ordernumber", "invoicenumber", "codepostal", "codigopostal", "nr", "nummer",
    "téléphone", "teléfono", "telefono", "numéro", "blz", "ustid", "siret", "siren",
}  # fmt: skip
_ID_ENDING = re.compile(r"(?:^|[\s_-])(?:no|number|code)\.?$|nummern?$")  # Hausnummer
_WORD = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])|[^\W_]+")
_PLACES = ("country", "land", "market", "region", "nation", "locale", "lang", "pays", "pais", "cc")


@dataclass(frozen=True, slots=True)
class Reading:
    """A way to read a column."""

    type: Type
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a column is; `choices` where its author has to say which."""

    reading: Reading
    choices: tuple[Reading, ...] = ()


@dataclass
class Evidence:
    """What the cells seen so far fit."""

    name: str
    filled: int = 0
    fits: Counter[Reading] = field(default_factory=Counter)
    marks: Counter[str] = field(default_factory=Counter)

    def add(self, cell: object) -> None:
        """One more cell that is not empty."""
        self.filled += 1
        readings, marks = _of_text(cell) if isinstance(cell, str) else _of_json(cell)
        self.fits.update(readings)
        self.marks.update(marks)


TEXT = Reading(Type.TEXT)
_YES_NO = Reading(Type.BOOLEAN, YES_NO)
_POINT, _COMMA = (Reading(Type.NUMBER, Decimal) for Decimal in Decimals)
_DAYS = {order: Reading(Type.DATE, order) for order in Order}
_TWO_ORDERS = (_DAYS[Order.DAY_FIRST], _DAYS[Order.MONTH_FIRST])


def decide(seen: Evidence) -> Verdict:
    """Read a whole column."""
    if not seen.filled:
        return Verdict(TEXT)
    for rule in (_names, _answers, _counted_days, _written_days, _amounts):
        verdict = rule(seen)
        if verdict is not None:
            return verdict
    return Verdict(TEXT)


def _names(seen: Evidence) -> Verdict | None:
    """Post codes, phone numbers and ids are text, whatever digits they are made of."""
    looks = _is_called(seen.name, _NAMES_OF_NUMBERS) or _ID_ENDING.search(seen.name.lower())
    if seen.marks["decimals"] or (seen.marks["date"] == seen.filled and not looks):
        return None
    if seen.marks["leading_zero"] or seen.marks["long"] or looks:
        return None if seen.marks["json_number"] else Verdict(TEXT)
    return None


def _answers(seen: Evidence) -> Verdict | None:
    if seen.fits[_YES_NO] < seen.filled:
        return None
    yes, no = seen.marks["yes"], seen.marks["no"]
    is_place = folded(seen.name).startswith(_PLACES) or seen.marks["NO"] == seen.filled
    both = yes and no
    if both or (seen.marks["sure_answer"] == seen.filled and not is_place):
        return Verdict(_YES_NO)
    return None


def _counted_days(seen: Evidence) -> Verdict | None:
    """Excel's days, and seconds or milliseconds since 1970: plain numbers to look at."""
    for mark, order in (
        ("excel", Order.EXCEL_DAYS),
        ("milliseconds", Order.UNIX_MILLISECONDS),
        ("seconds", Order.UNIX_SECONDS),
    ):
        if seen.marks[mark] != seen.filled:
            continue
        if _is_called(seen.name, _DATE_WORDS):
            return Verdict(_DAYS[order])
        if mark == "milliseconds" or _is_called(seen.name, _DATE_HINTS):
            choices = (_DAYS[order], _POINT, TEXT)
            return Verdict(Reading(Type.DATE), choices)
    return None


def _written_days(seen: Evidence) -> Verdict | None:
    evident = seen.fits[_DAYS[Order.YEAR_FIRST]]
    if seen.marks["date"] < max(1, _SOME * seen.filled):
        return None
    if evident == seen.marks["date"]:
        return _enough(seen, _DAYS[Order.YEAR_FIRST])
    return _one_of(seen, _TWO_ORDERS, (seen.marks["day_first"], seen.marks["month_first"]))


def _amounts(seen: Evidence) -> Verdict | None:
    if seen.marks["number"] < _SOME * seen.filled or unit_of(seen) is None:
        return None
    point, comma = seen.marks["point_only"], seen.marks["comma_only"]
    if not (point or comma or seen.marks["either"]):
        return _enough(seen, _POINT)
    return _one_of(seen, (_POINT, _COMMA), (point, comma))


def _one_of(
    seen: Evidence, readings: tuple[Reading, Reading], speaking: tuple[int, int]
) -> Verdict | None:
    """The reading that the cells speak for, which only one of the two allows; else asked."""
    least, most = sorted(speaking)
    if most == 0 or least > _STRAY * most:
        return Verdict(Reading(readings[0].type), (*readings, TEXT))
    return _enough(seen, readings[speaking.index(most)])


def unit_of(seen: Evidence) -> str | None:
    """The one unit of a column of numbers, if any; None where there are several."""
    units = {mark[5:]: n for mark, n in seen.marks.items() if mark.startswith("unit:")}
    if not units:
        return ""
    unit, most = max(units.items(), key=lambda one: one[1])
    if most < _MOST * sum(units.values()):
        return None
    rare = unit[-1].isalpha() and most < _SOME * seen.marks["number"]
    return "" if rare else unit


def _enough(seen: Evidence, reading: Reading) -> Verdict | None:
    """Most cells fit: the others are misfits. About half do: a mixture, and asked."""
    fitting = seen.fits[reading]
    if fitting >= _MOST * seen.filled:
        return Verdict(reading)
    if fitting >= _SOME * seen.filled:
        return Verdict(Reading(reading.type), (reading, TEXT))
    return None


def _is_called(name: str, words_for: set[str]) -> bool:
    """Whether a name, or a word of it, is one of these: `renewal_date`, `createdAt`."""
    return folded(name) in words_for or any(
        one.casefold() in words_for for one in _WORD.findall(name)
    )


@lru_cache(maxsize=65_536)
def _of_text(cell: str) -> tuple[tuple[Reading, ...], tuple[str, ...]]:
    """What one cell fits, and what it gives away."""
    text = cell.strip()
    if len(text) > _LONGEST:
        return (), ()
    answer = words.yes_or_no(text) if len(text) < _LONGEST_ANSWER else None
    if answer is not None:
        return (_YES_NO,), tuple(_answer_marks(text, answer=answer))
    if not _DIGIT.search(text):
        return (), ()
    readings, marks = _numbers_in(text)
    days_found, days_marks = _days_in(text, is_number=bool(readings))
    return (*readings, *days_found), (*marks, *days_marks)


def _answer_marks(text: str, *, answer: bool) -> list[str]:
    marks = ["yes" if answer else "no"]
    if len(text) > 1:
        marks.append("sure_answer")
    return [*marks, "NO"] if text == "NO" else marks


def _numbers_in(text: str) -> tuple[list[Reading], list[str]]:
    point, comma, unit = written_numbers.every(text)
    marks = _plain_marks(text) if text.lstrip("+")[:1].isdigit() else []
    if point is not None or comma is not None:
        marks.append("number")
        marks += ["point_only"] if comma is None else []
        marks += ["comma_only"] if point is None else []
        marks += ["either"] if point is not None and comma is not None and point != comma else []
        marks += ["decimals"] if "." in text or "," in text else []
        marks += [f"unit:{unit.casefold()}"] if unit else []
    readings = [
        reading for reading, value in ((_POINT, point), (_COMMA, comma)) if value is not None
    ]
    return readings, marks


def _plain_marks(text: str) -> list[str]:
    return [name for name, is_so in _NUMBER_MARKS.items() if is_so(text)]


def _days_in(text: str, *, is_number: bool) -> tuple[list[Reading], list[str]]:
    fitting = written_days.fitting(text)
    if Order.YEAR_FIRST in fitting and text.isdigit() and text[:2] not in {"19", "20"}:
        return [], []
    marks = ["date"] if fitting else []
    hint = None if is_number or fitting else written_days.hints(text)
    marks += [str(hint), "date"] if hint else []
    marks += [str(fitting[0])] if len(fitting) == 1 else []
    return [_DAYS[one] for one in fitting], marks


def _of_json(cell: object) -> tuple[tuple[Reading, ...], tuple[str, ...]]:
    if isinstance(cell, bool):
        return (_YES_NO,), ("sure_answer", "yes" if cell else "no")
    text = str(cell)
    kept = [name for name in _plain_marks(text) if name not in {"long", "leading_zero"}]
    return (_POINT, _COMMA), ("number", "json_number", *kept)


def _is_whole(text: str, size: range) -> bool:
    return text.isascii() and text.isdigit() and len(text) < _LONG_DIGITS and int(text) in size


_NUMBER_MARKS: Mapping[str, Callable[[str], bool]] = {
    "leading_zero": lambda text: bool(re.fullmatch(r"0[0-9]+", text)),
    "long": lambda text: bool(re.fullmatch(rf"[0-9]{{{_LONG_DIGITS},}}|\+[0-9 ()/-]{{7,}}", text)),
    "excel": lambda text: _is_whole(text.partition(".")[0], _EXCEL),
    "milliseconds": lambda text: _is_whole(text, _MILLISECONDS),
    "seconds": lambda text: _is_whole(text, _SECONDS),
}

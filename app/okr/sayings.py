"""The words of a week's statement, and of a chance: the same on pages, in mails and in the API."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date as Date
from math import floor, log10

from app.okr import amounts
from app.okr.models import KeyResult
from app.okr.statements import Found, State
from app.platform import figures
from app.platform.garbled import CANNOT_BE_READ
from app.stats.closer import Told

ASKS = "Only ever rises. Is it a running total?"
SMALL_PRINT = "Of 20 key results that stand still, about one is called wrongly in a quarter."
_TENTHS = 10


@dataclass(frozen=True, slots=True)
class Statement:
    """What a week says of a key result.

    week: the ISO week in which the cycle's week ended. p, moved, low, high: None where nothing can
    be told yet; the move since the start in the unit, a factor where `as_factors`, and the level
    itself for a band. noise: where 95 % of single values lie if nothing moved. chance: 0..1.
    """

    week: str
    state: State
    p: float | None
    moved: float | None
    low: float | None
    high: float | None
    chance: float | None
    sentence: str
    cycle_week: int = 0
    cycle_weeks: int = 0
    as_factors: bool = False
    noise_low: float | None = None
    noise_high: float | None = None
    begins: float | None = None
    now: float | None = None
    asks_running_total: bool = False
    left_out: tuple[str, ...] = ()  # weeks that were marked as unusual before they began


def statement_of(row: KeyResult, found: Found) -> Statement:
    """A finding in words."""
    told, asks = found.told, found.asks_running_total
    sentence = _sentence(row, found)
    return Statement(
        week=found.week,
        state=found.state,
        p=told.p if told else None,
        moved=told.moved if told else None,
        low=told.low if told else None,
        high=told.high if told else None,
        chance=found.landing.chance if found.landing else None,
        sentence=f"{sentence} {ASKS}" if asks else sentence,
        cycle_week=found.cycle_week,
        cycle_weeks=found.cycle_weeks,
        as_factors=told.as_factors if told else False,
        noise_low=told.noise[0] if told else None,
        noise_high=told.noise[1] if told else None,
        begins=told.begins if told else None,
        now=told.now if told else None,
        asks_running_total=asks,
        left_out=found.left_out,
    )


def headline(told: Iterable[Statement], new: Iterable[str] = ()) -> str:
    """`Closer on 1 of 4, no change we can tell on 2, further on 1. New: Revenue.`

    Args:
        told: statements. new: titles of those of which something is said that was not the week
            before.
    """
    states = [statement.state for statement in told]
    if not states:
        return "No key results are set for these weeks."
    if set(states) == {State.TOO_EARLY}:
        only = "the only one" if len(states) == 1 else f"all {figures.count(len(states))}"
        return f"Too early to tell for {only}."
    counts = [(words, sum(state in meant for state in states)) for words, meant in _COUNTED]
    first, *rest = [(words, count) for words, count in counts if count or words == "closer on"]
    parts = [
        f"{first[0]} {figures.count(first[1])} of {figures.count(len(states))}",
        *(f"{words} {figures.count(n)}" for words, n in rest),
    ]
    said = ", ".join(parts)
    titles = ", ".join(new)
    return f"{said[0].upper()}{said[1:]}." + (f" New: {titles}." if titles else "")


def chance_in_words(chance: float | None, row_on: Date) -> str:
    """`lands on target 4 times in 10 by 9 Jan`; 9 times in 10 is the most we say."""
    if chance is None:
        return ""
    tenths = min(9, round(_TENTHS * chance))
    often = (
        "under 1 time in 10" if tenths == 0 else f"{tenths} time{'s'[: tenths > 1]} in {_TENTHS}"
    )
    return f"lands on target {often} by {day(row_on)}"


def day(value: Date) -> str:
    """`6 Feb`."""
    return f"{value.day} {value:%b}"


_COUNTED = (
    ("closer on", {State.CLOSER, State.FASTER}),
    ("holding on", {State.HOLDING}),
    ("no change we can tell on", {State.NO_CHANGE}),
    ("further on", {State.FURTHER, State.SLOWER}),
    ("out of the band on", {State.OUT_OF_BAND}),
    ("too early for", {State.TOO_EARLY}),
    ("no value for", {State.NO_VALUE}),
    ("damaged are", {State.GARBLED}),
)
_WORDS = {
    State.CLOSER: "Closer",
    State.FURTHER: "Further",
    State.FASTER: "Faster",
    State.SLOWER: "Slower",
}


def _sentence(row: KeyResult, found: Found) -> str:
    if found.state is State.NO_VALUE:
        return "No value this week."
    if found.state is State.GARBLED:
        return CANNOT_BE_READ
    if found.told is None:
        return _too_early(found)
    if found.state in {State.HOLDING, State.OUT_OF_BAND}:
        return _banded(row, found.state, found.told)
    if found.state is State.NO_CHANGE:
        return _no_change(row, found, found.told)
    return _moved(row, found.state, found.told)


def _too_early(found: Found) -> str:
    if found.possible_from is None:
        return "Too early: too few values for a statement before the cycle ends."
    return f"Too early: statement possible from {day(found.possible_from)}."


def _moved(row: KeyResult, state: State, told: Told) -> str:
    """`Closer: +109 since the start (+25 to +193).`"""
    moved, low, high = _ends(row, told)
    since = "a week against the start" if row.running_total else "since the start"
    return f"{_WORDS[state]}: {moved} {since} ({low} to {high})."


def _no_change(row: KeyResult, found: Found, told: Told) -> str:
    _, low, high = _ends(row, told)
    pace = "in pace " if row.running_total else ""
    said = "Not sure any more" if found.held else f"No change {pace}we can tell"
    return f"{said}: between {low} and {high}.{_untold(row, told)}"


def _untold(row: KeyResult, told: Told) -> str:
    """`Moves under about 70 cannot be told yet.`: half the range, in one digit."""
    if told.as_factors:
        size = _one_digit(100 * ((told.high / told.low) ** 0.5 - 1))
        return f" Moves under about {amounts.amount(size, 'percent')} cannot be told yet."
    size = _one_digit((told.high - told.low) / 2)
    return f" Moves under about {amounts.how_much(size, row.unit)} cannot be told yet."


def _one_digit(value: float) -> float:
    return round(value, -floor(log10(value))) if value > 0 else 0.0


def _banded(row: KeyResult, state: State, told: Told) -> str:
    """`Holding: at 99.3 % (98.8 to 99.8).`"""
    numbers = amounts.rounded((told.moved, told.low, told.high), width=told.high - told.low)
    level, low, high = (amounts.amount(number, row.unit) for number in numbers)
    word = "Holding" if state is State.HOLDING else "Out of the band"
    return f"{word}: at {level} now ({low} to {high})."


def _ends(row: KeyResult, told: Told) -> tuple[str, str, str]:
    """Move and range, with the digits that the range can tell; factors as percentages."""
    every, width = (told.moved, told.low, told.high), told.high - told.low
    if told.as_factors:
        return _three((100 * (one - 1) for one in every), 100 * width, amounts.in_percent)
    moved, low, high = _three(every, width, lambda one: amounts.change(one, row.unit))
    return moved, low.removesuffix(" points").removesuffix(" point"), high


def _three(
    values: Iterable[float], width: float, say: Callable[[float], str]
) -> tuple[str, str, str]:
    moved, low, high = (say(one) for one in amounts.rounded(tuple(values), width=width))
    return moved, low, high

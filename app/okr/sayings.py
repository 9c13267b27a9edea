"""The words of a week's statement, and of a chance: the same on pages, in mails and in the API."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Date
from math import floor, log10

from app.languages import written
from app.languages.words import IN_ENGLISH, Words
from app.okr import amounts
from app.okr.models import KeyResult
from app.okr.statements import Found, State
from app.platform import figures
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
    return Statement(
        week=found.week,
        state=found.state,
        p=told.p if told else None,
        moved=told.moved if told else None,
        low=told.low if told else None,
        high=told.high if told else None,
        chance=found.landing.chance if found.landing else None,
        sentence=in_words(row, found),
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


def chance_in_words(chance: float | None, row_on: Date, words: Words = IN_ENGLISH) -> str:
    """`lands on target 4 times in 10 by 9 Jan`; 9 times in 10 is the most we say."""
    if chance is None:
        return ""
    tenths, by = min(9, round(_TENTHS * chance)), day(row_on, words)
    if tenths == 0:
        return words.say("lands on target under 1 time in 10 by {day}", day=by)
    if tenths == 1:
        return words.say("lands on target 1 time in 10 by {day}", day=by)
    return words.say("lands on target {tenths} times in 10 by {day}", tenths=tenths, day=by)


def day(value: Date, words: Words = IN_ENGLISH) -> str:
    """`6 Feb`."""
    return f"{value.day} {value:%b}" if words.is_english else written.short_day(value, words.spoken)


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


def in_words(row: KeyResult, found: Found, words: Words = IN_ENGLISH) -> str:
    """What a week says, in a sentence or two."""
    said = _sentence(row, found, words)
    return f"{said} {words.say(ASKS)}" if found.asks_running_total else said


def _sentence(row: KeyResult, found: Found, words: Words) -> str:
    if found.state is State.NO_VALUE:
        return words.say("No value this week.")
    if found.state is State.GARBLED:
        return words.say("It cannot be read: what is stored of it is damaged.")
    if found.told is None:
        return _too_early(found, words)
    if found.state in {State.HOLDING, State.OUT_OF_BAND}:
        return _banded(row, found.state, found.told, words)
    if found.state is State.NO_CHANGE:
        return _no_change(row, found, found.told, words)
    return _moved(row, found.state, found.told, words)


def _too_early(found: Found, words: Words) -> str:
    if found.possible_from is None:
        return words.say("Too early: too few values for a statement before the cycle ends.")
    first = day(found.possible_from, words)
    return words.say("Too early: statement possible from {day}.", day=first)


def _moved(row: KeyResult, state: State, told: Told, words: Words) -> str:
    """`Closer: +109 since the start (+25 to +193).`"""
    moved, low, high = _ends(row, told, words)
    ends = {"moved": moved, "low": low, "high": high}
    if row.running_total and state in {State.FASTER, State.CLOSER}:
        return words.say("Faster: {moved} a week against the start ({low} to {high}).", **ends)
    if row.running_total:
        return words.say("Slower: {moved} a week against the start ({low} to {high}).", **ends)
    if state is State.CLOSER:
        return words.say("Closer: {moved} since the start ({low} to {high}).", **ends)
    return words.say("Further: {moved} since the start ({low} to {high}).", **ends)


def _no_change(row: KeyResult, found: Found, told: Told, words: Words) -> str:
    _, low, high = _ends(row, told, words)
    if found.held:
        said = words.say("Not sure any more: between {low} and {high}.", low=low, high=high)
    elif row.running_total:
        said = words.say(
            "No change in pace we can tell: between {low} and {high}.", low=low, high=high
        )
    else:
        said = words.say("No change we can tell: between {low} and {high}.", low=low, high=high)
    return f"{said} {_untold(row, told, words)}"


def _untold(row: KeyResult, told: Told, words: Words) -> str:
    """`Moves under about 70 cannot be told yet.`: half the range, in one digit."""
    if told.as_factors:
        share = _one_digit(100 * ((told.high / told.low) ** 0.5 - 1))
        size = amounts.amount(share, "percent", words)
    else:
        size = amounts.how_much(_one_digit((told.high - told.low) / 2), row.unit, words)
    return words.say("Moves under about {size} cannot be told yet.", size=size)


def _one_digit(value: float) -> float:
    return round(value, -floor(log10(value))) if value > 0 else 0.0


def _banded(row: KeyResult, state: State, told: Told, words: Words) -> str:
    """`Holding: at 99.3 % (98.8 to 99.8).`"""
    numbers = amounts.rounded((told.moved, told.low, told.high), width=told.high - told.low)
    level, low, high = (amounts.amount(number, row.unit, words) for number in numbers)
    ends = {"level": level, "low": low, "high": high}
    if state is State.HOLDING:
        return words.say("Holding: at {level} now ({low} to {high}).", **ends)
    return words.say("Out of the band: at {level} now ({low} to {high}).", **ends)


def _ends(row: KeyResult, told: Told, words: Words) -> tuple[str, str, str]:
    """Move and range, with the digits that the range can tell; factors as percentages."""
    every, width = (told.moved, told.low, told.high), told.high - told.low
    if told.as_factors:
        moved, low, high = amounts.rounded(
            tuple(100 * (one - 1) for one in every), width=100 * width
        )
        return (
            amounts.in_percent(moved, words),
            amounts.in_percent(low, words),
            amounts.in_percent(high, words),
        )
    moved, low, high = amounts.rounded(every, width=width)
    bare = "number" if row.unit == "percent" else row.unit  # points are named once
    return (
        amounts.change(moved, row.unit, words),
        amounts.change(low, bare, words),
        amounts.change(high, row.unit, words),
    )

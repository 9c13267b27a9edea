"""A week's review in plain sentences, for mail and chat: the same order as its page."""

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.okr import amounts
from app.platform import figures
from app.review.shapes import Item, KeyResultLine, Review, TimeSplit

_KEPT = {"done": "done", "not_done": "not done", None: "not known"}


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with its sentences."""

    title: str
    lines: tuple[str, ...]


def week_parts(review: Review, *, zone: ZoneInfo) -> tuple[Part, ...]:
    """The parts that have something to say; the first one always stands there."""
    parts = (
        Part("Are we closer than when the cycle began?", _closer(review.key_results)),
        Part("Slices decided", tuple(_decided(review))),
        Part("Slices starting", tuple(_starting(review, zone))),
        Part("Where did the time go?", _time(review.time)),
        Part("Overdue", tuple(f"{overdue.name}: {overdue.sentence}" for overdue in review.overdue)),
        Part("Blockers", _items(review.blockers)),
        Part("Decisions", _items(review.decisions)),
        Part("Commitments for next week", _items(review.commitments)),
        Part("What became of last week’s", tuple(_kept(review.last_commitments))),
    )
    return tuple(part for part in parts if part.lines)


def as_text(review: Review, *, zone: ZoneInfo) -> str:
    """The same for a chat: titles in bold, a line each."""
    told = [f"*{part.title}*\n" + "\n".join(f"• {line}" for line in part.lines)
            for part in week_parts(review, zone=zone)]  # fmt: skip
    return "\n\n".join([f"*Week {review.week[-2:]}: {review.sentence}*", *told])


def _closer(told: tuple[KeyResultLine, ...]) -> tuple[str, ...]:
    return tuple(map(_key_result, told)) or ("No key results are set for this week.",)


def _key_result(key_result_line: KeyResultLine) -> str:
    """`Revenue: € 31,200 of € 45,000 (confidence 5 of 10). Closer: +€ 1,900 since the start.`"""
    value = (
        "no value yet"
        if key_result_line.current is None
        else amounts.amount(key_result_line.current, key_result_line.unit)
    )
    aim = (
        "" if key_result_line.kind in {"maintain", "milestone"} else f" of {_aim(key_result_line)}"
    )
    facts = ", ".join(_facts(key_result_line))
    said = [f"{key_result_line.title}: {value}{aim}{f' ({facts})' if facts else ''}."]
    if key_result_line.statement is not None:
        said.append(key_result_line.statement.sentence)
    lands = key_result_line.lands()
    return " ".join([*said, f"{lands[0].upper()}{lands[1:]}."] if lands else said)


def _facts(key_result_line: KeyResultLine) -> Iterable[str]:
    if key_result_line.change is not None:
        yield f"{amounts.change(key_result_line.change, key_result_line.unit)} since last week"
    if key_result_line.stale and key_result_line.current is not None:
        yield "stale"
    if key_result_line.confidence is not None:
        yield f"confidence {key_result_line.confidence} of 10"


def _aim(key_result_line: KeyResultLine) -> str:
    return amounts.amount(key_result_line.target, key_result_line.unit)


def _decided(review: Review) -> Iterable[str]:
    for decided in review.decided:
        name = decided.slice or decided.name
        yield f"{name}: {decided.call}, {decided.decision}. {decided.learning}"
    if review.decided and review.weeks_avoided:
        yield f"Weeks of building avoided so far: {figures.count(review.weeks_avoided)}."


def _starting(review: Review, zone: ZoneInfo) -> Iterable[str]:
    for starting in review.starting:
        day = starting.starts_at.astimezone(zone)
        yield f"{starting.name}, {day:%A} {day.day} {day:%B}."


def _time(split: TimeSplit | None) -> tuple[str, ...]:
    if split is None:
        return ()
    answered = f"{figures.count(split.answered)} of {figures.count(split.asked)} answered"
    if split.non_elective is None:
        return (f"{answered}; too few to show a split.",)
    kept = f"{figures.share(split.non_elective, 0)} kept the lights on; {answered}."
    rising = ("That share has risen for three weeks running.",) if split.rising else ()
    return (kept, *_elective(split), *rising)


def _elective(split: TimeSplit) -> tuple[str, ...]:
    told = [
        f"{bucket.name} {figures.share(bucket.of_elective, 0)}"
        + ("" if bucket.target is None else f" (target {figures.limit(bucket.target)})")
        for bucket in split.buckets
        if bucket.of_elective is not None
    ]
    return (f"Of elective time: {', '.join(told)}.",) if told else ()


def _items(items: tuple[Item, ...]) -> tuple[str, ...]:
    return tuple(f"{item.text} ({item.owner})" if item.owner else item.text for item in items)


def _kept(items: tuple[Item, ...]) -> Iterable[str]:
    for text, item in zip(_items(items), items, strict=True):
        yield f"{text}: {_KEPT[item.kept]}."

"""One arm against a threshold, read more than once: on planned days, or at any time."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from itertools import pairwise

from app.analysis import sentences
from app.analysis.locked_rule import Rule
from app.analysis.look_course import Course, counts_at
from app.analysis.matured import total
from app.analysis.planned_looks import Asked
from app.analysis.readout_types import Call, Estimate, LookAt, State
from app.analysis.threshold_call import Made
from app.experiments.metrics import Words
from app.platform import figures
from app.stats.anytime import ANYTIME, anytime_bounds, anytime_pass_count
from app.stats.checks import NotEnoughData
from app.stats.rate_intervals import Interval
from app.stats.sequential import (
    SEQUENTIAL,
    SaidOf,
    conditional_power,
    sequential_interval,
)


def by_looks(course: Course, rule: Rule, *, zone: tzinfo) -> Made:
    """What the looks that were held say; between looks nothing changes."""
    seen = [counts_at(held, course.key) for held in course.held]
    ended = course.ended and bool(course.held) and course.held[-1].last
    interval, state = Interval(0.0, 1.0, SEQUENTIAL.name), State.WAITING
    if seen:
        told = _told(course, seen)
        state = told or (State.INCONCLUSIVE if ended else State.WAITING)
        interval = _interval(course, seen, rule, told)
    coming = course.coming[0] if course.coming else None
    last = course.held[-1].needed(course.key) if course.held else None
    return _made(
        course,
        rule,
        interval,
        state=state,
        matured=seen[-1] if seen else (0, 0),
        needed=coming.needed if coming else last,
        answer_by=coming.due_at if coming else None,
        missing=(*_missing(course, coming, words=rule.words, zone=zone), *_going_on(course, seen)),
        zone=zone,
    )


def _interval(
    course: Course, seen: Sequence[tuple[int, int]], rule: Rule, told: State | None
) -> Interval:
    """The bounds of the looks at which somebody was new; nothing was asked at the others."""
    last, new = course.held[-1], [seen[0], *(two for one, two in pairwise(seen) if two[0] > one[0])]
    return sequential_interval(
        new,
        n_max=course.planned,
        confidence=rule.confidence,
        ended=last.whole and (len(seen) == 1 or seen[-1][0] > seen[-2][0]),
        withheld=max(0, course.planned - seen[-1][0]) if last.last and not last.whole else 0,
        call=SaidOf(rule.limit, above=told is State.VALIDATED, below=told is State.REFUTED),
    )


def _told(course: Course, seen: Sequence[tuple[int, int]]) -> State | None:
    """What the first look said that reached a number kept with it; nothing where none did."""
    for held, (_, hits) in zip(course.held, seen, strict=True):
        asked = held.asked.get(course.key, Asked())
        if asked.above is not None and hits >= asked.above:
            return State.VALIDATED
        if asked.below is not None and hits <= asked.below:
            return State.REFUTED
    return None


def at_any_time(course: Course, rule: Rule, *, zone: tzinfo) -> Made:
    """What everybody says whose window has closed, now; a yes that was given stays."""
    one = total(course.strata)
    now = (one.people, one.did)
    yes = course.held[0] if course.held else None
    matured = counts_at(yes, course.key) if yes else now
    interval = Interval(0.0, 1.0, ANYTIME.name)
    needed = None
    if matured[0]:
        interval = anytime_bounds(
            matured[1], matured[0], n_max=course.planned, confidence=rule.confidence
        )
        needed = _any_count(matured[0], course.planned, rule)
    last = course.coming[-1].due_at if course.coming else None
    return _made(
        course,
        rule,
        interval,
        state=_state(interval, rule.limit, ended=course.ended),
        matured=matured,
        needed=needed,
        answer_by=last,
        missing=_missing_any(matured, needed, last, words=rule.words, zone=zone),
        zone=zone,
    )


def _any_count(matured: int, planned: int, rule: Rule) -> int | None:
    try:
        return anytime_pass_count(matured, rule.limit, n_max=planned, confidence=rule.confidence)
    except NotEnoughData:
        return None  # so few have matured that no number of clicks would do yet


def _made(
    course: Course,
    rule: Rule,
    interval: Interval,
    *,
    state: State,
    matured: tuple[int, int],
    needed: int | None,
    answer_by: datetime | None,
    missing: tuple[str, ...],
    zone: tzinfo,
) -> Made:
    released, hits = matured
    estimate = Estimate(
        arm=course.key,
        people=released,
        hits=hits,
        rate=hits / released if released else None,
        low=interval.low,
        high=interval.high,
        method=interval.method,
        confidence=rule.confidence,
        label=f"{figures.limit(rule.confidence)} each side",
        settled=hits,
        people_open=max(0, course.planned - released),
        rate_of_delivered=None,
    )
    call = Call(
        state=state,
        provisional=False,
        sentence=_sentence(
            state,
            estimate,
            rule,
            needed=needed,
            answer_by=answer_by,
            zone=zone,
        ),
        because=_because(estimate, rule, course),
        pass_count=needed,
        answer_by=answer_by,
    )
    return Made(call, (estimate,), missing)


def _state(interval: Interval, threshold: float, *, ended: bool) -> State:
    if interval.low > threshold:
        return State.VALIDATED
    if interval.high < threshold:
        return State.REFUTED
    return State.INCONCLUSIVE if ended else State.WAITING


def _sentence(
    state: State,
    seen: Estimate,
    rule: Rule,
    *,
    needed: int | None,
    answer_by: datetime | None,
    zone: tzinfo,
) -> str:
    over, did = figures.limit(rule.limit), rule.words.did
    counted = (
        f"{figures.count(seen.hits)} of {figures.people(seen.people)}"
        f" ({figures.share(seen.rate or 0)}) {did}"
    )
    bounds = f"{figures.share(seen.low)} to {figures.share(seen.high)}"
    if state is State.VALIDATED:
        return f"{state.word}: {counted}; we can say it is over {over} ({bounds}, {seen.label})."
    if state is State.REFUTED:
        return f"{state.word}: {counted}; we can say it is under {over} ({bounds}, {seen.label})."
    if state is State.INCONCLUSIVE:
        return f"{state.word}: {counted}; the truth may be on either side of {over} ({bounds})."
    when = f" The next answer comes by {sentences.moment(answer_by, zone)}." if answer_by else ""
    if not seen.people:
        return f"{state.word}: no window has closed yet.{when}"
    more = f"; {figures.count(needed)} would have been enough" if needed else ""
    return f"{state.word}: {counted} within their window{more}.{when}"


def _because(seen: Estimate, rule: Rule, course: Course) -> tuple[str, ...]:
    facts = [
        (
            f"{figures.count(seen.people)} of {figures.people(course.planned)} have had their whole"
            " window;"
            " only they count."
        ),
        (
            f"The interval is {figures.share(seen.low)} to {figures.share(seen.high)},"
            f" {seen.label}, and holds however often it was looked at before."
        ),
    ]
    facts += [
        f"Look {held.number}: {figures.count(counts[1])} of {figures.count(counts[0])}"
        f" {rule.words.did};"
        f" {_needed_at(held.needed(course.key))}."
        for held in course.held
        if (counts := counts_at(held, course.key))
    ]
    return tuple(facts)


def _needed_at(needed: int | None) -> str:
    return "no number would have been enough yet" if needed is None else sentences.needed(needed)


def _going_on(course: Course, seen: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """The chance of a yes at a later look, if the others do as those until now: conditional power.

    It describes, and stops nothing: futility binds nobody here.
    """
    people, hits = seen[-1] if seen else (0, 0)
    coming = [
        (look_at.people, look_at.needed) for look_at in course.coming if look_at.people > people
    ]
    if not coming or not 0 < hits < people:
        return ()
    chance = conditional_power(people, hits, coming, true_rate=hits / people)
    told = f"{figures.chance(chance)} of the time"
    return (f"If the others do as those until now, it will be validated {told}.",)


def _missing(
    course: Course, coming: LookAt | None, *, words: Words, zone: tzinfo
) -> tuple[str, ...]:
    if coming is None:
        return ()
    looks = len(course.held) + len(course.coming)
    need = (
        f"About {figures.count(coming.needed)} of {figures.count(coming.people)} must {words.do} by"
        " then."
        if coming.needed
        else "It is too early for any number to be enough then."
    )
    return (
        f"{figures.count(len(course.held))} of {figures.count(looks)} looks are over.",
        f"The next one is on {sentences.moment(coming.due_at, zone)}.",
        need,
    )


def _missing_any(
    matured: tuple[int, int],
    needed: int | None,
    last: datetime | None,
    *,
    words: Words,
    zone: tzinfo,
) -> tuple[str, ...]:
    facts = [f"Whole windows so far: {figures.people(matured[0])}."]
    if needed and needed > matured[1]:
        facts.append(f"{figures.count(needed - matured[1])} more of them would have to {words.do}.")
    if last:
        facts.append(f"Everything has closed by {sentences.moment(last, zone)}.")
    return tuple(facts)

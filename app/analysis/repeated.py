"""One arm against a threshold, read more than once: on planned days, or at any time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from app.analysis import sentences
from app.analysis.calls import Made
from app.analysis.looks import Held, people
from app.analysis.matured import Strata, total
from app.analysis.shapes import Call, Estimate, Guardrail, LookAt, Rule, State
from app.experiments.metrics import metric_of
from app.stats.anytime import ANYTIME, anytime_bounds, anytime_pass_count
from app.stats.checks import NotEnoughData
from app.stats.one_arm import Interval
from app.stats.sequential import (
    SEQUENTIAL,
    conditional_power,
    next_boundary,
    sequential_interval,
)


@dataclass(frozen=True, slots=True)
class Course:
    """One arm on its way."""

    key: str
    planned: int
    strata: Strata  # people whose window has closed
    held: Sequence[Held]
    coming: Sequence[LookAt]
    ended: bool  # nothing else will come


def by_looks(course: Course, rule: Rule, *, breached: tuple[Guardrail, ...], zone: tzinfo) -> Made:
    """What the looks that were held say; between looks nothing changes."""
    seen = [counts_at(one, course.key) for one in course.held]
    ended = course.ended and bool(course.held) and course.held[-1].last
    interval = Interval(0.0, 1.0, SEQUENTIAL.name)
    if seen:
        interval = sequential_interval(
            seen, n_max=course.planned, confidence=rule.confidence, ended=ended
        )
    coming = course.coming[0] if course.coming else None
    return _made(
        course,
        rule,
        interval,
        matured=seen[-1] if seen else (0, 0),
        ended=ended,
        breached=breached,
        needed=coming.needed if coming else course.held[-1].boundary if course.held else None,
        answer_by=coming.due_at if coming else None,
        missing=(*_missing(course, coming, zone), *_going_on(course, seen)),
        zone=zone,
    )


def at_any_time(
    course: Course, rule: Rule, *, breached: tuple[Guardrail, ...], zone: tzinfo
) -> Made:
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
        matured=matured,
        ended=course.ended,
        breached=breached,
        needed=needed,
        answer_by=last,
        missing=_missing_any(matured, needed, last, zone),
        zone=zone,
    )


def counts_at(held: Held, key: str) -> tuple[int, int]:
    """(people, hits) of the arm at a look."""
    one = total(held.arms.get(key, {}))
    return one.people, one.did


def boundary(course: Course, rule: Rule, *, last: bool) -> int | None:
    """The clicks that the next look needs, from those who have matured by now."""
    return next_boundary(
        [(counts_at(one, course.key)[0], one.boundary) for one in course.held],
        total(course.strata).people,
        rule.limit,
        confidence=rule.confidence,
        n_max=max(course.planned, people({course.key: course.strata})),
        last=last,
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
    matured: tuple[int, int],
    ended: bool,
    breached: tuple[Guardrail, ...],
    needed: int | None,
    answer_by: datetime | None,
    missing: tuple[str, ...],
    zone: tzinfo,
) -> Made:
    released, hits = matured
    state = _state(interval, rule.limit, ended=ended)
    estimate = Estimate(
        arm=course.key,
        people=released,
        hits=hits,
        rate=hits / released if released else None,
        low=interval.low,
        high=interval.high,
        method=interval.method,
        confidence=rule.confidence,
        label=f"{sentences.short(rule.confidence)} each side",
        settled=hits,
        people_open=max(0, course.planned - released),
        rate_of_delivered=None,
    )
    if state is State.VALIDATED and breached:
        state = State.INCONCLUSIVE
    call = Call(
        state=state,
        provisional=False,
        sentence=_sentence(
            state,
            estimate,
            rule,
            breached=breached,
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
    breached: tuple[Guardrail, ...],
    needed: int | None,
    answer_by: datetime | None,
    zone: tzinfo,
) -> str:
    over, did = sentences.short(rule.limit), metric_of(rule.metric).words.did
    counted = f"{seen.hits:,} of {seen.people:,} people ({sentences.share(seen.rate or 0)}) {did}"
    bounds = f"{sentences.share(seen.low)} to {sentences.share(seen.high)}"
    if state is State.VALIDATED:
        return f"Validated: {counted}; we can say it is over {over} ({bounds}, {seen.label})."
    if state is State.REFUTED:
        return f"Refuted: {counted}; we can say it is under {over} ({bounds}, {seen.label})."
    if state is State.INCONCLUSIVE and breached and seen.low > rule.limit:
        return f"Inconclusive, because {sentences.harm(breached)}. {counted} alone would validate."
    if state is State.INCONCLUSIVE:
        return f"Inconclusive: {counted}; the truth may be on either side of {over} ({bounds})."
    when = f" The next answer comes by {sentences.moment(answer_by, zone)}." if answer_by else ""
    if not seen.people:
        return f"Too early to say: no window has closed yet.{when}"
    more = f"; {needed:,} would have been enough" if needed else ""
    return f"Too early to say: {counted} within their window{more}.{when}"


def _because(seen: Estimate, rule: Rule, course: Course) -> tuple[str, ...]:
    facts = [
        (
            f"{seen.people:,} of {course.planned:,} people have had their whole window; only they"
            " count."
        ),
        (
            f"The interval is {sentences.share(seen.low)} to {sentences.share(seen.high)},"
            f" {seen.label}, and holds however often it was looked at before."
        ),
    ]
    facts += [
        f"Look {one.number}: {counts[1]:,} of {counts[0]:,} {metric_of(rule.metric).words.did};"
        f" {_needed_at(one)}."
        for one in course.held
        if (counts := counts_at(one, course.key))
    ]
    return tuple(facts)


def _needed_at(held: Held) -> str:
    if held.boundary is None:
        return "no number would have been enough yet"
    return f"{held.boundary:,} were needed"


def _going_on(course: Course, seen: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """The chance of a yes at a later look, if the others do as those until now: conditional power.

    It describes, and stops nothing: futility binds nobody here.
    """
    people, hits = seen[-1] if seen else (0, 0)
    coming = [(one.people, one.needed) for one in course.coming if one.people > people]
    if not coming or not 0 < hits < people:
        return ()
    chance = conditional_power(people, hits, coming, true_rate=hits / people)
    told = f"{100 * chance:.0f} % of the time"
    return (f"If the others do as those until now, it will be validated {told}.",)


def _missing(course: Course, coming: LookAt | None, zone: tzinfo) -> tuple[str, ...]:
    if coming is None:
        return ()
    need = (
        f"About {coming.needed:,} of {coming.people:,} must do it by then."
        if coming.needed
        else "It is too early for any number to be enough then."
    )
    return (
        f"{len(course.held):,} of {len(course.held) + len(course.coming):,} looks are over.",
        f"The next one is on {sentences.moment(coming.due_at, zone)}.",
        need,
    )


def _missing_any(
    matured: tuple[int, int], needed: int | None, last: datetime | None, zone: tzinfo
) -> tuple[str, ...]:
    facts = [f"{matured[0]:,} people have had their whole window."]
    if needed:
        facts.append(f"{max(0, needed - matured[1]):,} more of them would have to do it.")
    if last:
        facts.append(f"Everything has closed by {sentences.moment(last, zone)}.")
    return tuple(facts)

"""One arm on its way from look to look: who was in at each, and what the next one asks of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.analysis.locked_rule import Rule
from app.analysis.matured import Strata, total
from app.analysis.planned_looks import Asked, Held
from app.analysis.readout_types import LookAt
from app.stats.sequential import next_boundary


@dataclass(frozen=True, slots=True)
class Course:
    """One arm on its way."""

    key: str
    planned: int
    strata: Strata  # people whose window has closed
    held: Sequence[Held]
    coming: Sequence[LookAt]
    ended: bool  # nothing else will come


def counts_at(held: Held, key: str) -> tuple[int, int]:
    """(people, hits) of the arm at a look."""
    matured = total(held.arms.get(key, {}))
    return matured.people, matured.did


def asked(course: Course, rule: Rule, *, whole: bool) -> Asked:
    """The clicks that validate at the next look, and those that refute, of who matured by now.

    After a cancel they are those of the planned last look, whatever the others would have done:
    the moment of a cancel is chosen with the numbers in sight.
    """
    now, n_max = total(course.strata).people, max(course.planned, total(course.strata).people)
    before = [(counts_at(held, course.key)[0], _kept(held, course.key)) for held in course.held]
    if before and before[-1][0] >= now:
        return Asked()  # nobody is new: nothing can be asked of them
    hits, misses = (
        next_boundary(
            [(people, counts[side]) for people, counts in before],
            n_max if course.ended and not whole else now,
            (rule.limit, 1 - rule.limit)[side],
            confidence=rule.confidence,
            n_max=n_max,
            last=course.ended,
        )
        for side in (0, 1)
    )
    return Asked(
        above=hits if hits is not None and hits <= now else None,
        below=now - misses if misses is not None and misses <= now else None,
    )


def _kept(held: Held, key: str) -> tuple[int | None, int | None]:
    """What a look asked for: of hits, and of people without one."""
    one, people = held.asked.get(key, Asked()), total(held.arms.get(key, {})).people
    return one.above, None if one.below is None else people - one.below

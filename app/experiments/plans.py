"""What is frozen at the start: who is in which arm and wave, and what each look will ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import accumulate
from math import ceil
from typing import Any

from app.experiments import leaving
from app.experiments.design_schemas import Draft
from app.experiments.leaving import AT_ONCE, KeptPace, Pace
from app.experiments.rule_schemas import Wave
from app.experiments.vocabulary import HOLDOUT, Method, RuleKind
from app.experiments.waves import sizes
from app.platform.clock import iso
from app.stats.anytime import anytime_pass_count
from app.stats.checks import NotEnoughData
from app.stats.one_arm import pass_count
from app.stats.sequential import planned_boundaries

SETTLES_AFTER = timedelta(minutes=15)  # no neighbour changes a verdict then
LOOKS_AT_ANY_TIME = 30  # of a comparison for any time: one at each thirtieth of the planned people
_MOMENTS = 40  # at which a rule for any time is read to work out its power: a little too low


@dataclass(frozen=True, slots=True)
class PlannedLook:
    """A day on which the rule is read. `people` are all that can have matured by then."""

    number: int
    due_at: datetime
    people: int
    pass_count: int | None = None


@dataclass(frozen=True, slots=True)
class Frozen:
    """The plan of one experiment. `arms` and `waves` count people; the holdout is an arm."""

    people: int
    arms: dict[str, int]
    waves: tuple[int, ...]
    looks: tuple[PlannedLook, ...]
    pass_count: int | None
    last_leaves: datetime | None = None  # of its mails, at the latest; unknown of earlier versions
    pace: KeptPace | None = None  # at which they leave

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        looks = [asdict(look) | {"due_at": iso(look.due_at)} for look in self.looks]
        last = iso(self.last_leaves) if self.last_leaves else None
        return asdict(self) | {"waves": list(self.waves), "looks": looks, "last_leaves": last}


def expected_arms(design: Draft, people: int) -> dict[str, int]:
    """How many will fall into each arm, about; the largest takes what rounding leaves."""
    total = sum(arm.weight for arm in design.arms)
    shares = {arm.key: (1 - design.holdout) * arm.weight / total for arm in design.arms}
    if design.holdout:
        shares[HOLDOUT] = design.holdout
    found = {key: int(people * share) for key, share in shares.items()}
    found[max(shares, key=lambda key: shares[key])] += people - sum(found.values())
    return found


def freeze(
    design: Draft,
    arms: Mapping[str, int],
    *,
    start: datetime,
    pace: Pace = AT_ONCE,
    zones: Sequence[tzinfo] = (),
) -> Frozen:
    """Work out the plan of everybody enrolled. `zones`: where they may be; none: anywhere.

    Raises:
        NotEnoughData: no result could ever be told with so few people.
    """
    people = sum(arms.values())
    parts = tuple(sizes(design.waves, people))
    leaves = _leaves(design, parts, arms, start=start, pace=pace, zones=zones)
    looks = _looks(design, parts, leaves)
    if design.rule.kind is RuleKind.COMPARISON:
        _refuse_empty(design, arms)
        return Frozen(people, dict(arms), parts, looks, None, leaves[-1], pace.kept())
    counts = _pass_counts(design, looks, people)
    told = tuple(
        PlannedLook(look.number, look.due_at, look.people, count)
        for look, count in zip(looks, counts, strict=True)
    )
    return Frozen(people, dict(arms), parts, told, counts[-1], leaves[-1], pace.kept())


def _pass_counts(
    design: Draft, looks: tuple[PlannedLook, ...], people: int
) -> tuple[int | None, ...]:
    rule = design.rule
    if rule.method is Method.SEQUENTIAL:
        sizes_of_looks = [look.people for look in looks]
        return planned_boundaries(sizes_of_looks, rule.limit, confidence=rule.confidence)
    if rule.method is Method.ANYTIME:
        return (anytime_pass_count(people, rule.limit, n_max=people, confidence=rule.confidence),)
    return (pass_count(people, rule.limit, confidence=rule.confidence),)


def anytime_looks(
    people: int, threshold: float, *, confidence: float
) -> list[tuple[int, int | None]]:
    """A rule that may be read at any time, as if it were read at these moments only."""
    found: list[tuple[int, int | None]] = []
    for number in range(1, _MOMENTS + 1):
        so_far = people * number // _MOMENTS
        if so_far > (found[-1][0] if found else 0):
            found.append((so_far, _anytime_count(so_far, people, threshold, confidence)))
    return found


def _anytime_count(so_far: int, people: int, threshold: float, confidence: float) -> int | None:
    try:
        return anytime_pass_count(so_far, threshold, n_max=people, confidence=confidence)
    except NotEnoughData:
        return None


def _leaves(
    design: Draft,
    parts: Sequence[int],
    arms: Mapping[str, int],
    *,
    start: datetime,
    pace: Pace,
    zones: Sequence[tzinfo],
) -> list[datetime]:
    """When the last mail of each wave leaves at the latest; those of the holdout get none."""
    every = design.waves or [Wave(share=1)]
    begins = [start + timedelta(hours=wave.after_hours) for wave in every]
    mails = [mailed(people, arms) for people in parts]
    return leaving.lasts([*zip(begins, mails, strict=True)], pace, zones, design.hours)


def mailed(people: int, arms: Mapping[str, int]) -> int:
    """How many of so many get a mail: each wave has its part of the holdout."""
    everybody = sum(arms.values())
    return ceil(people * (everybody - arms.get(HOLDOUT, 0)) / everybody) if everybody else people


def _looks(
    design: Draft, parts: tuple[int, ...], leaves: Sequence[datetime]
) -> tuple[PlannedLook, ...]:
    """One look after the last wave; several are spread over the waves, the last one at the end."""
    ends = list(accumulate(parts))
    number = design.rule.looks
    if len(parts) < number:
        raise NotEnoughData(f"{number} looks need {number} waves, and there are {len(parts)}")
    planned_looks: list[PlannedLook] = []
    for look in range(1, number + 1):
        wave = ceil(look * len(parts) / number) - 1
        due_at = closes(design, leaves[wave])
        if ends[wave] == (planned_looks[-1].people if planned_looks else 0):
            raise NotEnoughData(
                f"wave {wave + 1} holds nobody, so look {look} would see nothing new"
            )
        planned_looks.append(PlannedLook(look, due_at, ends[wave]))
    return tuple(planned_looks)


def closes(design: Draft, leaves: datetime) -> datetime:
    """When the last window of a wave has closed and its clicks have settled."""
    end = leaves + timedelta(hours=design.metric.hours)
    if design.stop_at is not None:
        end = min(end, design.stop_at)
    return end + SETTLES_AFTER


def _refuse_empty(design: Draft, arms: Mapping[str, int]) -> None:
    keys = [arm.key for arm in design.arms] + ([HOLDOUT] if design.holdout else [])
    empty = [key for key in keys if not arms.get(key)]
    if empty:
        raise NotEnoughData(f"nobody fell into {', '.join(empty)}")

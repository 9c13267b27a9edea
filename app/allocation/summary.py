"""Where the time went, from answers. Pure arithmetic, exact: no order and no scale changes it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, ClassVar

from pydantic import ConfigDict

from app.platform.shapes import answered

FEWEST = 4  # answers of people that are shown as a group
WHOLE = 100
SPLIT: dict[str, Any] = {
    "non_elective": 0.44,
    "of_all": {"lights": 0.44, "new": 0.28, "existing": 0.14, "productivity": 0.14},
    "of_elective": {"new": 0.5, "existing": 0.25, "productivity": 0.25},
    "answers": 2,
}


@dataclass(frozen=True, slots=True)
class Given:
    """One answer: whole percent per bucket, and how much it counts."""

    shares: Mapping[str, int]
    weight: float | Fraction = 1
    team_id: str | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """Shares 0..1 with both denominators; so many answers are in it."""

    __pydantic_config__: ClassVar[ConfigDict] = answered(SPLIT)

    non_elective: float  # of all the time
    of_all: Mapping[str, float]  # every bucket
    of_elective: Mapping[str, float]  # elective buckets; empty where nobody had elective time
    answers: int  # so many are in it


@dataclass(frozen=True, slots=True)
class Groups:
    """The split of everybody and of each team; None where too few answers are in it."""

    everybody: Split | None
    teams: Mapping[str, Split | None]


def split(answers: Sequence[Given], elective: frozenset[str]) -> Split | None:
    """Weigh the answers. None: nobody answered."""
    if not answers:
        return None
    time: dict[str, Fraction] = {}
    for weight, percents in _by_weight(answers).items():
        for bucket, percent in percents.items():
            time[bucket] = time.get(bucket, Fraction(0)) + Fraction(weight) * percent
    everything = sum(time.values(), Fraction(0))
    chosen = sum((time[one] for one in time if one in elective), Fraction(0))
    return Split(
        non_elective=float((everything - chosen) / everything),
        of_all={one: float(hours / everything) for one, hours in sorted(time.items())},
        of_elective={
            one: float(hours / chosen)
            for one, hours in sorted(time.items())
            if one in elective and chosen
        },
        answers=len(answers),
    )


def _by_weight(answers: Sequence[Given]) -> Mapping[float | Fraction, Mapping[str, int]]:
    """Whole percent of those who weigh the same, added up: many answers, few weights."""
    found: dict[float | Fraction, dict[str, int]] = {}
    for answer in answers:
        percents = found.setdefault(answer.weight, {})
        for bucket, percent in answer.shares.items():
            percents[bucket] = percents.get(bucket, 0) + percent
    return found


def by_team(answers: Sequence[Given], elective: frozenset[str]) -> Groups:
    """Every team counts the same, however many answered for it.

    Whoever has no team answers for themselves.
    """
    teams: dict[str, list[Given]] = {}
    alone: list[Given] = []
    for answer in answers:
        (teams.setdefault(answer.team_id, []) if answer.team_id else alone).append(answer)
    equal = [
        replace(answer, weight=Fraction(1, len(given)))
        for given in teams.values()
        for answer in given
    ]
    return Groups(
        everybody=split([*equal, *alone], elective),
        teams={team: split(given, elective) for team, given in sorted(teams.items())},
    )


def by_cell(told: Sequence[Given], elective: frozenset[str], *, asked: Iterable[str]) -> Groups:
    """People's answers as they are counted; None for a team of which too few are.

    Args:
        told: answers in cells; its `team_id` is the cell's, None where it mixes teams.
        asked: the teams that somebody answered for.
    """
    return Groups(
        everybody=split(told, elective),
        teams={
            team: split([given for given in told if given.team_id == team], elective)
            for team in sorted(asked)
        },
    )


def cells_of(
    teams: Mapping[str, str | None], *, fewest: int = FEWEST
) -> list[tuple[str | None, list[str]]]:
    """Put people who are not counted yet into cells: a team's own, or one that mixes teams.

    No cell holds fewer than `fewest`, so that no sum or difference of what is shown is about
    fewer. Where those left over would be too few, the smallest new cell takes them in.

    Args:
        teams: the team of each person, by their id.
    """
    if len(teams) < fewest:
        return []
    by_name: dict[str, list[str]] = {}
    for person, team in sorted(teams.items()):
        by_name.setdefault(team or "", []).append(person)
    own = {name: people for name, people in by_name.items() if name and len(people) >= fewest}
    rest = [person for name, people in by_name.items() if name not in own for person in people]
    if 0 < len(rest) < fewest:
        rest += own.pop(min(own, key=lambda name: (len(own[name]), name)))
    return [*own.items(), *([(None, sorted(rest))] if rest else [])]


def risen(non_elective: Sequence[float], *, times: int = 3) -> bool:
    """Whether the last weeks, oldest first, each rose above the one before, `times` in a row."""
    last = non_elective[-times - 1 :]
    return len(last) == times + 1 and all(a < b for a, b in pairwise(last))


def off_by(shares: Mapping[str, int]) -> str | None:
    """What is wrong with shares that do not add up to 100, in a sentence; None if nothing is."""
    total = sum(shares.values())
    if total == WHOLE:
        return None
    rest = f"{WHOLE - total} are missing" if total < WHOLE else f"{total - WHOLE} are too many"
    return f"This adds up to {total}: {rest}."

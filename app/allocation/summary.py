"""Where the time went, from answers. Pure arithmetic, exact: no order and no scale changes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

FEWEST = 4  # answers of people that are shown as a group; okr.md's survey rule
WHOLE = 100


@dataclass(frozen=True, slots=True)
class Given:
    """One answer: whole percent per bucket, and how much the respondent works."""

    shares: Mapping[str, int]
    fte: float = 1.0
    team_id: str | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """Both denominators, shares 0..1: of all the time, and of the elective time."""

    non_elective: float  # of all the time
    of_all: Mapping[str, float]  # every bucket
    of_elective: Mapping[str, float]  # elective buckets; empty where nobody had elective time


@dataclass(frozen=True, slots=True)
class Groups:
    """The split of everybody and of each team; None where too few answered to be shown."""

    everybody: Split | None
    teams: Mapping[str, Split | None]


def split(answers: Sequence[Given], elective: frozenset[str]) -> Split | None:
    """Weigh the answers by FTE. None: nobody answered."""
    if not answers:
        return None
    time: dict[str, Fraction] = {}
    for answer in answers:
        for bucket, percent in answer.shares.items():
            time[bucket] = time.get(bucket, Fraction(0)) + Fraction(answer.fte) * percent
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
    )


def by_team(answers: Sequence[Given], elective: frozenset[str], *, fewest: int) -> Groups:
    """Split by team; a group with fewer answers than `fewest` is hidden.

    Where the hidden answers together would be fewer, too, subtracting the teams shown from
    everybody would uncover them: then the smallest team shown is hidden with them.
    """
    teams: dict[str, list[Given]] = {}
    for answer in answers:
        teams.setdefault(answer.team_id or "", []).append(answer)
    shown = {team for team, given in teams.items() if len(given) >= fewest}
    hidden = len(answers) - sum(len(teams[team]) for team in shown)
    if 0 < hidden < fewest and shown:
        shown.remove(min(shown, key=lambda team: (len(teams[team]), team)))
    return Groups(
        everybody=split(answers, elective) if len(answers) >= fewest else None,
        teams={
            team: split(given, elective) if team in shown else None
            for team, given in sorted(teams.items())
            if team
        },
    )


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

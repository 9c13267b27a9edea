"""Worked numbers, each of which was computed in two ways."""

import json
from collections.abc import Callable, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, norm

from app.stats.conditional import one_side
from app.stats.guardrails import guard
from app.stats.rate_power import power_of_counts
from app.stats.score import Pair
from app.stats.skewed import skewed_low, skewed_z, skewed_zs
from app.stats.srm import sample_ratio, sample_ratio_evidence
from app.stats.sums import Sums
from app.stats.uneven import unevenness, widened
from app.stats.welch import welch

Inputs = Mapping[str, Any]
CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "worked.json").read_text(encoding="utf-8")
)
Z95 = float(norm.ppf(0.975))


def looks_of(told: Inputs) -> list[Pair]:
    names = ("hits", "people", "base_hits", "base_people")
    return [Pair(*now) for now in zip(*(accumulate(told[name]) for name in names), strict=True)]


def looks(told: Inputs) -> list[float]:
    seen = looks_of(told)
    shares = [min(1.0, (one.people + one.base_people) / told["n_max"]) for one in seen]
    said = one_side(seen, shares, alpha=told["alpha_one_sided"])
    return [*(-1 if one is None else one for one in said.needed), said.error]


def pair_of(told: Inputs) -> Pair:
    return Pair(told["hits"], told["people"], told["base_hits"], told["base_people"])


def corrected_z(told: Inputs) -> float:
    return skewed_z(pair_of(told), 0.0)


def corrected_interval(told: Inputs) -> list[float]:
    pair = pair_of(told)
    return [skewed_low(pair, critical=Z95), -skewed_low(pair.turned(), critical=Z95)]


def tables(people: int, base_people: int, *, most: int) -> np.ndarray:
    """Every pair of counts up to `most`, as columns."""
    hits, base_hits = np.meshgrid(np.arange(min(most, people) + 1), np.arange(base_people + 1))
    shown = base_hits.ravel() <= most
    rows = (hits.ravel()[shown], people, base_hits.ravel()[shown], base_people)
    return np.stack(np.broadcast_arrays(*map(np.asarray, rows))).astype(float)


def scores(pairs: np.ndarray) -> np.ndarray:
    hits, people, base_hits, base_people = pairs
    everybody = people + base_people
    pooled = (hits + base_hits) / everybody
    spread = pooled * (1 - pooled) * everybody**2 / (people * base_people * (everybody - 1))
    apart = hits / people - base_hits / base_people
    found: np.ndarray = np.divide(apart, np.sqrt(spread), out=0 * apart, where=spread > 0)
    return found


def false_yes(told: Inputs) -> list[float]:
    pairs = tables(told["people"], told["base_people"], most=400)
    rate = told["rate"]
    chance = binom.pmf(pairs[0], pairs[1], rate) * binom.pmf(pairs[2], pairs[3], rate)
    z = skewed_zs(pairs, np.zeros(pairs.shape[1]))
    return [float(chance[one > Z95].sum()) for one in (scores(pairs), z)]


def plan_power(told: Inputs) -> float:
    """By the score as it is; the plan itself takes the corrected one."""
    people, base_people = told["people"], told["base_people"]
    base_hits = np.arange(base_people + 1.0)
    needed = np.array([fewest(people, base_people, int(count)) for count in base_hits], float)
    rates = {"base_rate": told["base"], "rise": told["rise"]}
    return power_of_counts(needed, base_hits, people, base_people, **rates)


def fewest(people: int, base_people: int, base_hits: int) -> int:
    hits = np.arange(people + 1.0)
    pairs = np.stack(np.broadcast_arrays(hits, people, base_hits, base_people)).astype(float)
    shows = np.flatnonzero(scores(pairs) > Z95)
    return int(shows[0]) if len(shows) else people + 1


def guardrail(told: Inputs) -> float:
    return guard(told["hits"], told["people"], maximum=told["max"], n_max=told["n_max"]).log_e


def split(told: Inputs) -> list[float]:
    people, weights = told["people"], told["weights"]
    return [
        sample_ratio_evidence(people, weights).log_e,
        sample_ratio(people, weights).p_value,
    ]


def uneven(_told: Inputs) -> list[float]:
    """The values are written out in words."""
    arm = sums_of([(i * i % 97) ** 2 / 100 for i in range(270)])
    base = sums_of([(i**3 % 89) ** 2 / 100 for i in range(30)])
    found = unevenness(arm, base)
    said = widened(welch(arm, base), found, confidence=0.95)
    return [found.kappa, said.low, said.high]


def sums_of(values: list[float]) -> Sums:
    y, yy, yyy = (sum(value**power for value in values) for power in (1, 2, 3))
    return Sums(len(values), y, yy, yyy=yyy)


COMPUTED: dict[str, Callable[[Inputs], Any]] = {
    "C08": looks,
    "C09": looks,
    "C11": corrected_z,
    "C12": corrected_interval,
    "C14": false_yes,
    "C15": plan_power,
    "C17": guardrail,
    "C19": split,
    "C21": uneven,
}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_worked_number_comes_out(case: dict[str, Any]):
    found = COMPUTED[case["id"]](case["inputs"])

    assert found == pytest.approx(case["expected"], abs=case["tolerance"], rel=case["tolerance"])


def test_every_worked_case_is_computed():
    assert {case["id"] for case in CASES} == set(COMPUTED)

"""What a comparison costs, singly and by the thousand, beside SciPy and statsmodels in one run.

`python -m tests.bench.stats [--repeats 5]`. Prints microseconds for one analysis (test and
interval), the best of the repeats. Exits 1 if a comparison by the thousand takes over 2 µs.
"""

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
from scipy.stats import barnard_exact, chi2_contingency
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from app.stats.bayes import chance_to_beat, expected_loss
from app.stats.multiplicity import compare_all
from app.stats.srm import sample_ratio
from app.stats.two_arm import Arm, compare, compare_many

LIMIT = 2.0  # µs, of the design
ARM, BASELINE = Arm(5000, 460), Arm(5000, 400)
FEW, FEWER = Arm(40, 7), Arm(40, 1)
TABLE = np.array([[460, 4540], [400, 4600]])


def theirs() -> None:
    """A test and an interval, as most people would get them."""
    proportions_ztest([460, 400], [5000, 5000])
    confint_proportions_2indep(460, 5000, 400, 5000, method="newcomb")


def theirs_score() -> None:
    confint_proportions_2indep(460, 5000, 400, 5000, method="score")


def thousand(count: int = 1000) -> Callable[[], object]:
    """A page over a thousand experiments of 300 to 5,000 people an arm."""
    rng = np.random.default_rng(1)
    people, base_people = rng.integers(300, 5000, (2, count))
    hits, base_hits = rng.binomial(people, 0.09), rng.binomial(base_people, 0.08)
    return lambda: compare_many(people, hits, base_people, base_hits, confidence=0.95)


def micros(work: Callable[[], object], *, times: int, repeats: int) -> float:
    """The best of the repeats, a call."""
    work()
    spans = []
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(times):
            work()
        spans.append((time.perf_counter() - start) / times * 1e6)
    return min(spans)


ONE_BY_ONE: dict[str, tuple[Callable[[], object], int]] = {
    "compare, score": (lambda: compare(ARM, BASELINE, confidence=0.95, mde=0.02), 500),
    "compare, exact (40 an arm)": (lambda: compare(FEW, FEWER, confidence=0.95, mde=0.02), 10),
    "compare, exact (2 and 6 of 50,000)": (
        lambda: compare(Arm(50_000, 6), Arm(50_000, 2), confidence=0.95, mde=0.02), 10,
    ),
    "compare_all, three arms": (
        lambda: compare_all([ARM] * 3, BASELINE, confidence=0.95, mde=0.02), 200,
    ),
    "chance to beat and expected loss": (
        lambda: (chance_to_beat(ARM, BASELINE), expected_loss(ARM, BASELINE)), 100,
    ),
    "sample ratio": (lambda: sample_ratio([5000, 5100], [1, 1]), 500),
    "statsmodels, pooled z and Newcombe": (theirs, 50),
    "statsmodels, score interval": (theirs_score, 10),
    "SciPy, chi-square": (lambda: chi2_contingency(TABLE, correction=False), 50),
    "SciPy, Barnard (40 an arm)": (lambda: barnard_exact([[7, 1], [33, 39]]), 2),
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    for name, (work, times) in ONE_BY_ONE.items():
        print(f"{micros(work, times=times, repeats=repeats):12.1f} µs  {name}")
    each = micros(thousand(), times=5, repeats=repeats) / 1000
    print(f"{each:12.3f} µs  compare_many, each of 1,000")
    return 1 if each > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())

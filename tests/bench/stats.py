"""What a comparison costs, beside SciPy and statsmodels in one run.

`python -m tests.bench.stats [--repeats 5]`. Prints microseconds for one analysis (test and
interval), the best of the repeats. Exits 1 if a comparison costs more than the score
interval of statsmodels alone.
"""

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
from scipy.stats import barnard_exact, chi2_contingency
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from app.stats.bayes import chance_to_beat, expected_loss
from app.stats.srm import sample_ratio
from app.stats.two_arm import Arm, compare

OURS, THEIRS = "compare, score", "statsmodels, score interval"
ARM, BASELINE = Arm(5000, 460), Arm(5000, 400)
FEW, FEWER = Arm(40, 7), Arm(40, 1)
TABLE = np.array([[460, 4540], [400, 4600]])


def theirs() -> None:
    """A test and an interval, as most people would get them."""
    proportions_ztest([460, 400], [5000, 5000])
    confint_proportions_2indep(460, 5000, 400, 5000, method="newcomb")


def theirs_score() -> None:
    confint_proportions_2indep(460, 5000, 400, 5000, method="score")


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
    OURS: (lambda: compare(ARM, BASELINE, confidence=0.95, mde=0.02), 500),
    "compare, exact (40 an arm)": (lambda: compare(FEW, FEWER, confidence=0.95, mde=0.02), 10),
    "compare, exact (2 and 6 of 50,000)": (
        lambda: compare(Arm(50_000, 6), Arm(50_000, 2), confidence=0.95, mde=0.02), 10,
    ),
    "chance to beat and expected loss": (
        lambda: (chance_to_beat(ARM, BASELINE), expected_loss(ARM, BASELINE)), 100,
    ),
    "sample ratio": (lambda: sample_ratio([5000, 5100], [1, 1]), 500),
    "statsmodels, pooled z and Newcombe": (theirs, 50),
    THEIRS: (theirs_score, 10),
    "SciPy, chi-square": (lambda: chi2_contingency(TABLE, correction=False), 50),
    "SciPy, Barnard (40 an arm)": (lambda: barnard_exact([[7, 1], [33, 39]]), 2),
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    cost = {}
    for name, (work, times) in ONE_BY_ONE.items():
        cost[name] = micros(work, times=times, repeats=repeats)
        print(f"{cost[name]:12.1f} µs  {name}")
    return 1 if cost[OURS] > cost[THEIRS] else 0


if __name__ == "__main__":
    sys.exit(main())

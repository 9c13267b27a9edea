"""How often every rule errs while it is peeked at, beside what it promises.

`python -m tests.bench.calibration` takes under a minute; `--full` has more rates, sizes and runs;
`--machinery` goes through the real tables and readouts. Exits 1 if an error is over its nominal, or
coverage under it, by more than three Monte-Carlo errors. The score test is asymptotic and is
allowed 0.05 points beside. Then the figures of peeking that the design was chosen by.
"""

import argparse
import sys
from collections.abc import Iterable

from tests.bench import machinery, peeking, rules
from tests.bench.rules import Measured

_HEAD = (
    f"{'rule':26} {'rate':>6} {'people':>7} {'looks':>6} {'error':>17} {'nominal':>8}"
    f" {'covers':>17}"
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--machinery", action="store_true")
    parser.add_argument("--seed", type=int, default=20261123)
    asked = parser.parse_args()
    if asked.machinery:
        return show(machinery.all_rules(150 if asked.full else 30, seed=asked.seed))
    size = rules.FULL if asked.full else rules.SMALL
    worst = show(rules.all_rules(size, seed=asked.seed))
    print()
    for figure in peeking.figures(100_000 if asked.full else 20_000, seed=asked.seed):
        print(figure)
    return worst


def show(measured: Iterable[Measured]) -> int:
    """Print a row for each; 1 if one does not hold."""
    print(_HEAD)
    worst = 0
    for one in measured:
        print(_row(one), flush=True)
        worst = worst if one.holds else 1
    return worst


def _row(one: Measured) -> str:
    error, covered = (
        f"{100 * share:7.2f} ± {100 * one.noise(share):.2f} %" for share in (one.error, one.covered)
    )
    return (
        f"{one.rule:26} {100 * one.rate:4.1f} % {one.people:7,} {one.looks:6,} {error:>17}"
        f" {100 * one.nominal:6.1f} % {covered:>17}{'' if one.holds else '   DOES NOT HOLD'}"
    )


if __name__ == "__main__":
    sys.exit(main())

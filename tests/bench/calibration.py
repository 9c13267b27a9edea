"""How often every rule errs while it is peeked at, beside what it promises.

`python -m tests.bench.calibration` takes about five minutes of one core. `--full` has more sizes
and runs and takes half an hour, no part more than ten minutes; `--only` names the parts to run,
and each says how long it took. Exits 1 if an error is over what is promised, or coverage under it,
by more than three Monte-Carlo errors. A comparison promises 2.5 % a side: a false "validated".
The column "before" cites what an earlier version did in such a cell. `peeking` prints the figures
that the design was chosen by; `machinery` goes through the real tables, looks and readouts.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.bench import alarms, endings, machinery, peeking, rules, two_rates, two_values
from tests.bench.measured import Measured

_HEAD = f"{'rule':26} {'cell':52} {'nominal':>8} {'error':>17} {'covers':>9}  before"


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is simulated of each part."""

    one_arm: rules.Size
    rates: two_rates.Size
    values: int
    alarms: int
    endings: int
    machinery: int


USUAL = Amount(
    rules.SMALL, two_rates.USUAL, values=4_000, alarms=20_000, endings=100_000, machinery=30
)
FULL = Amount(
    rules.FULL, two_rates.FULL, values=40_000, alarms=100_000, endings=400_000, machinery=150
)
TINY = Amount(rules.TINY, two_rates.TINY, values=200, alarms=2_000, endings=4_000, machinery=2)

PARTS: dict[str, Callable[[Amount, int], Iterator[Measured]]] = {
    "rates": lambda amount, seed: two_rates.all_rules(amount.rates, seed=seed),
    "values": lambda amount, seed: two_values.all_rules(amount.values, seed=seed),
    "alarms": lambda amount, seed: alarms.all_rules(amount.alarms, seed=seed),
    "one-arm": lambda amount, seed: rules.all_rules(amount.one_arm, seed=seed),
    "endings": lambda amount, seed: endings.all_rules(amount.endings, seed=seed),
    "machinery": lambda amount, seed: machinery.all_rules(amount.machinery, seed=seed),
}
SEED = 20261123


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", nargs="+", choices=[*PARTS, "peeking"])
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    amount, wanted = FULL if asked.full else USUAL, asked.only or [*PARTS, "peeking"]
    print(_HEAD)
    worst = 0
    for one in wanted:
        began = time.perf_counter()
        if one in PARTS:
            worst = max(worst, show(PARTS[one](amount, asked.seed)))
        else:
            _peek(100_000 if asked.full else 20_000, asked.seed)
        print(f"{one}: {time.perf_counter() - began:.0f} s", flush=True)
    return worst


def _peek(runs: int, seed: int) -> None:
    for figure in peeking.figures(runs, seed=seed):
        print(figure, flush=True)


def show(measured: Iterable[Measured]) -> int:
    """Print a row for each; 1 if one does not hold."""
    worst = 0
    for one in measured:
        print(_row(one), flush=True)
        worst = worst if one.holds else 1
    return worst


def _row(one: Measured) -> str:
    spread = "exact" if one.is_exact else f"± {100 * one.spread:.2f} %"
    error = f"{100 * one.error:.2f} {spread}"
    covered = "" if one.covered is None else f"{100 * one.covered:.2f} %"
    said = one.before if one.holds else f"{one.before}   DOES NOT HOLD"
    opening = f"{one.rule:26} {one.setting:52} {100 * one.nominal:6.2f} %"
    return f"{opening} {error:>17} {covered:>9}  {said}".rstrip()


if __name__ == "__main__":
    sys.exit(main())

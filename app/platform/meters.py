"""What this process counts for whoever watches: kept in memory, by name and by closed labels.

Nothing here knows who reads it. `meter_files` keeps it for the other processes of a data folder.
"""

import threading
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

# Up to which requests are told apart: a choice of ours, from a click to a long report.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_MOST = 5_000  # series of one meter: far beyond what is asked for, and an end to any mistake

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meter:
    """Something that is counted and only grows; with `bounds`, how long something took.

    `labels` are their values where those are known before, and None where routes of ours are.
    """

    name: str  # as Prometheus calls it, with its unit
    told: str
    labels: Mapping[str, Sequence[str] | None] = field(default_factory=dict)
    bounds: tuple[float, ...] = ()

    def every(self) -> list[Labels]:
        """Each combination of labels that is known before anything was counted."""
        known = [values for values in self.labels.values() if values is not None]
        return list(product(*known)) if len(known) == len(self.labels) else []


Series = dict[Labels, list[float]]  # a count; or one for each bound and beyond, then the sum


class Counts:
    """Counts by meter and labels. Any thread may add."""

    def __init__(self, kept: Mapping[str, Series] | None = None) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, Series] = {
            name: dict(series) for name, series in (kept or {}).items()
        }
        self.news = threading.Event()  # since whoever clears it looked

    def count(self, meter: Meter, *labels: str, by: float = 1) -> None:
        """So many more."""
        self._add(meter, labels, [by])

    def took(self, meter: Meter, seconds: float, *labels: str) -> None:
        """One more that took so long."""
        numbers = [0.0] * (len(meter.bounds) + 2)
        numbers[bisect_left(meter.bounds, seconds)] = 1
        numbers[-1] = seconds
        self._add(meter, labels, numbers)

    def of(self, meter: Meter) -> Series:
        """What was counted by each combination of labels; noughts for those that are known."""
        nothing = [0.0] * (len(meter.bounds) + 2 if meter.bounds else 1)
        with self._lock:
            fitting = {
                labels: numbers
                for labels, numbers in self._kept.get(meter.name, {}).items()
                if len(labels) == len(meter.labels) and len(numbers) == len(nothing)
            }
        return dict.fromkeys(meter.every(), nothing) | fitting

    def merge(self, other: "Counts") -> None:
        """Add what somebody else counted."""
        for name, series in other.copied().items():
            with self._lock:
                for labels, numbers in series.items():
                    _increase(self._kept.setdefault(name, {}), labels, numbers)

    def copied(self) -> dict[str, Series]:
        """All of it, as it is now."""
        with self._lock:
            return {name: dict(series) for name, series in self._kept.items()}

    def _add(self, meter: Meter, labels: Labels, numbers: list[float]) -> None:
        with self._lock:
            series = self._kept.setdefault(meter.name, {})
            if labels in series or len(series) < _MOST:
                _increase(series, labels, numbers)
        self.news.set()


def _increase(series: Series, labels: Labels, numbers: list[float]) -> None:
    """A list is never changed once it is in: whoever copied the series goes on reading it."""
    before = series.get(labels)
    series[labels] = (
        [old + new for old, new in zip(before, numbers, strict=True)]
        if before and len(before) == len(numbers)
        else numbers
    )


def written(counts: Counts) -> Any:
    """Counts as JSON has them."""
    return {
        name: [[list(labels), numbers] for labels, numbers in series.items()]
        for name, series in counts.copied().items()
    }


def read(found: Any) -> Counts:
    """The same read back. Raises ValueError, TypeError or AttributeError where it is none."""
    return Counts(
        {
            name: {tuple(map(str, labels)): [float(n) for n in numbers] for labels, numbers in rows}
            for name, rows in found.items()
        }
    )


HERE = Counts()  # of this process


def count(meter: Meter, *labels: str, by: float = 1) -> None:
    """So many more in this process."""
    HERE.count(meter, *labels, by=by)


def took(meter: Meter, seconds: float, *labels: str) -> None:
    """One more in this process that took so long."""
    HERE.took(meter, seconds, *labels)

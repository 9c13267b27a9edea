"""Goals that a company has, made up, and files of them as several tools write them."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random


@dataclass(frozen=True)
class Measured:
    """A key result and its check-ins, as somebody has them."""

    title: str
    start: float
    target: float
    unit: str
    check_ins: dict[date, float]


@dataclass(frozen=True)
class Wanted:
    """An objective."""

    title: str
    teams: tuple[str, ...]
    key_results: list[Measured] = field(default_factory=list)


UNITS = {"number": "", "percent": "%", "EUR": "€"}


def company(rng: Random, *, last: date) -> list[Wanted]:
    """A few objectives with a few key results; check-ins in whole weeks until a day."""
    wanted = []
    for number in range(rng.randint(1, 4)):
        teams = tuple(rng.sample(["Counter", "Oven", "Platform"], rng.randint(0, 2)))
        wanted.append(
            Wanted(f"Objective {number}, “own”; with signs", teams, list(_some(rng, last)))
        )
    return wanted


def _some(rng: Random, last: date) -> Iterator[Measured]:
    for number in range(rng.randint(1, 4)):
        start = rng.randint(0, 2_000_000) / 100
        yield Measured(
            title=f"Number {number} | of {rng.randint(1, 9)}",
            start=start,
            target=round(start + rng.choice([-1, 1]) * rng.randint(1, 900_000) / 100, 2),
            unit=rng.choice(list(UNITS)),
            check_ins={
                last - timedelta(weeks=back): rng.randint(0, 3_000_000) / 100
                for back in range(rng.randint(0, 13))
            },
        )


@dataclass(frozen=True)
class Hand:
    """How somebody's tool writes: days, numbers, separators, letters."""

    day: Callable[[date], str]
    decimal: str
    thousands: str
    separator: str
    encoding: str

    def number(self, value: float) -> str:
        text = f"{value:,.2f}".replace(",", "T").replace(".", "D")
        return text.replace("T", self.thousands).replace("D", self.decimal)

    def file(self, rows: list[list[str]]) -> bytes:
        written = io.StringIO()
        csv.writer(written, delimiter=self.separator).writerows(rows)
        return written.getvalue().encode(self.encoding)


HANDS = {
    "american": Hand(lambda day: f"{day.month}/{day.day}/{day.year}", ".", ",", ",", "utf-8-sig"),
    "german": Hand(lambda day: f"{day:%d.%m.%Y}", ",", ".", ";", "cp1252"),
    "norwegian": Hand(lambda day: f"{day.day}. {day:%b} {day.year}", ",", " ", "\t", "utf-16"),
    "iso": Hand(date.isoformat, ".", "", ",", "utf-8"),
}


def viva(wanted: list[Wanted], hand: Hand) -> list[list[str]]:
    """As Viva Goals: a row each, aligned by id; the check-ins of one in one cell."""
    rows = [["Id", "Title", "Team", "Owner", "Period", "Aligned To (weight, Objective ID)",
             "Metric Name", "Unit", "Target", "Object Type", "Goal Type", "Start",
             "Checkins"]]  # fmt: skip
    for number, one in enumerate(wanted):
        own = str(100 + number)
        rows.append([own, one.title, "; ".join(one.teams), "Ann Berg", "Q4 2026", "", "", "", "",
                     "Objective", "Aspirational Goal", "", ""])  # fmt: skip
        for row in one.key_results:
            history = "; ".join(
                f"{day.isoformat()}: {hand.number(value)}" for day, value in row.check_ins.items()
            )
            rows.append(["", row.title, "", "Bo Lind", "Q4 2026",
                         f"{one.title}(weight: 14.29%, Id: {own})", "Progress", UNITS[row.unit],
                         hand.number(row.target), "Key result", "", hand.number(row.start),
                         history])  # fmt: skip
    return rows


def long(wanted: list[Wanted], hand: Hand) -> list[list[str]]:
    """A row for each check-in; what it belongs to is said again in each."""
    rows = [["Quarter", "Objective", "Teams", "Key Result", "Baseline", "Target", "Unit", "Date",
             "Value", "Comment"]]  # fmt: skip
    for one in wanted:
        for row in one.key_results:
            about = ["2026 Q4", one.title, ", ".join(one.teams), row.title, hand.number(row.start),
                     hand.number(row.target), UNITS[row.unit]]  # fmt: skip
            rows += [
                [*about, hand.day(day), hand.number(value), "as it was"]
                for day, value in row.check_ins.items()
            ] or [[*about, "", "", ""]]
    return rows


FORMS = {"viva": viva, "long": long}

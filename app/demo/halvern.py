"""Who Halvern is: teams, outcomes, features, experiments and bakers. All invented."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

TEAMS = (("Counter", "product"), ("Oven", "product"), ("Platform", "engineering"))

# Percent of all time that kept the lights on, the oldest week first; each team is a little off.
LIGHTS_ON = (27, 29, 26, 28, 27, 30, 29, 28, 31, 36, 44, 33)
LIGHTS_OFF_BY = {"Counter": 9, "Oven": -6, "Platform": -3}
OBJECTIVE = "Bakers plan their week with us"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A key result and how it went, week by week, the last entry being this week."""

    title: str
    kind: str
    unit: str
    start: float
    target: float
    weeks: tuple[float, ...]
    owner: str
    before: tuple[float, ...]  # the quarter before the cycle: how large the noise is


OUTCOMES = (
    Outcome(
        "Weekly active bakeries",
        "increase",
        "number",
        1240,
        1800,
        (1240, 1243, 1240, 1251, 1249, 1256, 1262, 1301, 1340, 1388, 1421, 1462, 1515),
        "Ann",
        (1236, 1248, 1229, 1251, 1240, 1233, 1246, 1238, 1255, 1231, 1243, 1249, 1237),
    ),
    Outcome(
        "Planner revenue a month",
        "increase",
        "EUR",
        18_000,
        45_000,
        (
            18_000,
            18_000,
            18_200,
            18_100,
            18_400,
            18_700,
            18_900,
            20_400,
            22_700,
            25_100,
            27_600,
            29_300,
            31_200,
        ),
        "Ann",
        (
            17_600,
            18_300,
            17_900,
            18_500,
            17_700,
            18_100,
            18_400,
            17_800,
            18_200,
            17_500,
            18_300,
            18_000,
            17_900,
        ),
    ),
    Outcome(
        "Bakeries acting on an insight",
        "increase",
        "percent",
        0,
        15,
        (0, 0, 0, 0, 0, 0, 0, 1.5, 3.5, 3.7, 9.0, 10.5, 12),
        "Bo",
        (0.4, 0, 0.7, 0.2, 0.5, 0, 0.3, 0.6, 0.1, 0.4, 0, 0.5, 0.2),
    ),
    Outcome(
        "Support requests per 100 bakeries",
        "decrease",
        "number",
        14,
        9,
        (14, 14.1, 13.9, 14, 14.3, 14.1, 14.2, 13.9, 13.6, 13.8, 14.1, 14.6, 15),
        "Cem",
        (14.2, 13.7, 14.4, 13.9, 14.5, 13.6, 14.1, 14.3, 13.8, 14, 14.4, 13.7, 14.1),
    ),
)


@dataclass(frozen=True, slots=True)
class FeatureOf:
    """A feature, the outcome it should move, and what all of it would cost."""

    title: str
    problem: str
    outcome: int
    weeks: float
    slices: tuple[str, ...]


FEATURES = (
    FeatureOf(
        "Waste insights",
        "Bakers throw away a fifth of their bread and learn of it at the end of the month.",
        2,
        6,
        ("Which products are wasted", "Waste in euros", "Next week's bake list"),
    ),
    FeatureOf(
        "Weather plan",
        "A warm Saturday empties the shelves of rolls; a wet one leaves them full.",
        0,
        8,
        ("Tomorrow's weather by mail",),
    ),
    FeatureOf(
        "Staffing hints",
        "Owners plan the early shift by habit, and pay two people for the work of one.",
        0,
        5,
        ("One hint a week by mail",),
    ),
    FeatureOf(
        "Planner Plus",
        "Those who plan with us daily would pay for a second shop.",
        1,
        7,
        ("Name the price",),
    ),
)


@dataclass(frozen=True, slots=True)
class Promise:
    """A commitment of a week's review, and what became of it in the week after."""

    text: str
    owner: str
    kept: str | None = "done"


# What each review promised, by how many weeks ago it was held.
PROMISES = {
    6: (Promise("Ask five bakers what the list of products is worth to them", "Bo"),),
    5: (
        Promise("Write the waste insight in euros", "Bo"),
        Promise("Halve the alarms of the till import", "Cem", "not_done"),
    ),
    4: (Promise("Plan the bake list as the next slice of waste insights", "Ann"),),
    3: (Promise("Ask bakers about the weather by mail, before anything is built", "Bo"),),
    2: (
        Promise("Freeze Counter requests for a week", "Cem"),
        Promise("Send staffing hints to 600 bakeries", "Ann"),
    ),
    1: (
        Promise("Decide on staffing hints when their windows have closed", "Ann", None),
        Promise("Keep Counter requests frozen until support is below 14 again", "Cem", None),
    ),
}
BLOCKERS = {2: "Counter requests take every second day of Oven's."}
MEETINGS = {2: "Counter requests wait a week; only what stops a bakery is mended."}

PRODUCTS = ("Tuesday rye", "Saturday rolls", "spelt loaf", "butter croissant", "poppy plait")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday")
_FIRST = (
    "Ada",
    "Ben",
    "Carla",
    "Dag",
    "Elin",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jon",
    "Kaja",
    "Lars",
)
_LAST = (
    "Aas",
    "Berg",
    "Costa",
    "Dahl",
    "Eide",
    "Fuchs",
    "Groß",
    "Haugen",
    "Iversen",
    "Jansen",
    "Krug",
)
_HOSTS = (
    "bakery.example",
    "brot.example",
    "bakeri.example",
    "scanned.example",
    "icloud.example",
    "gmail.example",
)


def bakers(count: int, *, rng: random.Random) -> Iterator[dict[str, Any]]:
    """Bakers with one insight each. Addresses end in .example: nobody real can be reached."""
    for number in range(1, count + 1):
        first, last = rng.choice(_FIRST), rng.choice(_LAST)
        yield {
            "email": f"{first}.{last}.{number}@{rng.choice(_HOSTS)}".lower().replace("ß", "ss"),
            "name": first,
            "bakery": f"Bakery {last} {number}",
            "product": rng.choice(PRODUCTS),
            "day": rng.choice(DAYS),
            "share": rng.randrange(11, 32),
            "euros": rng.randrange(28, 96),
        }

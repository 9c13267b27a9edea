"""What may happen to a town: one small function each, in a registry; a new one is one entry."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx

from tests.faults.town import Town

Happens = Callable[[Town, httpx.Client], None]


@dataclass(frozen=True)
class Happening:
    """Something that happens, and how often beside others."""

    name: str
    happens: Happens
    weight: int


OPERATIONS: list[Happening] = []  # of people, machines and authors
TROUBLES: list[Happening] = []  # of processes, clocks and whoever tends them


def operation(weight: int = 1) -> Callable[[Happens], Happens]:
    """Enter something that happens to a service that runs."""
    return _entered(OPERATIONS, weight)


def trouble(weight: int = 1) -> Callable[[Happens], Happens]:
    """Enter something that happens to the service itself."""
    return _entered(TROUBLES, weight)


def drawn(happenings: list[Happening], seed: str) -> Iterator[Happening]:
    """An endless order, the same for the same seed; each happens before any does twice as often."""
    rng = random.Random(seed)
    while True:
        bag = [one for one in happenings for _ in range(one.weight)]
        rng.shuffle(bag)
        yield from bag


def happen(town: Town, api: httpx.Client, one: Happening) -> None:
    """Let it happen. Its chances depend on the seed and its place alone, not on what was before."""
    town.rng = random.Random(f"{town.seed} {len(town.did)} {one.name}")
    town.did.append(one.name)
    one.happens(town, api)


def _entered(where: list[Happening], weight: int) -> Callable[[Happens], Happens]:
    def enter(happens: Happens) -> Happens:
        where.append(Happening(happens.__name__, happens, weight))
        return happens

    return enter

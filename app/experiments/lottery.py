"""Who is in, and in which arm, by hash: the same however often it runs."""

import hashlib
import heapq
from collections.abc import Iterable, Sequence

from app.experiments.part_schemas import Arm
from app.experiments.vocabulary import HOLDOUT

_ARM_BITS = 64
_TICKET_BITS = 128  # two of a million people share a ticket once in 10²⁶ experiments


def ticket_of(experiment_id: str, person_id: str) -> int:
    """Where a person stands in this experiment; the smallest tickets make up a sample."""
    return _digest(experiment_id, person_id) >> (256 - _TICKET_BITS)


def arm_of(experiment_id: str, person_id: str, arms: Sequence[Arm], *, holdout: float = 0) -> str:
    """The arm that a person falls into, in proportion to the weights; or the holdout.

    It comes from other bits than the ticket, so that a sample doesn't favour an arm.
    """
    share = (_digest(experiment_id, person_id) % (1 << _ARM_BITS)) / (1 << _ARM_BITS)
    if share >= 1 - holdout:
        return HOLDOUT
    place = share / (1 - holdout) * sum(arm.weight for arm in arms)
    for arm in arms:
        place -= arm.weight
        if place < 0:
            return arm.key
    return arms[-1].key


def wave_ticket_of(experiment_id: str, person_id: str) -> int:
    """Where a person stands when waves are drawn: a hash of its own, blind to arm and sample."""
    return _digest(f"wave:{experiment_id}", person_id)


class Lottery:
    """Keeps the n smallest tickets it has seen: memory doesn't grow with the audience."""

    def __init__(self, places: int | None, tickets: Iterable[int] = ()) -> None:
        self._places = places
        self._kept: list[int] = []  # negated: the largest ticket is the first to go
        for ticket in tickets:
            self.draw(ticket)

    def draw(self, ticket: int) -> bool:
        """Whether this ticket is among the n smallest so far; without a sample, all are in."""
        if self._places is None:
            return True
        if len(self._kept) < self._places:
            heapq.heappush(self._kept, -ticket)
            return True
        if ticket > -self._kept[0]:
            return False
        heapq.heapreplace(self._kept, -ticket)
        return True

    def holds(self, ticket: int) -> bool:
        """Whether this ticket, drawn before, has not been pushed out by smaller ones."""
        return self._places is None or not self._kept or ticket <= -self._kept[0]


def _digest(experiment_id: str, person_id: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{experiment_id}:{person_id}".encode()).digest())

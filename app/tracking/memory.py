"""What judging the next hit of a send must know of those before it. It does not grow with them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from app.tracking.verdicts import Request

ROWS_A_MINUTE = 100  # hits of one send that are kept and judged; of more only the number …
ROWS_A_SEND = 1_000  # … and of so many in all
_MINUTE = 60_000_000  # microseconds
_FULL_MINUTES = 5  # remembered, for hits of another machine that come late
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

from_json = json.JSONDecoder().decode
as_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode

Hit = TypeVar("Hit")


@dataclass(slots=True)
class Memory:
    """Of one send, after its latest kept hit. Moments are microseconds since 1970."""

    kept: int = 0
    last: int = -1  # the latest kept hit
    minute: int = -1  # of that hit, and
    rows: int = 0  # how many of this minute are kept
    full: dict[int, int] = field(default_factory=dict)  # full minutes: their last kept hit
    humans: dict[str, int] = field(default_factory=dict)  # kind and link: the last that counted
    caught: dict[str, int] = field(default_factory=dict)  # caller: when last caught
    clicks: dict[int, int] = field(default_factory=dict)  # link: the last click on it
    loose: int = -1  # the last click that belongs to no burst
    facts: int = 0  # a checksum of what was known of the send

    def has_enough(self, at: int) -> bool:
        """Of a hit that comes after all those kept, nothing but the number is kept."""
        is_full = at // _MINUTE == self.minute and self.rows >= ROWS_A_MINUTE
        return is_full or self.kept >= ROWS_A_SEND

    def had_enough(self, at: int) -> bool:
        """The same of a hit that comes late, as far as that is remembered."""
        return at > self.full.get(at // _MINUTE, at)

    def keep(self, at: int) -> None:
        """One more, after the others."""
        minute = at // _MINUTE
        if minute != self.minute:
            self.minute, self.rows = minute, 0
        self.kept += 1
        self.rows += 1
        self.last = at
        if self.rows == ROWS_A_MINUTE:
            self.full[minute] = at
            for oldest in sorted(self.full)[:-_FULL_MINUTES]:
                del self.full[oldest]

    def written(self) -> str:
        """As JSON, for the database. Hand-made, for each hit changes it."""
        full = as_json(list(self.full.items())) if self.full else "[]"
        caught = as_json(self.caught) if self.caught else "{}"
        humans = ",".join([f'"{like}":{at}' for like, at in self.humans.items()])
        clicks = ",".join([f"[{link},{at}]" for link, at in self.clicks.items()])
        return (
            f"[{self.kept},{self.last},{self.rows},{full},{{{humans}}},{caught},[{clicks}],"
            f"{self.loose},{self.facts}]"
        )


def read(written: str) -> Memory:
    """From the database; a new one where nothing is written."""
    if not written:
        return Memory()
    kept, last, rows, full, humans, caught, clicks, loose, facts = from_json(written)
    minute = last // _MINUTE
    return Memory(kept, last, minute, rows, dict(full), humans, caught, dict(clicks), loose, facts)


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def chosen(
    ordered: Sequence[Hit], requests: Iterable[Request]
) -> tuple[list[Hit], list[Hit], Memory]:
    """Of all hits of a send in their order: those that are kept, and those that only count.

    The first hundred of each minute, of these the first thousand: whatever the order of arrival.
    """
    kept: list[Hit] = []
    counted: list[Hit] = []
    memory = Memory()
    for hit, request in zip(ordered, requests, strict=True):
        at = micros(request.at)
        if memory.has_enough(at):
            counted.append(hit)
        else:
            memory.keep(at)
            kept.append(hit)
    return kept, counted, memory

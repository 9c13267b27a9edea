"""What was typed into a draft and is no part of its design: kept as it was typed until it is one.

A word where a number belongs, half of a comparison, an event that the metric does not count: the
draft keeps it, so nobody types it twice, and nothing is launched over the head of its author.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from app.experiments.items import Item, blocks
from app.experiments.models import Experiment

_SHOWN = 60  # characters of what was typed, in a sentence


@dataclass(frozen=True, slots=True)
class Unread:
    """One field as it was typed; `said` is why it cannot be used; nothing where it only waits."""

    field: str
    label: str
    typed: list[str]
    said: str


def of(experiment: Experiment) -> tuple[Unread, ...]:
    """Everything that waits in this draft."""
    return tuple(Unread(**one) for one in experiment.unread or ())


def written(waiting: Iterable[Unread]) -> list[dict[str, Any]] | None:
    """The same as a document; None where nothing waits."""
    return [asdict(one) for one in waiting] or None


def items(experiment: Experiment) -> Iterator[Item]:
    """What somebody typed and must mend before anything is launched."""
    for one in of(experiment):
        if one.said:
            yield blocks(f"unread:{one.field}", _sentence(one))


def _sentence(one: Unread) -> str:
    shown = ", ".join(one.typed)[:_SHOWN].strip()
    said = one.said[:1].lower() + one.said[1:].rstrip(".!")
    if not shown:
        return f"“{one.label}” waits for an answer: {said}."
    return f"“{one.label}” says “{shown}”, which cannot be used yet: {said}."

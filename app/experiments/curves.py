"""How small a difference can be told with how many people: the plan, asked for several sizes."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.experiments import design as designs
from app.experiments.design_schemas import Draft
from app.experiments.vocabulary import Method

_TIMES = (1 / 4, 1 / 2, 1, 2, 4)  # of the people there are; each step is a doubling
_MANY = 200_000  # ours: beyond, more people tell hardly more, and several looks take seconds
# What a plan is made of; a document needs the first two.
_READ: dict[str, Any] = dict.fromkeys(
    ("name", "audience_id", "holdout", "metric", "rule", "waves"), True
) | {"arms": {"__all__": {"key", "weight"}}}


@dataclass(frozen=True, slots=True)
class Told:
    """With so many people, the true rate (or the difference) that is told 4 times in 5.

    `detectable` is a share 0..1, None where so few people can tell nothing.
    """

    people: int
    detectable: float | None
    chosen: bool


def curve(design: Draft, people: int) -> tuple[Told, ...]:
    """From a quarter of these people to four times as many, as the plan would say it of each.

    Beyond 200,000 people it goes no further than there are.

    Empty where there is nobody, and for values per person: what they can tell, people's own
    differences decide.
    """
    if people < 1 or design.metric.row.is_value:
        return ()
    read = design.model_copy(update={"name": "A plan", "audience_id": None})
    key = read.model_dump_json(include=_READ)
    sizes = sorted({_size(people, times) for times in _TIMES} | {people})
    return tuple(Told(size, _detectable(key, size), size == people) for size in sizes)


def is_slow(design: Draft, people: int) -> bool:
    """Whether it takes seconds: a rule that may be read at any time, several looks at very many."""
    method = design.rule.method
    return method is Method.ANYTIME or (method is Method.SEQUENTIAL and people > _MANY)


def _size(people: int, times: float) -> int:
    return min(max(people, _MANY), max(1, round(people * times)))


@lru_cache(maxsize=2048)
def _detectable(design: str, people: int) -> float | None:
    """Kept for a page that is shown again and again while somebody types elsewhere on it."""
    return designs.detectable(Draft.model_validate_json(design), people=people)

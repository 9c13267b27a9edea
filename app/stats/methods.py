"""What a method is, told once: to a product manager in sentences, to an analyst in symbols."""

from dataclasses import dataclass
from enum import StrEnum


class Topic(StrEnum):
    """Which question a method answers; the order is that of the help page."""

    ONE_ARM = "one arm against a threshold"
    TWO_ARMS = "arms compared"
    VALUES = "a number per person"
    PEEKING = "looking more than once"
    HEALTH = "health and guardrails"
    PLANNING = "before launch"
    WEEKS = "key results, week by week"
    AFTER = "afterwards"


@dataclass(frozen=True, slots=True)
class Method:
    """One method. Every module of this room lists its own as `METHODS`.

    key: a slug, unique. name: as it stands beside a number on a readout.
    functions: the public functions of its module that compute it.
    decides: it may make a call; otherwise it describes.
    plainly: five sentences for somebody who runs experiments and knows no statistics.
    assumes: what must be true for it to hold. formula: in symbols, one line.
    source: paper, equation or table. library: whose function calculates it; ours where empty.
    """

    key: str
    name: str
    topic: Topic
    functions: tuple[str, ...]
    decides: bool
    plainly: tuple[str, str, str, str, str]
    assumes: tuple[str, ...]
    formula: str
    source: str
    library: str = ""

"""What this room asks of rooms that it may not know; main and worker fill it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlmodel import Session

from app.experiments.models import Experiment
from app.experiments.schemas import Arm, Draft


class Level(StrEnum):
    """How much an item of the checklist matters."""

    BLOCKS = "blocks"
    WARNS = "warns"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the content, in a sentence."""

    level: Level
    id: str
    message: str


class Renderable(Protocol):
    """Can every arm be filled for this person?"""

    def missing(self, arms: Sequence[Arm], row: Mapping[str, object]) -> str | None:
        """The column that some arm prints and this person lacks; None where all can be filled."""

    def columns_used(self, arms: Sequence[Arm]) -> frozenset[str]:
        """The columns that the content of any arm looks at."""


class Lint(Protocol):
    """What is wrong with subject, body and links?"""

    def problems(self, design: Draft) -> Sequence[Problem]:
        """Everything found."""


class WaveGate(Protocol):
    """May the next wave go?"""

    def closed_because(
        self, session: Session, experiment: Experiment, *, now: datetime
    ) -> str | None:
        """Why nobody else should be written to, in a sentence; None where no harm is seen."""

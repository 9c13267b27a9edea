"""What this room asks of rooms that it may not know; main and worker fill it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlmodel import Session

from app.audience.columns import Columns
from app.audience.members import Member
from app.experiments.design_schemas import Draft
from app.experiments.items import Item
from app.experiments.leaving import Pace
from app.experiments.models import Experiment


class Reason(StrEnum):
    """Why nobody can write to somebody, as far as the content goes."""

    MISSING = "missing_column"
    MISFIT = "misfit"
    UNWRITABLE = "unwritable"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why some version cannot be written for a person. `detail` is a column, or a sentence."""

    reason: Reason
    detail: str
    about: str = ""  # what this person's cell says


class Writer(Protocol):
    """Composes every version of a design, as the sender will."""

    @property
    def columns_used(self) -> frozenset[str]:
        """The columns that the content of any version looks at."""

    @property
    def asked_alone(self) -> frozenset[str]:
        """Of these, those that a condition asks for without comparing: `{% if vip %}`."""

    @property
    def asked_made(self) -> frozenset[str]:
        """And those of which it asks for what a filter made of them."""

    @property
    def longest(self) -> int:
        """The bytes of what is longest of all that was written so far; nought: nothing is long."""

    def faults(self, people: Sequence[tuple[Member, Mapping[str, object]]]) -> list[Fault | None]:
        """Why some version cannot be written for each of them; None where all can.

        Asked outside a transaction that changes something, for many people at once.
        """


class Renderable(Protocol):
    """Can every version be written for this person?"""

    @property
    def frame(self) -> str:
        """What stands around the words of every mail: settings and templates, hashed."""

    def day(self, design: Draft, *, now: datetime) -> str:
        """The day of a release at this moment, where a version asks for it; else nothing."""

    def writer(
        self, experiment_id: str, design: Draft, columns: Columns, *, now: datetime
    ) -> Writer:
        """Prepare every version of a design, for many people. One that is broken fails for all.

        `now` is when the mails are to be released.
        """


class Lint(Protocol):
    """What is wrong with subject, body and links?"""

    def problems(self, design: Draft) -> Sequence[Item]:
        """Everything found."""

    def gone(self, session: Session, design: Draft) -> Sequence[Item]:
        """What the versions show that is not here any more."""

    def of_length(self, longest: int) -> Sequence[Item]:
        """What becomes of the longest one, by what a `Writer` said of it."""


class WaveGate(Protocol):
    """May the next wave go?"""

    def is_known(
        self, session: Session, experiment: Experiment, moment: datetime, *, now: datetime
    ) -> bool:
        """Whether everything that people did before a moment is counted."""

    def closed_because(
        self, session: Session, experiment: Experiment, *, now: datetime
    ) -> str | None:
        """Why nobody else should be written to, in a sentence; None where no harm is seen."""


class Paces(Protocol):
    """How fast will mails leave?"""

    def of(self, session: Session, experiment: Experiment, *, now: datetime) -> Pace:
        """Those of one experiment, beside whatever else waits to leave."""

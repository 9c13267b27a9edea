"""What sentences call a version: by its name only where there are several to tell apart.

The name of an only version is one that nobody chose, so a sentence with it is about something that
its reader never saw.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from app.experiments.part_schemas import Arm


@dataclass(frozen=True, slots=True)
class Called:
    """What sentences call one version's mail, and what belongs to it."""

    _key: str  # nothing where it is the only one

    @classmethod
    def each(cls, arms: Sequence[Arm]) -> Iterator[tuple[Arm, Self]]:
        """Every version of a design, with what it is called among them."""
        for arm in arms:
            yield arm, cls(arm.key if len(arms) > 1 else "")

    @property
    def mail(self) -> str:
        """The mail, in the midst of a sentence."""
        return f"“{self._key}”" if self._key else "the mail"

    def its(self, part: str) -> str:
        """A part of it, in the midst of a sentence: its subject, its answer page."""
        return f"the {part} of “{self._key}”" if self._key else f"the {part}"

    def within(self, sentence: str) -> str:
        """A whole sentence about something in it."""
        return f"In “{self._key}”: {sentence}" if self._key else sentence

"""Can every arm be filled for this person? Enrolment asks before it enrols anybody."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from app.delivery import filling, marks, mime
from app.delivery.filling import Filler
from app.delivery.liquid import MissingColumn
from app.platform.errors import AppError

_OURS = {"unsubscribe_url"}
_FIELDS = ("subject", "preheader", "body", "answer")


class LiquidRenderable:
    """Answers `experiments.ports.Renderable`."""

    def missing(self, arms: Sequence[Any], row: Mapping[str, object]) -> str | None:
        """The column that some arm prints and this person lacks; another reason as a sentence."""
        columns = {name: marks.clean(value) for name, value in row.items()}
        columns["unsubscribe_url"] = marks.UNSUBSCRIBE
        try:
            for subject, others in map(_ready, arms):
                mime.refuse_breaks(subject.fill(columns).strip(), what="The subject")
                for filler in others:
                    filler.fill(columns)
        except MissingColumn as error:
            return error.column
        except AppError as error:
            return str(error)
        return None

    def columns_used(self, arms: Sequence[Any]) -> frozenset[str]:
        """Every column that some arm prints or looks at."""
        names: set[str] = set()
        for subject, others in map(_ready, arms):
            names.update(subject.columns, *(filler.columns for filler in others))
        return frozenset(names - _OURS)


def _ready(arm: object) -> tuple[Filler, tuple[Filler, ...]]:
    return _fillers(*(str(_field(arm, name) or "") for name in _FIELDS))


def _field(arm: object, name: str) -> object:
    """An arm comes as it was checked, or as its document writes it."""
    return arm.get(name) if isinstance(arm, Mapping) else getattr(arm, name)


@lru_cache(maxsize=64)
def _fillers(
    subject: str, preheader: str, body: str, answer: str
) -> tuple[Filler, tuple[Filler, ...]]:
    """An arm's templates, parsed once. A body is filled as it stands: its links' values, too."""
    return filling.text(subject), tuple(map(filling.text, (preheader, body, answer)))

"""The four steps in which an experiment is written, and which of its fields each one asks for."""

from dataclasses import dataclass
from typing import Final

from app.platform.errors import NotFound
from app.web.experiments.form_fields import FIELDS, FormField

NAME: Final = "name"  # stands at the head of every step


@dataclass(frozen=True, slots=True)
class Step:
    """One page. `parts` are those of the document that it asks for."""

    key: str
    label: str
    parts: tuple[str, ...]

    @property
    def fields(self) -> tuple[FormField, ...]:
        """What it asks for, beside the name."""
        return tuple(field for field in FIELDS.values() if field.path.split(".")[0] in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """What it saves."""
        return (NAME, *(field.name for field in self.fields))


STEPS: Final = (
    Step("believe", "Believe", ("hypothesis", "riskiest", "forecast", "slice_id", "key_results")),
    Step(
        "people",
        "People",
        ("audience_id", "where", "sample", "exclude", "holdout", "waves", "segments"),
    ),
    Step("mail", "Mail", ("arms", "sender", "mail_kind", "language", "hours")),
    Step("count", "Count", ("metric", "rule", "guardrails", "stop_at", "honeypot")),
)
FIRST: Final = STEPS[0]


def step_of(key: str) -> Step:
    """The step at this address."""
    found = next((step for step in STEPS if step.key == key), None)
    if found is None:
        raise NotFound("There is no such step. An experiment is written in four.")
    return found

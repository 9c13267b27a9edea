"""What an audience's columns look like, found by looking at everybody once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from app.audience import store
from app.audience.values import number_of, text_of

_EXAMPLES = 3
_SHOWN = 60  # characters of an example


@dataclass
class _Seen:
    filled: int = 0
    all_numbers: bool = True
    examples: list[str] = field(default_factory=list)

    def add(self, value: object) -> None:
        self.filled += 1
        self.all_numbers = self.all_numbers and number_of(value) is not None
        if (
            len(self.examples) < _EXAMPLES
            and (text := text_of(value)[:_SHOWN]) not in self.examples
        ):
            self.examples.append(text)


def profile(
    session: Session, audience_id: str, *, renamed: Mapping[str, str]
) -> tuple[int, list[dict[str, Any]]]:
    """How many people, and of each column: filled, missing, kind, examples, its name in the file.

    `renamed`: what the file at hand calls columns that templates call otherwise.
    """
    people, seen = 0, dict[str, _Seen]()
    for data in store.member_data(session, audience_id):
        people += 1
        for name, value in data.items():
            seen.setdefault(name, _Seen()).add(value)
    written = _written_before(session, audience_id) | dict(renamed)
    return people, [
        {
            "name": name,
            "filled": one.filled,
            "missing": people - one.filled,
            "kind": "number" if one.all_numbers else "text",
            "examples": one.examples,
        }
        | ({"as_written": written[name]} if name in written else {})
        for name, one in sorted(seen.items())
    ]


def _written_before(session: Session, audience_id: str) -> dict[str, str]:
    columns = store.audience_of(session, audience_id).columns
    return {one["name"]: one["as_written"] for one in columns if "as_written" in one}

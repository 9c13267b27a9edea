"""What an audience's columns look like, found by looking at everybody once."""

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from app.audience import store

_EXAMPLES = 3
_SHOWN = 60  # characters of an example


@dataclass
class _Seen:
    filled: int = 0
    numbers: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, value: object) -> None:
        self.filled += 1
        self.numbers += _is_number(value)
        text = str(value)[:_SHOWN]
        if len(self.examples) < _EXAMPLES and text not in self.examples:
            self.examples.append(text)


def profile(session: Session, audience_id: str) -> tuple[int, list[dict[str, Any]]]:
    """How many people, and of each column: filled, missing, kind, examples."""
    people, seen = 0, dict[str, _Seen]()
    for data in store.member_data(session, audience_id):
        people += 1
        for name, value in data.items():
            seen.setdefault(name, _Seen()).add(value)
    return people, [
        {
            "name": name,
            "filled": one.filled,
            "missing": people - one.filled,
            "kind": "number" if one.numbers == one.filled else "text",
            "examples": one.examples,
        }
        for name, one in sorted(seen.items())
    ]


def _is_number(value: object) -> bool:
    try:
        float(str(value).replace(",", "."))
    except ValueError:
        return False
    return True

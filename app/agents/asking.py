"""One call of a tool: who asks, in which transaction, at which moment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from pydantic_core import to_jsonable_python
from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class Asking:
    """What a tool works with."""

    request: Request
    session: Session
    client: str  # what the agent says it is
    now: datetime

    @property
    def as_route(self) -> tuple[Request, Session, datetime]:
        """What most routes of the API take after an id."""
        return self.request, self.session, self.now


def plain(answer: Any) -> dict[str, Any]:
    """An answer of the API as JSON has it."""
    told: dict[str, Any] = to_jsonable_python(answer)
    return told

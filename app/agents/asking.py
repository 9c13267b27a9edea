"""One call of a tool: who asks, in which transaction, at which moment."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from pydantic_core import to_jsonable_python
from sqlmodel import Session

from app.experiments.models import Experiment
from app.identity.callers import Principal
from app.platform import clock
from app.platform.config import Settings


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

    @property
    def settings(self) -> Settings:
        """Those of the installation."""
        settings: Settings = self.request.app.state.settings
        return settings

    @property
    def who(self) -> Principal:
        """The token that asks."""
        who: Principal = self.request.state.principal
        return who


def plain(answer: Any) -> Any:
    """An answer of the API as JSON has it."""
    return to_jsonable_python(answer)


def version_of(row: Experiment) -> str:
    """What an experiment's document is at a moment; another once anybody changed it."""
    said = json.dumps([clock.micros_of(row.updated_at), row.design], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]

"""What tracking must know about a send, and asks others for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class Facts:
    """One send, as far as its hits are concerned."""

    send_id: int
    experiment_id: str
    arm: str
    set_id: int
    accepted_at: datetime | None  # by the receiving server
    settled: bool  # its state is final
    links_total: int  # visible tracked links of its mail
    honeypot: int | None  # the hidden link's position
    clicks_allowed: bool  # consent, now
    opens_allowed: bool
    rule_version: str


class SendFacts(Protocol):
    """Whoever knows the sends."""

    def facts_of(self, session: Session, send_ids: Sequence[int]) -> dict[int, Facts]:
        """The facts of those that exist."""
        ...

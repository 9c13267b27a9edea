"""Outcomes as a test wants them, with their counters."""

from collections.abc import Sequence

from sqlalchemy import insert
from sqlmodel import Session

from app.tally import store
from app.tally.models import Outcome
from app.tally.shares import moves


def keep(session: Session, outcomes: Sequence[Outcome]) -> None:
    """Keep outcomes of people to whom anything may have happened."""
    if outcomes:
        session.execute(insert(Outcome), [one.model_dump() for one in outcomes])
        store.move(session, moves(before=(), after=outcomes))

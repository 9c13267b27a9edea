"""What only tests do: begin again, go back, and count again from what a count was made of."""

from datetime import datetime

from alembic import command
from sqlalchemy import delete, select, text, update
from sqlmodel import Session, col

from app.identity import throttle
from app.platform import migrate
from app.platform.db import Database
from app.tally import store as tally
from app.tally.models import Counter, DayCounter, DidCounter, LinkCounter, Outcome
from app.tally.shares import moves
from app.tracking import reclassify
from app.tracking.models import Hit, Reaction
from app.tracking.ports import SendFacts


def forget_tries() -> None:
    """Nobody has tried to log in yet."""
    throttle._limiter.storage.reset()


def back_to(database: Database, revision: str) -> None:
    """Move the database down to a revision (`base` empties it)."""
    with migrate.building(database) as connection:
        command.downgrade(migrate._config(connection), revision)


def count_from_outcomes(session: Session, experiment_id: str) -> None:
    """Every counter but those of links, which hits tell of."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE outcome IN SHARE ROW EXCLUSIVE MODE"))
    for table in (Counter, DayCounter, DidCounter):
        session.execute(delete(table).where(col(table.experiment_id) == experiment_id))
    outcomes = Outcome.__table__  # type: ignore[attr-defined] # as rows, which moves are made of
    people = session.execute(select(outcomes).where(outcomes.c.experiment_id == experiment_id))
    tally.move(session, moves(before=(), after=people.all()))


def count_from_hits(
    database: Database, facts: SendFacts, experiment_id: str, *, now: datetime
) -> None:
    """Outcomes, then counters, then links; what nobody is attached to stays as it is."""
    sends = select(col(Hit.send_id)).where(col(Hit.experiment_id) == experiment_id)
    mine = col(LinkCounter.experiment_id) == experiment_id
    with database.write() as session:
        session.execute(update(LinkCounter).where(mine).values(hits=0, clickers=0))
        session.execute(update(Reaction).where(col(Reaction.send_id).in_(sends)).values(links={}))
    reclassify._judge(database, facts, experiment_id, now=now)
    with database.write() as session:
        count_from_outcomes(session, experiment_id)

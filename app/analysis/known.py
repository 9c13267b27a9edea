"""Up to which moment clicks are in. Nothing is counted as over, nor called, past that moment.

A window that has closed says nothing while clicks of its time wait to be read: a machine may be
down, the database may have been away. So counting and calling take a `Known`, never a time.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import String, bindparam, column, text
from sqlmodel import Session

from app.experiments.models import Experiment
from app.platform.db import UtcDateTime
from app.tracking import folder_rows, folders

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # nobody has looked into a folder yet

OLDEST_UNJUDGED = (
    text("""
    -- One row: when the oldest hit of an experiment came that is to be judged again although its
    -- send is settled. Nothing where none is.
    SELECT MIN(h.at) AS at
      FROM reaction r
      JOIN send s
        ON s.id = r.send_id
      JOIN hit h
        ON h.send_id = r.send_id
     WHERE r.due_at IS NOT NULL
       AND s.experiment_id = :experiment_id
       AND s.state NOT IN ('queued', 'sending')
""")
    .bindparams(bindparam("experiment_id", type_=String()))
    .columns(column("at", UtcDateTime()))
)


@dataclass(frozen=True, slots=True)
class Late:
    """A data folder whose clicks are waited for."""

    name: str
    until: datetime | None  # its clicks up to then are in; None: none that we know of
    seen_at: datetime
    is_silent: bool  # its ingester says nothing any more
    drained: bool  # it was stopped in order, everything read


@dataclass(frozen=True, slots=True)
class Known:
    """A moment at which somebody asks, and the one up to which clicks are in and judged."""

    now: datetime
    until: datetime
    late: tuple[Late, ...] = ()

    def covers(self, moment: datetime) -> bool:
        """Every click answered before that moment is counted."""
        return moment <= self.until

    @property
    def ingested_until(self) -> datetime | None:
        """The moment for a reader; None where a folder has not been looked into yet."""
        return None if self.until == _NEVER else self.until

    @property
    def lag_seconds(self) -> int | None:
        """How old the newest click is that is surely in; None where nothing is known."""
        until = self.ingested_until
        return None if until is None else max(0, round((self.now - until).total_seconds()))

    @property
    def silent(self) -> tuple[Late, ...]:
        """Folders that somebody must do something about."""
        return tuple(one for one in self.late if one.is_silent)


def of(session: Session, experiment: Experiment, *, now: datetime) -> Known:
    """How far an experiment's clicks are in, in any folder that may hold one, and judged.

    Asked before anything is counted: what is read after it only holds more.
    """
    everywhere = at(session, now=now)
    oldest = _oldest_unjudged(session, experiment.id)
    return replace(everywhere, until=min(everywhere.until, oldest)) if oldest else everywhere


def at(session: Session, *, now: datetime) -> Known:
    """How far everybody's clicks are in."""
    rows = folder_rows.waited_for(session)
    late = [
        row for row in rows if folders.is_behind(row, now=now) or folders.is_silent(row, now=now)
    ]
    names = folders.labels(session) if late else {}
    return Known(
        now=now,
        until=min([now, *(row.ingested_until or _NEVER for row in rows)]),
        late=tuple(
            Late(
                name=names[row.id],
                until=row.ingested_until,
                seen_at=row.seen_at,
                is_silent=folders.is_silent(row, now=now),
                drained=row.drained,
            )
            for row in late
        ),
    )


def _oldest_unjudged(session: Session, experiment_id: str) -> datetime | None:
    found: datetime | None = session.execute(
        OLDEST_UNJUDGED, {"experiment_id": experiment_id}
    ).scalar()
    return found

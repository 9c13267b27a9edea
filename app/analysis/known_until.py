"""Up to which moment clicks are in. Nothing is counted as over, nor called, past that moment.

A window that has closed says nothing while clicks of its time wait to be read: a machine may be
down, the database may have been away. So counting and calling take a `Known`, never a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import String, bindparam, column, func, literal, select, text, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.experiments.models import Experiment
from app.platform.db import UtcDateTime
from app.tracking import folders
from app.tracking.folders import FolderState
from app.tracking.models import DataFolder

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # nobody has looked into a folder yet

_OLDEST_UNJUDGED = (
    text("""
    -- One row per experiment: when the oldest of its hits came that is to be judged again although
    -- its send is settled. None where none is. CROSS JOIN: SQLite begins with the few that wait,
    -- and not with everybody mailed.
    SELECT s.experiment_id AS experiment_id,
           MIN(h.at)       AS at
      FROM reaction r
     CROSS JOIN send s
     CROSS JOIN hit h
     WHERE r.due_at > :never
       AND s.id = r.send_id
       AND h.send_id = r.send_id
       AND s.experiment_id IN :experiment_ids
       AND s.state NOT IN ('queued', 'sending')
     GROUP BY s.experiment_id
""")
    .bindparams(
        bindparam("experiment_ids", expanding=True, type_=String()),
        bindparam("never", _NEVER, type_=UtcDateTime()),
    )
    .columns(column("experiment_id", String()), column("at", UtcDateTime()))
    .subquery("unjudged")
)
# Each folder that may hold hits which nobody has read (all that are not retired) beside each
# experiment with hits to be judged again. Both are few, and each may be without the other.
_OTHER = aliased(DataFolder)
_ON_ITS_HOST = (
    select(func.count()).where(col(_OTHER.host) == col(DataFolder.host)).scalar_subquery()
)
_UNREAD = (
    select(DataFolder, _ON_ITS_HOST, _OLDEST_UNJUDGED.c.experiment_id, _OLDEST_UNJUDGED.c.at)
    .select_from(select(literal(1).label("one")).subquery())
    .outerjoin(DataFolder, col(DataFolder.retired_at).is_(None))
    .outerjoin(_OLDEST_UNJUDGED, true())
    .order_by(col(DataFolder.ingested_until), col(DataFolder.id))
)


@dataclass(frozen=True, slots=True)
class Late:
    """A data folder whose clicks are waited for."""

    name: str
    until: datetime | None  # its clicks up to then are in; None: none that we know of
    seen_at: datetime
    is_silent: bool  # its ingester says nothing any more
    drained: bool  # it was stopped in order, everything read
    copied: str = ""  # that it runs twice, in words


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
        return tuple(late for late in self.late if late.is_silent or late.copied)


@dataclass(frozen=True, slots=True)
class Knowing:
    """How far clicks are in: everybody's, and those of an experiment that waits for fewer."""

    everywhere: Known
    oldest: Mapping[str, datetime] = field(default_factory=dict)  # to be judged again

    def of(self, experiment_id: str) -> Known:
        """Of one experiment."""
        known = self.everywhere
        return replace(known, until=min(known.until, self.oldest.get(experiment_id, known.until)))


def known_of(session: Session, experiment: Experiment, *, now: datetime) -> Known:
    """How far an experiment's clicks are in, in any folder that may hold one, and judged."""
    return of_several(session, (experiment.id,), now=now).of(experiment.id)


def known_everywhere(session: Session, *, now: datetime) -> Known:
    """How far everybody's clicks are in."""
    return of_several(session, (), now=now).everywhere


def of_several(session: Session, experiment_ids: Sequence[str], *, now: datetime) -> Knowing:
    """How far the clicks of these experiments are in, and judged.

    Asked before anything is counted: what is read after it only holds more.
    """
    found = session.execute(_UNREAD, {"experiment_ids": list(experiment_ids)}).all()
    rows = {row.id: (row, alike) for row, alike, _, _ in found if row is not None}
    return Knowing(
        _everywhere(list(rows.values()), now=now),
        {experiment_id: oldest for _, _, experiment_id, oldest in found if experiment_id},
    )


def _everywhere(rows: Sequence[tuple[DataFolder, int]], *, now: datetime) -> Known:
    """Of folders, each with how many are on its host."""
    return Known(
        now=now,
        until=min([now, *(row.ingested_until or _NEVER for row, _ in rows)]),
        late=tuple(
            _late(row, folders.label(row, on_its_host=alike), now=now)
            for row, alike in rows
            if folders.state_of(row, now=now) is not FolderState.READ
        ),
    )


def _late(row: DataFolder, name: str, *, now: datetime) -> Late:
    return Late(
        name,
        row.ingested_until,
        row.seen_at,
        is_silent=folders.is_silent(row, now=now),
        drained=row.drained,
        copied=folders.copied_in_words(row, now=now),
    )

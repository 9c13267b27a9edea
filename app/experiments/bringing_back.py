"""Go back to what a draft said before: to one version, or by one change."""

from datetime import datetime

from sqlmodel import Session

from app.experiments import drafts, version_rows, versions
from app.experiments.models import DraftVersion, Experiment, Made, Status


def restore(
    session: Session, row: Experiment, number: int, *, by: str, now: datetime
) -> Experiment:
    """Make it say what a version said. Raises NotFound for one that is not kept."""
    version = version_rows.version_of(session, row.id, number)
    return drafts.bring_back(session, row, version, by=by, now=now)


def undo(session: Session, row: Experiment, *, by: str, now: datetime) -> DraftVersion | None:
    """Take back the last change; which version it says again, None where nothing is left."""
    found = versions.undoable(session, row)
    if found is not None:
        drafts.bring_back(session, row, found, by=by, now=now, made=Made.UNDONE)
    return found


def launched(row: Experiment, version: DraftVersion, newest: DraftVersion | None) -> bool:
    """Whether this is the version that was launched: nothing is kept after a launch."""
    is_newest = newest is not None and version.number == newest.number
    return is_newest and row.status != Status.DRAFT

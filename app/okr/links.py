"""What an experiment wrote to a key result, taken back as a whole."""

from datetime import datetime

from sqlmodel import Session

from app.okr import ledger, provenance, runs, store
from app.platform.errors import Conflict


def undo(
    session: Session, key_result_id: str, experiment_id: str, *, by: str, now: datetime
) -> None:
    """Take back everything that an experiment wrote here; it writes nothing more."""
    row = store.claimed(session, key_result_id)
    posted = store.contribution_of(session, key_result_id, experiment_id)
    written = store.written_by(session, key_result_id, experiment_id)
    if posted is not None:
        ledger.take_back(session, row, posted, now=now)
    elif written is not None:
        runs.take_back(session, row, written, now=now)
    else:
        raise Conflict("This experiment wrote nothing here: there is nothing to take back.")
    provenance.mark_undone(session, key_result_id, experiment_id, by=by, now=now)

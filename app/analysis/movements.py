"""How the key results of an experiment have really moved: were we right?"""

from datetime import datetime

from sqlmodel import Session

from app.analysis.shapes import Movement
from app.experiments.models import Experiment
from app.okr import exact, ledger, series
from app.okr.models import KeyResult


def realised(session: Session, experiment: Experiment) -> dict[str, Movement]:
    """What each linked key result has done since the launch; the ledger's amount where it posts.

    A movement without an interval (low = high) is the difference of two values: everything that
    happened since is in it, not only the experiment.
    """
    if experiment.launched_at is None:
        return {}
    found = {}
    for link in experiment.design.get("key_results") or []:
        key_result_id = link["key_result_id"]
        moved = _posted(session, key_result_id, experiment.id) or _since(
            session, key_result_id, experiment.launched_at
        )
        if moved is not None:
            found[key_result_id] = moved
    return found


def units(session: Session, experiment: Experiment) -> dict[str, str]:
    """What each linked key result is counted in."""
    links = experiment.design.get("key_results") or []
    rows = (session.get(KeyResult, link["key_result_id"]) for link in links)
    return {row.id: row.unit for row in rows if row is not None}


def _posted(session: Session, key_result_id: str, experiment_id: str) -> Movement | None:
    for line in ledger.lines(session, key_result_id):
        if line.row.experiment_id == experiment_id and line.counted:
            return Movement(line.added, *line.range)
    return None


def _since(session: Session, key_result_id: str, moment: datetime) -> Movement | None:
    row = session.get(KeyResult, key_result_id)
    values = series.of(session, row) if row else ()
    before = [one.value for one in values if one.date <= moment.date()]
    after = [one.value for one in values if one.date > moment.date()]
    if not before or not after:
        return None
    moved = exact.total([after[-1], -before[-1]])
    return Movement(moved, moved, moved)

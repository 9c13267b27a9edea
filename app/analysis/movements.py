"""How the key results of an experiment have really moved: were we right?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.analysis.readout_types import Movement
from app.experiments.models import Experiment
from app.okr import exact, list_rows, series
from app.okr.list_rows import Aim
from app.okr.overlap import Line, lined
from app.okr.series import Stored, Value


@dataclass(frozen=True, slots=True)
class Course:
    """The values of a key result by day, and its ledger."""

    values: Sequence[Value]
    lines: Mapping[str, Line]  # by experiment


def course_of(stored: Stored) -> Course:
    """As it follows from what is stored."""
    lines = {line.row.experiment_id: line for line in lined(stored.posted)}
    return Course(series.laid_out(stored), lines)


def linked(session: Session, experiment: Experiment) -> Mapping[str, Aim]:
    """The key results that an experiment should move, by id."""
    links = experiment.design.get("key_results") or []
    return list_rows.with_ends(session, [link["key_result_id"] for link in links])


def realised(
    session: Session, experiment: Experiment, aims: Mapping[str, Aim]
) -> dict[str, Movement]:
    """What each of these key results has done since the launch; the ledger's amount where it posts.

    A movement without an interval (low = high) is the difference of two values: everything that
    happened since is in it, not only the experiment.
    """
    if experiment.launched_at is None or not aims:
        return {}
    ends = {key: aim.ends for key, aim in aims.items()}
    stored = series.stored_of(session, [aim.row for aim in aims.values()], ends=ends)
    movements = {key: moved(course_of(one), experiment) for key, one in stored.items()}
    return {key: movement for key, movement in movements.items() if movement is not None}


def moved(course: Course, experiment: Experiment) -> Movement | None:
    """The same of one key result; None where nothing can be said."""
    if experiment.launched_at is None:
        return None
    line = course.lines.get(experiment.id)
    if line is not None and line.counted:
        return Movement(line.added, *line.range)
    return _since(course.values, experiment.launched_at)


def _since(values: Sequence[Value], moment: datetime) -> Movement | None:
    before = [value.value for value in values if value.date <= moment.date()]
    after = [value.value for value in values if value.date > moment.date()]
    if not before or not after:
        return None
    difference = exact.total([after[-1], -before[-1]])
    return Movement(difference, difference, difference)

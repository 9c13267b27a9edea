"""The charts behind addresses in mails: read from a person's columns, and drawn.

An address names a send and a chart of it, and is signed: nothing else of anybody can be asked by
it. It is read anew each time, so whoever was erased has no picture any more.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from app.audience.columns import Columns
from app.delivery import person_store, preview
from app.delivery.arms import arm_of
from app.delivery.mail import cells, chart_drawing, charting
from app.delivery.mail.charting import Chart
from app.delivery.models import Send
from app.delivery.reserving import columns_of
from app.experiments import cell_types
from app.experiments.models import Experiment
from app.experiments.vocabulary import language_of
from app.languages.error_words import NOT_HERE
from app.links.token import NEVER_COUNTS, TrackedLink, unpack_fills
from app.platform.errors import AppError, NotFound


def drawing_of(session: Session, token: TrackedLink, *, now: datetime) -> str:
    """The SVG that a token of the kind `chart` stands for. Raises NotFound: erased, or never there.

    A token that never counts says in its fills whose it is: experiment, arm, person.
    """
    if token.id == NEVER_COUNTS:
        return _uncounted(session, token, now=now)
    send = session.get(Send, token.id)
    people = person_store.people_of(session, [token.id])
    if send is None or token.id not in people:
        raise NotFound(NOT_HERE)
    experiment = session.get_one(Experiment, send.experiment_id)
    row = columns_of(people[token.id])
    columns = cell_types.columns_of(session, experiment)
    return _drawing(experiment, send.arm, token.link, row, columns, now=now)


def _uncounted(session: Session, token: TrackedLink, *, now: datetime) -> str:
    try:
        experiment_id, arm, person_id = unpack_fills(token.fills)
    except ValueError:
        raise NotFound(NOT_HERE) from None
    experiment = session.get(Experiment, experiment_id)
    if experiment is None:
        raise NotFound(NOT_HERE)
    try:
        person = preview.addressee(session, experiment, person_id)
    except AppError:
        raise NotFound(NOT_HERE) from None
    columns = cell_types.columns_of(session, experiment)
    return _drawing(experiment, arm, token.link, person.columns, columns, now=now)


def _drawing(
    experiment: Experiment,
    arm: str,
    number: int,
    row: Mapping[str, object],
    columns: Columns,
    *,
    now: datetime,
) -> str:
    try:
        charts = charting.charts_in(str(arm_of(experiment.design, arm).get("body") or ""))
        if not 0 < number <= len(charts):
            raise NotFound(NOT_HERE)
        return drawn(charts[number - 1], row, columns, language_of(experiment.design), now=now)
    except AppError:
        raise NotFound(NOT_HERE) from None  # such a mail was never written


def drawn(
    chart: Chart, row: Mapping[str, object], columns: Columns, language: str, *, now: datetime
) -> str:
    """A chart of one person. Raises MissingColumn, MisfitCell or BrokenLiquid."""
    seen = cells.cells_for(row, chart.columns, columns, now=now, language=language)
    spoken = str(seen[cells.LANGUAGE])
    return chart_drawing.drawn(chart, chart.values(seen), spoken)

"""The charts behind addresses in mails: read from a person's columns, and drawn.

An address names a send and a chart of it, and is signed: nothing else of anybody can be asked by
it. It is read anew each time, so whoever was erased has no picture any more.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from app.audience.columns import Columns
from app.delivery.arms import arm_of
from app.delivery.holders import holder_of
from app.delivery.mail import cells, chart_drawing, charting
from app.delivery.mail.charting import Chart
from app.experiments.models import Experiment
from app.experiments.vocabulary import language_of
from app.languages.error_words import NOT_HERE
from app.links.token import TrackedLink
from app.platform.errors import AppError, NotFound


def drawing_of(session: Session, token: TrackedLink, *, now: datetime) -> str:
    """The SVG that a token of the kind `chart` stands for. Raises NotFound."""
    try:
        held = holder_of(session, token)
    except AppError:
        raise NotFound(NOT_HERE) from None
    return _drawing(held.experiment, held.arm, token.link, held.row, held.columns, now=now)


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

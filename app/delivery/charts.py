"""The charts behind addresses in mails: read from a person's columns, drawn, kept for a while.

An address names a send and a chart of it, and is signed: nothing else of anybody can be asked by
it. It is read anew each time, so whoever was erased has no picture any more; the pixels are kept by
what they show, and drawn in children of their own, a few at a time, so that a flood of readers
slows no click and no page.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

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
from app.platform import bounded
from app.platform.errors import AppError, NotFound, Unavailable
from app.platform.pictures import raster

_CHILDREN = 2  # that draw, of one process
_WAITING = 8  # threads that wait for them: all others are told to come again
_PATIENCE_SECONDS = 2.0
_KEPT_BYTES = 16 << 20  # about 700 pictures


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture before its pixels are drawn. `tag` is the same for pictures that look the same."""

    svg: str

    @property
    def tag(self) -> str:
        """What tells it from every other."""
        return sha256(self.svg.encode()).hexdigest()


class Drawer:
    """Draws pixels, and keeps those that were drawn last. Any thread may ask."""

    def __init__(self, *, children: int = _CHILDREN, kept_bytes: int = _KEPT_BYTES) -> None:
        self._pool = bounded.Pool(children)
        self._room = threading.BoundedSemaphore(_WAITING)
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._left = kept_bytes

    def png(self, drawing: Drawing) -> bytes:
        """Its pixels. Raises Unavailable where too many ask at once, Conflict without a font."""
        tag = drawing.tag
        with self._lock:
            if tag in self._kept:
                self._kept.move_to_end(tag)
                return self._kept[tag]
        with self._turn():
            made = self._pool.ask(raster.png, drawing.svg)
        self._keep(tag, made)
        return made

    def close(self) -> None:
        """End the children."""
        self._pool.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._room.acquire(timeout=_PATIENCE_SECONDS):
            raise Unavailable("Too many pictures are asked for at once. Try again in a moment.")
        try:
            yield
        finally:
            self._room.release()

    def _keep(self, tag: str, made: bytes) -> None:
        with self._lock:
            if tag in self._kept:
                return
            self._kept[tag] = made
            self._left -= len(made)
            while self._left < 0:
                _, gone = self._kept.popitem(last=False)
                self._left += len(gone)


DRAWER = Drawer()


def drawing_of(session: Session, token: TrackedLink, *, now: datetime) -> Drawing:
    """What a token of the kind `chart` stands for. Raises NotFound: erased, or never there.

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


def _uncounted(session: Session, token: TrackedLink, *, now: datetime) -> Drawing:
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
) -> Drawing:
    charts = charting.charts_in(str(arm_of(experiment.design, arm).get("body") or ""))
    if not 0 < number <= len(charts):
        raise NotFound(NOT_HERE)
    try:
        return drawn(charts[number - 1], row, columns, language_of(experiment.design), now=now)
    except AppError:
        raise NotFound(NOT_HERE) from None  # the mail of such a person was never written


def drawn(
    chart: Chart, row: Mapping[str, object], columns: Columns, language: str, *, now: datetime
) -> Drawing:
    """A chart of one person. Raises MissingColumn, MisfitCell or BrokenLiquid."""
    seen = cells.cells_for(row, chart.columns, columns, now=now, language=language)
    spoken = str(seen[cells.LANGUAGE])
    return Drawing(chart_drawing.drawn(chart, chart.values(seen), spoken))

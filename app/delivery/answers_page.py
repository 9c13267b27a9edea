"""The page behind `(answer:)`: the person's own columns, written up like the mail."""

import html as markup
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlmodel import Session

from app.audience.columns import Columns
from app.delivery import person_store
from app.delivery.arms import arm_of
from app.delivery.holders import holder_of
from app.delivery.mail import cells, chart_drawing, charting, content, filling, marks
from app.delivery.mail.addressing import filled_address
from app.delivery.mail.body import Content
from app.delivery.mail.charting import Chart
from app.delivery.mail.filling import Filler
from app.delivery.mail.links import Link, encoded
from app.experiments.models import Experiment
from app.experiments.vocabulary import language_of
from app.languages.error_words import NOT_HERE
from app.links.token import NEVER_COUNTS, NOBODY, TrackedLink
from app.platform.errors import NotFound

_KEPT = 32  # pages that a process keeps ready
_EMPTY = "Thank you for your interest. There is nothing more to see here yet."


@dataclass(frozen=True, slots=True)
class AnswerPage:
    """What one person sees. `send_id` is NEVER_COUNTS where an answer is kept nowhere.

    Whoever refused to be tracked is not asked (`asks`): their link tells whose page it is, but no
    answer of theirs could be kept. A preview shows the question all the same.
    """

    send_id: int
    experiment_id: str
    title: str
    html: str
    rehearsal: bool
    asks: bool


def answer_page(session: Session, token: TrackedLink, *, now: datetime) -> AnswerPage:
    """Write the page for whoever holds a token of the kind `answer`, at this moment of theirs.

    A token that never counts says in its fills whose page it is: experiment, arm, person.
    Raises NotFound.
    """
    held = holder_of(session, token)
    return _page(
        held.experiment,
        held.arm,
        held.row,
        held.columns,
        send_id=held.send_id,
        asks=token.id != NOBODY,
        now=now,
    )


def whose(session: Session, token: TrackedLink) -> int:
    """Whose page it is, to keep an answer: its `send_id`. Raises NotFound where nobody is asked."""
    if token.id == NEVER_COUNTS:
        return NEVER_COUNTS
    if token.id not in person_store.people_of(session, [token.id]):
        raise NotFound(NOT_HERE)  # it takes no words of the erased, nor of who refused
    return token.id


def _page(
    experiment: Experiment,
    arm_key: str,
    row: Mapping[str, object],
    columns: Columns,
    *,
    send_id: int,
    asks: bool,
    now: datetime,
) -> AnswerPage:
    arm = arm_of(experiment.design, arm_key)
    written, filler = template_of(str(arm.get("answer") or _EMPTY))
    seen = cells.cells_for(
        row, filler.columns, columns, now=now, language=language_of(experiment.design)
    )
    charts = charting.charts_in(str(arm.get("answer") or ""))
    filled = marks.place_charts(filler.fill(seen), lambda number: _inside(charts[number - 1], seen))
    return AnswerPage(
        send_id=send_id,
        experiment_id=experiment.id,
        title=experiment.name,
        html=_with_addresses(filled, written.links),
        rehearsal=experiment.rehearsal and send_id != NEVER_COUNTS,
        asks=asks,
    )


def _inside(chart: Chart, seen: Mapping[str, object]) -> str:
    """A drawing as an address that holds it: a page of ours asks for nothing more."""
    svg = chart_drawing.drawn(chart, chart.values(seen), str(seen[cells.LANGUAGE]))
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


@lru_cache(maxsize=_KEPT)
def template_of(source: str) -> tuple[Content, Filler]:
    """An answer page's words, ready for people."""
    written = content.write_out(source)
    return written, filling.html(written.protected.restore_html(written.html))


def _with_addresses(filled: str, links: tuple[Link, ...]) -> str:
    """Links of this page are not counted: they lead straight to their addresses."""
    by_position = {link.position: link.address for link in links}

    def address(position: int, fills: tuple[str, ...]) -> str:
        values = tuple(map(marks.unescaped, fills))
        return markup.escape(filled_address(by_position[position], values))

    def encode(place: str, value: str) -> str:
        return encoded(place, marks.unescaped(value))

    with_values = marks.place_values(filled, encode)
    placed = marks.place_links(with_values, address).replace(marks.UNSUBSCRIBE, "#")
    placed = placed.replace(marks.UPLOAD, "/i/")
    return marks.place_breaks(placed)

"""Learnings: every test card and what came of it, searchable."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.analysis.claims import Claim
from app.analysis.record import Record
from app.experiments import feature_store
from app.identity.guard import Db, Now
from app.platform import figures
from app.platform.asked import Choices
from app.platform.listing import Asked
from app.platform.paging import Part
from app.review import learnings, search, throughput
from app.review.learnings import LISTING, Learning, Wanted
from app.review.throughput import Week
from app.web.kit import charts, choices, confidences, formatting
from app.web.kit.charts import Chart, Charts
from app.web.kit.confidences import SaidPart
from app.web.kit.lists import Filter, FromAddress, Shown, shown
from app.web.kit.pages import Page, render
from app.web.kit.plots import Bar

router = APIRouter()
_PAGE = 20
_WEEKS = 12  # a quarter
_FILTERS = {"decision": "decision", "call": "call", "feature": "feature_id", "key": "key_result_id"}
_DECISIONS = (("", "Every decision"), ("build", "Build"), ("iterate", "Iterate"), ("stop", "Stop"))
_CALLS = (
    ("", "Every result"),
    ("validated", "Validated"),
    ("refuted", "Refuted"),
    ("inconclusive", "Inconclusive"),
    ("waiting", "Decided early"),
)
_COLUMNS: Mapping[str, str] = {
    "decided": "Decided", "name": "Experiment", "result": "Result", "decision": "Decision",
}  # fmt: skip
Pieces = tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A learning with the words that were asked for marked: (text, whether it is one)."""

    row: Learning
    name: Pieces
    believe: Pieces
    sentence: Pieces
    learning: Pieces


@dataclass(frozen=True, kw_only=True)
class LearningsPage(Page):
    """What was decided, the latest or the best first."""

    template: ClassVar[str] = "features/learnings.html"
    section: ClassVar[str] = "learnings"

    learnings: tuple[Told, ...]
    found: str
    narrowed: bool
    list: Shown
    avoided: str
    record: str
    claim: str
    said: SaidPart | None
    weeks: tuple[Week, ...]
    most: int
    charts: Charts


@router.get("/learnings")
def listed(request: Request, session: Db, now: Now, asked: FromAddress) -> HTMLResponse:
    """Everything that was learned, or what mentions these words."""
    asked = replace(asked, chosen={name: asked.chosen.get(name, "") for name in _FILTERS})
    narrowing = {field: asked.chosen[name] or None for name, field in _FILTERS.items()}
    wanted = Wanted(text=asked.words, sort=asked.sort, **narrowing)
    found = learnings.search(session, wanted, cursor=asked.cursor, limit=_PAGE)
    weeks = throughput.weekly_throughput(
        session, weeks=_WEEKS, zone=request.app.state.settings.zone, now=now
    )
    page = LearningsPage(
        learnings=tuple(_told(learning, wanted.text) for learning in found.learnings),
        found=formatting.plural(found.total, "learning") if asked.is_narrowed else "",
        narrowed=asked.is_narrowed,
        list=_list(session, found.learnings, asked),
        avoided=_avoided(session),
        record=_record(learnings.track_record(session)),
        claim=_claim(learnings.claim(session)),
        said=confidences.part_of(session),
        weeks=weeks if any(week.total for week in weeks) else (),
        most=max((week.total for week in weeks), default=0),
        charts=_charts(weeks),
    )
    return render(request, page)


@router.get("/learnings/charts/{name}.{kind}")
def chart(request: Request, session: Db, now: Now, name: str, kind: str) -> Response:
    """How many slices were decided, as a file."""
    zone = request.app.state.settings.zone
    weeks = throughput.weekly_throughput(session, weeks=_WEEKS, zone=zone, now=now)
    return charts.as_file(request, _charts(weeks), name, kind, of="")


def _charts(weeks: tuple[Week, ...]) -> Charts:
    """By week, the newest first, as on the page."""
    most = max((week.total for week in weeks), default=0)
    if not most:
        return {}
    rows = weeks[::-1]
    found = Chart(
        name="decided",
        title="Slices decided, week by week",
        caption="From left to right: build, iterate, stop. Each of them is an answer.",
        head=("Week", "Build", "Iterate", "Stop"),
        rows=tuple(
            (row.week, *(figures.count(one) for one in (row.build, row.iterate, row.stop)))
            for row in rows
        ),
        drawn=(tuple(_bar(row, most) for row in rows),),
    )
    return charts.standing_at("/learnings", (found,))


def _bar(row: Week, most: int) -> Bar:
    parts = ((row.build, "better"), (row.iterate, "caution"), (row.stop, "worse"))
    said = f"build {row.build}, iterate {row.iterate}, stop {row.stop}" if row.total else "none"
    return Bar(row.week, tuple((count / most, kind) for count, kind in parts), said)


def _told(row: Learning, asked: str) -> Told:
    return Told(
        row,
        *(search.marked(one, asked) for one in (row.name, row.believe, row.sentence, row.learning)),
    )


def _features(session: Session) -> Choices:
    return (("", "Every feature"), *feature_store.feature_titles(session))


def _avoided(session: Session) -> str:
    weeks = learnings.weeks_avoided(session)
    return f"{formatting.plural(weeks, 'week')} of building avoided so far." if weeks else ""


def _record(told: Record | None) -> str:
    if told is None:
        return ""
    ends = f"{formatting.points(told.low, 0)} to {formatting.points(told.high, 0)}"
    share = f"{formatting.points(told.share, 0)}, {ends}"
    said = (
        f"{figures.count(told.validated)} of {formatting.plural(told.results, 'result')} validated"
        f" ({share})."
    )
    if told.brier is None:
        return f"{said} Nobody has said beforehand how likely."
    return (
        f"{said} Forecasts made before the launch score {figures.score(told.brier)} over"
        f" {formatting.plural(told.forecasts, 'result')}: 0 is always right, 0.25 is a coin."
    )


def _claim(told: Claim | None) -> str:
    if told is None:
        return ""
    return (
        f"{formatting.plural(told.effects, 'compared result')} add up to"
        f" {figures.points(told.measured)}. Part of that is luck: expect"
        f" {figures.points(told.expected)} of all of them together."
    )


def _list(session: Session, rows: Part[Learning], asked: Asked) -> Shown:
    filters = (
        Filter("decision", "Decision", _DECISIONS),
        Filter("call", "Result", _CALLS),
        Filter("feature", "Feature", _features(session)),
        Filter("key", "Key result",
               (("", "Every key result"), *choices.key_results(session)[1:])),
    )  # fmt: skip
    hint = "Search: waste, price, Tuesday"
    return shown(LISTING, rows, asked, "/learnings", _COLUMNS, hint=hint, filters=filters,
                 best_first=True)  # fmt: skip

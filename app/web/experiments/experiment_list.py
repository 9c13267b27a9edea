"""The list of experiments: each with its number against its line, and what was decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.analysis import gathered, list_calls
from app.analysis.list_calls import Told
from app.analysis.readout_types import State
from app.experiments import feature_store
from app.experiments.models import Experiment, Feature, Slice
from app.identity.guard import Db, Now
from app.platform.iso_weeks import week_of
from app.review import experiment_rows
from app.review import store as review
from app.review.models import Choice, Decision
from app.web.experiments import header, list_numbers
from app.web.experiments.list_numbers import Number
from app.web.kit import charts, formatting
from app.web.kit.charts import Chart, Charts
from app.web.kit.lists import Filter, FromAddress, Shown, narrowed_to, shown
from app.web.kit.pages import Page, render

router = APIRouter(prefix="/experiments")
_PAGE = 50
_COLUMNS = {
    "made": "Made",
    "name": "Experiment",
    "number": "Share against your line",
    "result": "Result",
    "decision": "Decision",
    "people": "People",
    "by": "Made by",
    "sent": "Sent",
}
_RESULTS = Filter(
    "result", "Result",
    (("", "Every result"), *((one.value, one.word) for one in State if one is not State.WAITING)),
)  # fmt: skip
_DECISIONS = Filter(
    "decision", "Decision",
    (("", "Every decision"), *((one.value, formatting.BADGES[one][0]) for one in Choice),
     ("none", "Nothing decided yet")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One experiment in the list."""

    id: str
    name: str
    parent: str
    status: str
    enrolled: int | None
    decision: str | None
    can_decide: bool
    call: str | None
    number: Number
    made_by: str
    week: str  # it was, or is to be, sent in
    sent_at: datetime | None
    is_garbled: bool
    rehearsal: bool


@dataclass(frozen=True, kw_only=True)
class ExperimentsPage(Page):
    """Newest first."""

    template: ClassVar[str] = "experiments/list.html"
    section: ClassVar[str] = "experiments"

    rows: list[Line]
    scale: float  # where the axis of shares ends, the same for every row
    choices: list[tuple[str, str, int]]  # name, address, how many
    current: str
    list: Shown
    charts: Charts


@router.get("")
def listed(request: Request, session: Db, now: Now, asked: FromAddress) -> HTMLResponse:
    """All experiments, or those that are asked for."""
    return render(request, _page(request, session, asked, now=now))


@router.get("/charts/{name}.{kind}")
def chart(
    *, request: Request, session: Db, now: Now, asked: FromAddress, name: str, kind: str
) -> Response:
    """Their ranges as a file: those that are asked for."""
    page = _page(request, session, asked, now=now)
    return charts.as_file(request, page.charts, name, kind, of="")


def _page(
    request: Request, session: Session, asked: FromAddress, *, now: datetime
) -> ExperimentsPage:
    listing = experiment_rows.listing_of(session)
    wanted = _without_all(narrowed_to(asked, listing))
    part = experiment_rows.page(session, wanted, limit=_PAGE)
    lines = _lines(session, part, now=now, zone=request.app.state.settings.zone)
    told = shown(
        listing, part, wanted, "/experiments", _COLUMNS,
        hint="Name, belief or learning", filters=(_RESULTS, _DECISIONS),
    )  # fmt: skip
    scale = list_numbers.scale_of([line.number for line in lines])
    return ExperimentsPage(
        rows=lines,
        scale=scale,
        charts=charts.standing_at(
            "/experiments", (_ranges(lines, scale),), asked=request.url.query
        ),
        choices=[
            (name, told.choosing("show", "" if name == "All" else name), count)
            for name, count in experiment_rows.counts(session).items()
        ],
        current=wanted.chosen.get("show") or "All",
        list=replace(told, kept={"show": wanted.chosen.get("show", "")}),
    )


def _ranges(lines: Sequence[Line], scale: float) -> Chart | None:
    """Those that have a line, on one axis."""
    drawn = [line for line in lines if line.number.line is not None]
    if not drawn:
        return None
    names = [f"{line.name} (rehearsal)" if line.rehearsal else line.name for line in drawn]
    return Chart(
        name="ranges",
        title="Experiments on one axis",
        caption="Dot: the share of people who did what counts. Bar: its range. Upright mark: the"
        " line that was drawn beforehand.",
        head=("Experiment", "Share", "Range", "Your line"),
        rows=tuple(
            (name, *list_numbers.told(line.number)) for name, line in zip(names, drawn, strict=True)
        ),
        drawn=(
            tuple(
                (name, line.number, line.call or "waiting")
                for name, line in zip(names, drawn, strict=True)
            ),
            scale,
        ),
    )


def _without_all(asked: FromAddress) -> FromAddress:
    """All of them is no narrowing, and neither is a state that nobody knows."""
    show = asked.chosen.get("show", "")
    known = show if show in experiment_rows.STATES else ""
    return replace(asked, chosen={**asked.chosen, "show": known})


def _lines(
    session: Session, experiments: Sequence[Experiment], *, now: datetime, zone: ZoneInfo
) -> list[Line]:
    begun = [experiment for experiment in experiments if experiment.started_at is not None]
    known = list_calls.calls_of_many(session, begun, now=now)
    decisions = review.decisions_of(session, [experiment.id for experiment in experiments])
    parents = feature_store.parents_of(
        session, [experiment.slice_id for experiment in experiments if experiment.slice_id]
    )
    return [
        _line(one, decisions.get(one.id), known.get(one.id), parents, zone) for one in experiments
    ]


def _line(
    experiment: Experiment,
    decision: Decision | None,
    known: Told | None,
    parents: Mapping[str, tuple[Slice, Feature]],
    zone: ZoneInfo,
) -> Line:
    piece, feature = parents.get(experiment.slice_id or "", (None, None))
    sent_at = experiment.started_at or experiment.scheduled_at
    is_garbled = bool(known and known.is_garbled) or not gathered.can_be_read(experiment)
    return Line(
        id=experiment.id,
        name=experiment.name,
        parent=f"{feature.title} › {piece.title}" if piece and feature else "",
        status=experiment.status,
        enrolled=experiment.enrolled,
        decision=decision.decision if decision else None,
        can_decide=bool(
            known and known.call.state is not State.WAITING and header.can_decide(experiment)
        ),
        call=known.call.state if known else None,
        number=list_numbers.NONE if is_garbled else list_numbers.number_of(experiment, known),
        made_by=experiment.created_by,
        week=week_of(sent_at.astimezone(zone).date()) if sent_at else "",
        sent_at=sent_at,
        is_garbled=is_garbled,
        rehearsal=experiment.rehearsal,
    )

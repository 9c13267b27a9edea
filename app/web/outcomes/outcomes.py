"""Outcomes: cycles, the objectives that teams share, their key results, a form for each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity.guard import Db, Now, Who
from app.okr import closing, list_rows, outcomes, past, store, views
from app.okr.models import Cycle, KeyResult, Objective, Team
from app.okr.progress import rolled_up
from app.okr.schemas import CycleDraft, KeyResultDraft, ObjectiveDraft, TeamDraft
from app.okr.views import KeyResultView
from app.platform import figures
from app.platform.asked import Choices
from app.platform.errors import AppError
from app.review.shapes import KeyResultLine
from app.web.kit import formatting, key_result_line
from app.web.kit.form_state import Form, Typed
from app.web.kit.key_result_line import Line
from app.web.kit.pages import Page, go, refuse, render
from app.web.kit.units import UNITS
from app.web.outcomes import value_sources

router = APIRouter()

# A form's own names for fields that two forms of the page share: form → (field → input).
_OBJECTIVE = {"title": "objective_title", "owner": "objective_owner"}
_TEAM = {"name": "team_name"}
_CYCLE = {"name": "cycle_name"}
_NUMBERS = ("start", "target", "low", "high", "stretch", "weight")
_TEXTS = ("title", "kind", "unit", "cadence", "owner", "objective_id", "kept_because")


@dataclass(frozen=True, slots=True)
class ObjectivePart:
    """An objective with its key results."""

    id: str
    title: str
    about: str
    progress: float | None
    key_results: list[Line]


@dataclass(frozen=True, slots=True)
class CyclePart:
    """A cycle with its objectives."""

    id: str
    closed: bool
    score: str
    name: str
    dates: str
    objectives: list[ObjectivePart]


@dataclass(frozen=True, kw_only=True)
class OutcomesPage(Page):
    """Where we need to be, and how far we are. `open` is the form that needs another look."""

    template: ClassVar[str] = "outcomes/list.html"
    section: ClassVar[str] = "outcomes"

    cycles: list[CyclePart]
    objectives: Choices
    cycle_choices: Choices
    teams: Choices
    units: Choices
    form: Typed
    open: str


@router.get("/objectives")
def show(request: Request, session: Db, now: Now) -> HTMLResponse:
    """Everything on one page."""
    form = Typed.of(kind="increase", unit="number", weight=1.0, cadence="weekly", source="manual")
    return render(request, page(request, session, form, "", now=now))


@router.post("/cycles")
def add_cycle(request: Request, session: Db, now: Now, form: Form) -> Response:
    """A new stretch of time."""
    fields = _fields(form, ("starts", "ends"), _CYCLE)
    again = _Again(request, session, form, which="cycle", names=_CYCLE, now=now)
    return again.unless(lambda: outcomes.add_cycle(session, CycleDraft.model_validate(fields)))


@router.post("/teams")
def add_team(request: Request, session: Db, now: Now, form: Form) -> Response:
    """A new team."""
    fields = _fields(form, ("function",), _TEAM)
    again = _Again(request, session, form, which="team", names=_TEAM, now=now)
    return again.unless(lambda: outcomes.add_team(session, TeamDraft.model_validate(fields)))


@router.post("/objectives")
def add_objective(request: Request, session: Db, now: Now, form: Form) -> Response:
    """A new objective, shared by teams."""
    fields = _fields(form, ("cycle_id",), _OBJECTIVE) | {"team_ids": list(form.every("team_ids"))}
    again = _Again(request, session, form, which="objective", names=_OBJECTIVE, now=now)
    return again.unless(
        lambda: outcomes.add_objective(session, ObjectiveDraft.model_validate(fields), now=now)
    )


@router.post("/key-results")
def add_key_result(request: Request, session: Db, who: Who, now: Now, form: Form) -> Response:
    """A new number that should move, with its past."""
    numbers = {name: form.text(name) for name in _NUMBERS if form.text(name) is not None}
    source = {"source": form.text("source") or "manual"} | value_sources.of_form(form)
    fields = _fields(form, _TEXTS, {}) | numbers | source
    names = {**value_sources.NAMES, "date": "past"}
    again = _Again(request, session, form, which="key_result", names=names, now=now)
    zone = request.app.state.settings.zone

    def add() -> None:
        draft = KeyResultDraft.model_validate(fields)
        row = outcomes.add_key_result(session, draft, now=now)
        if pasted := form.text("past"):
            past.save_whole(
                session, row.id, pasted, source="manual", by=who.name, zone=zone, now=now
            )

    return again.unless(add)


def _fields(form: Typed, same: tuple[str, ...], other: Mapping[str, str]) -> dict[str, object]:
    names = {name: name for name in same} | dict(other)
    return {field: (form.text(name) or "") for field, name in names.items()}


@dataclass(frozen=True, slots=True)
class _Again:
    """The page with one of its forms open, should it not be taken."""

    request: Request
    session: Session
    form: Typed
    which: str
    names: Mapping[str, str]
    now: datetime

    def unless(self, add: Callable[[], object]) -> Response:
        """Do it and come back, or show what is wrong."""
        try:
            add()
        except (ValidationError, AppError) as error:
            mended = self.form.mended(error, self.names)
            refuse(
                self.request,
                page(self.request, self.session, mended, self.which, now=self.now),
            )
        return go("/objectives", said="added")


def page(
    request: Request, session: Session, form: Typed, which: str, *, now: datetime
) -> OutcomesPage:
    """Everything, with the one form open that needs another look."""
    today = now.astimezone(request.app.state.settings.zone).date()
    cycles, objectives = store.cycles(session), store.objectives(session)
    shown = _Shown.of(session, objectives, today=today)
    return OutcomesPage(
        cycles=[_cycle(cycle, objectives, shown) for cycle in cycles],
        objectives=[(objective.id, objective.title) for objective in objectives],
        cycle_choices=[(one.id, one.name) for one in cycles],
        teams=[(team.id, team.name) for team in store.teams(session)],
        units=UNITS,
        form=form,
        open=which,
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """What objectives hold, by objective."""

    key_results: Mapping[str, Sequence[KeyResult]]
    teams: Mapping[str, Sequence[Team]]
    views: Mapping[str, KeyResultView]  # by key result

    @classmethod
    def of(cls, session: Session, objectives: Sequence[Objective], *, today: date) -> "_Shown":
        ids = [objective.id for objective in objectives]
        found = list_rows.by_objective(session, ids)
        rows = [row for one in ids for row in found[one]]
        seen = views.several(session, rows, today=today)
        by_id = {key_result_view.row.id: key_result_view for key_result_view in seen}
        return cls(found, list_rows.teams_by_objective(session, ids), by_id)


def _cycle(cycle: Cycle, objectives: Sequence[Objective], shown: _Shown) -> CyclePart:
    own = [objective for objective in objectives if objective.cycle_id == cycle.id]
    rows = [row for objective in own for row in shown.key_results[objective.id]]
    score = closing.mean(rows) if cycle.closed_at else None
    return CyclePart(
        id=cycle.id,
        closed=cycle.closed_at is not None,
        score="" if score is None else figures.score(score),
        name=cycle.name,
        dates=f"{formatting.short(cycle.starts)} to {formatting.short(cycle.ends)}",
        objectives=[_objective(objective, shown) for objective in own],
    )


def _objective(objective: Objective, shown: _Shown) -> ObjectivePart:
    key_result_views = [shown.views[row.id] for row in shown.key_results[objective.id]]
    teams = ", ".join(team.name for team in shown.teams[objective.id])
    return ObjectivePart(
        id=objective.id,
        title=objective.title,
        about=" · ".join(part for part in (teams, objective.owner) if part),
        progress=rolled_up(
            [
                (key_result_view.row.weight, key_result_view.progress)
                for key_result_view in key_result_views
            ]
        ),
        key_results=[key_result_line.line_of(KeyResultLine.of(view)) for view in key_result_views],
    )

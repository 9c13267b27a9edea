"""One key result: its values, the form for a new one, and what experiments say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.analysis import readout
from app.experiments import store as experiments
from app.experiments.models import Experiment
from app.identity.guard import Db, Now, Who
from app.okr import store, values, views
from app.okr.models import CheckIn, KeyResult
from app.okr.schemas import ValueDraft
from app.okr.views import KeyResultView
from app.platform.errors import Invalid
from app.review import store as review
from app.web import lines, plots, words
from app.web.pages import Page, go, refuse, render
from app.web.plots import Plot
from app.web.typed import Form, Typed

router = APIRouter(prefix="/key-results")


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """What one experiment says about the number."""

    id: str
    name: str
    sentence: str
    call: str
    decision: str | None
    projection: str | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class KeyResultPage(Page):
    """A number that should move."""

    template: ClassVar[str] = "outcomes/key_result.html"
    section: ClassVar[str] = "outcomes"

    id: str
    title: str
    objective: str
    state: str
    pace: str | None
    warning: str | None
    unit: str
    unit_word: str
    figures: tuple[tuple[str, str, str], ...]
    plot: Plot | None
    values: Sequence[CheckIn]
    form: Typed
    evidence: list[EvidenceRow]


@router.get("/{key_result_id}")
def show(request: Request, session: Db, now: Now, key_result_id: str) -> HTMLResponse:
    """One key result."""
    row = store.key_result_of(session, key_result_id)
    form = Typed.of(date=_today(request, now))
    return render(request, _page(request, session, row, form, now=now))


@router.post("/{key_result_id}/values")
def put(
    *, request: Request, session: Db, who: Who, now: Now, form: Form, key_result_id: str
) -> Response:
    """Put the value of a day; put again, it replaces."""
    zone = request.app.state.settings.zone
    try:
        day, draft = _day(form), _draft(form)
        values.put(
            session, key_result_id, day, draft, source="manual", by=who.name, zone=zone, now=now
        )
    except (ValidationError, Invalid) as error:
        row = store.key_result_of(session, key_result_id)
        refuse(request, _page(request, session, row, form.mended(error), now=now))
    return go(f"/key-results/{key_result_id}", said="saved")


def _day(form: Typed) -> date:
    try:
        return date.fromisoformat(form.value("date"))
    except ValueError:
        raise Invalid.at("date", "Write a day here, like 2026-11-22.") from None


def _draft(form: Typed) -> ValueDraft:
    names = ("value", "comment", "confidence")
    return ValueDraft.model_validate({name: form.text(name) for name in names})


def _page(
    request: Request, session: Session, row: KeyResult, form: Typed, *, now: datetime
) -> KeyResultPage:
    today = _today(request, now)
    view = views.view(session, row, today=today)
    linked = experiments.linked_to(session, row.id)
    return KeyResultPage(
        id=row.id,
        title=row.title,
        objective=store.objective_of(session, row.objective_id).title,
        state=lines.state(view),
        pace=lines.badge(view),
        warning=view.warning,
        unit=row.unit,
        unit_word="%" if row.unit == "percent" else "" if row.unit == "number" else row.unit,
        figures=_figures(view, today),
        plot=_plot(session, view),
        values=tuple(reversed(view.values)),
        form=form,
        evidence=[_evidence(session, one, row.id, now=now) for one in linked],
    )


def _today(request: Request, now: datetime) -> date:
    today: date = now.astimezone(request.app.state.settings.zone).date()
    return today


def _figures(view: KeyResultView, today: date) -> tuple[tuple[str, str, str], ...]:
    unit = view.row.unit
    asked = f"{words.points(view.expected, 0)} of the cycle has gone"
    changed = words.change(view.change, unit) if view.change is not None else "–"
    closer = {True: "closer", False: "not closer", None: "no earlier value"}[view.closer]
    return (
        ("Now", words.amount(view.current, unit), lines.since(view, today)),
        ("Since last week", changed, closer),
        ("Way gone", words.points(view.progress, 0) if view.as_of else "–", asked),
        ("Goal", lines.way(view.row), f"owner: {view.row.owner}" if view.row.owner else ""),
    )


def _plot(session: Session, view: KeyResultView) -> Plot | None:
    cycle, row = store.cycle_of_key_result(session, view.row), view.row
    return plots.values_over_time(
        [(one.date, one.value) for one in view.values],
        starts=cycle.starts,
        ends=cycle.ends,
        start=row.start,
        target=row.target,
        unit=row.unit,
    )


def _evidence(
    session: Session, experiment: Experiment, key_result_id: str, *, now: datetime
) -> EvidenceRow:
    decision = review.decision_of(session, experiment.id)
    if experiment.started_at is None:
        return EvidenceRow(experiment.id, experiment.name, "", experiment.status, None, None, None)
    found = readout.of(session, experiment, now=now)
    link = next((one for one in found.key_results if one.key_result_id == key_result_id), None)
    return EvidenceRow(
        id=experiment.id,
        name=experiment.name,
        sentence=found.call.sentence,
        call=found.call.state,
        decision=decision.decision if decision else None,
        projection=link.assumption if link else None,
        reason=link.reason if link else None,
    )

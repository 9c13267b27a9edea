"""Slices: one thin part of a feature, and the experiments that test it."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app.experiments import store
from app.experiments.models import Experiment, Feature, Slice
from app.identity.guard import Db
from app.okr.models import KeyResult
from app.review import store as review
from app.web import features, runs
from app.web.pages import Page, render
from app.web.plots import Plot
from app.web.runs import Run

router = APIRouter(prefix="/slices")


@dataclass(frozen=True, slots=True)
class Tested:
    """An experiment, and what was decided on it."""

    experiment: Experiment
    decision: str | None


@dataclass(frozen=True, kw_only=True)
class SlicePage(Page):
    """One slice with its parent and its experiments."""

    template: ClassVar[str] = "features/slice.html"
    section: ClassVar[str] = "features"

    slice: Slice
    feature: Feature
    key_result: KeyResult | None
    experiments: list[Tested]
    plot: Plot | None
    runs: tuple[Run, ...]


@router.get("/{slice_id}")
def show(request: Request, session: Db, slice_id: str) -> HTMLResponse:
    """One slice."""
    found = store.slice_of(session, slice_id)
    feature = store.feature_of(session, found.feature_id)
    tested, held = [], store.experiments(session, slice_id=slice_id)
    measured = runs.of(session, held, zone=request.app.state.settings.zone)
    for experiment in held:
        decision = review.decision_of(session, experiment.id)
        tested.append(Tested(experiment, decision.decision if decision else None))
    page = SlicePage(
        slice=found,
        feature=feature,
        key_result=features.key_result_of(session, feature),
        experiments=tested,
        plot=runs.plot(measured),
        runs=measured,
    )
    return render(request, page)

"""Slices: one thin part of a feature, and the experiments that test it."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.experiments import feature_outline, feature_store, store, vocabulary
from app.experiments.models import Experiment, Feature, Slice
from app.experiments.outline_schemas import SliceChanges
from app.identity.guard import Db
from app.okr.models import KeyResult
from app.platform.asked import Asked
from app.platform.errors import Invalid
from app.review import learnings
from app.review import store as review
from app.web.features import features, runs
from app.web.features.runs import Run
from app.web.kit import charts
from app.web.kit.charts import Charts
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render

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
    charts: Charts
    runs: tuple[Run, ...]
    edit: Typed
    doubt: Asked  # the riskiest kind of it


@router.get("/{slice_id}")
def show(request: Request, session: Db, slice_id: str) -> HTMLResponse:
    """One slice."""
    return render(request, _page(request, session, feature_store.slice_of(session, slice_id)))


@router.get("/{slice_id}/charts/{name}.{kind}")
def chart(request: Request, session: Db, slice_id: str, name: str, kind: str) -> Response:
    """Its runs as a file."""
    page = _page(request, session, feature_store.slice_of(session, slice_id))
    return charts.as_file(request, page.charts, name, kind, of=page.slice.title)


@router.post("/{slice_id}")
def change(request: Request, session: Db, form: Form, slice_id: str) -> Response:
    """Say it better; what was decided on it keeps its own words."""
    found = feature_store.slice_of(session, slice_id)
    try:
        sent = {
            "title": form.value("title").strip(),
            "assumption": form.value("assumption").strip(),
            "riskiest": form.text("riskiest"),
        }
        feature_outline.amend_slice(session, found, SliceChanges.model_validate(sent))
    except (ValidationError, Invalid) as error:
        refuse(request, _page(request, session, found, form.mended(error)))
    learnings.keep_words_of(session, found.feature_id)
    return go(f"/slices/{slice_id}", said="saved")


def _page(request: Request, session: Session, found: Slice, edit: Typed | None = None) -> SlicePage:
    feature = feature_store.feature_of(session, found.feature_id)
    held = store.tests_of(session, (found.id,)).get(found.id, [])
    measured = runs.runs_of(session, held, zone=request.app.state.settings.zone)
    decisions = review.decisions_of(session, [experiment.id for experiment in held])
    tested = [
        Tested(
            experiment, decisions[experiment.id].decision if experiment.id in decisions else None
        )
        for experiment in held
    ]
    return SlicePage(
        slice=found,
        feature=feature,
        key_result=features.key_result_of(session, feature),
        experiments=tested,
        charts=runs.chart(measured, found.id),
        runs=measured,
        edit=edit
        or Typed.of(title=found.title, assumption=found.assumption, riskiest=found.riskiest),
        doubt=vocabulary.RISKIEST,
    )

"""Features: what might be built, the key result it should move, and its slices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.experiments import feature_outline, feature_store, store, vocabulary
from app.experiments.models import Experiment, Feature, Slice
from app.experiments.outline_schemas import FeatureDraft, SliceDraft
from app.identity.guard import Db, Now, Who
from app.okr import list_rows
from app.okr import store as okr
from app.okr.models import KeyResult
from app.platform.asked import Asked, Choices
from app.platform.errors import Invalid, NotFound
from app.review import learnings
from app.web.kit import choices
from app.web.kit.form_state import Form, Typed
from app.web.kit.lists import FromAddress, Shown, narrowed_to, shown
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/features")
_PAGE = 100
_COLUMNS = {
    "name": "Feature",
    "slices": "Slices",
    "cost": "All of it would cost",
    "made": "Made",
}


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """A line of the list."""

    feature: Feature
    key_result: KeyResult | None
    slices: int


@dataclass(frozen=True, slots=True)
class SliceRow:
    """A slice with its experiments."""

    slice: Slice
    experiments: Sequence[Experiment]


@dataclass(frozen=True, kw_only=True)
class FeaturesPage(Page):
    """Everything that might be built."""

    template: ClassVar[str] = "features/list.html"
    section: ClassVar[str] = "features"

    features: Sequence[FeatureRow]
    list: Shown


@dataclass(frozen=True, kw_only=True)
class NewFeaturePage(Page):
    """The form for a new feature."""

    template: ClassVar[str] = "features/form.html"
    section: ClassVar[str] = "features"

    form: Typed
    key_results: Choices


@dataclass(frozen=True, kw_only=True)
class FeaturePage(Page):
    """One feature and its slices."""

    template: ClassVar[str] = "features/show.html"
    section: ClassVar[str] = "features"

    feature: Feature
    key_result: KeyResult | None
    teams: list[str]
    slices: list[SliceRow]
    form: Typed
    edit: Typed
    key_results: Choices
    doubt: Asked  # the riskiest kind of it


@router.get("")
def listed(request: Request, session: Db, asked: FromAddress) -> HTMLResponse:
    """All features, newest first."""
    listing = feature_store.LISTING
    asked = narrowed_to(asked, listing)
    part = feature_store.features(session, asked, limit=_PAGE)
    slices = feature_store.count_slices(session, [feature.id for feature in part])
    aims = list_rows.some(
        session, {feature.key_result_id for feature in part if feature.key_result_id}
    )
    rows = [
        FeatureRow(feature, aims.get(feature.key_result_id or ""), slices.get(feature.id, 0))
        for feature in part
    ]
    told = shown(listing, part, asked, "/features", _COLUMNS, hint="A title or a problem")
    return render(request, FeaturesPage(features=rows, list=told))


@router.get("/new")
def draft(request: Request, session: Db) -> HTMLResponse:
    """An empty form."""
    page = NewFeaturePage(form=Typed(), key_results=choices.key_results(session))
    return render(request, page)


@router.post("")
def create(request: Request, session: Db, who: Who, now: Now, form: Form) -> Response:
    """Keep a feature."""
    try:
        feature = feature_outline.add_feature(session, _draft(form), by=who.name, now=now)
    except (ValidationError, Invalid, NotFound) as error:
        page = NewFeaturePage(form=form.mended(error), key_results=choices.key_results(session))
        refuse(request, page)
    return go(f"/features/{feature.id}", said="created")


@router.get("/{feature_id}")
def show(request: Request, session: Db, feature_id: str) -> HTMLResponse:
    """One feature, its slices, and forms for both."""
    return render(request, _page(session, feature_store.feature_of(session, feature_id)))


@router.post("/{feature_id}")
def change(request: Request, session: Db, form: Form, feature_id: str) -> Response:
    """Replace what a feature says of itself; its teams stay."""
    feature = feature_store.feature_of(session, feature_id)
    try:
        team_ids = feature_store.teams_of(session, feature_id)
        feature_outline.change_feature(
            session, feature, _draft(form, team_ids, title="feature_title")
        )
        learnings.keep_words_of(session, feature_id)
    except (ValidationError, Invalid, NotFound) as error:
        edit = form.mended(error, {"title": "feature_title"})
        refuse(request, _page(session, feature, edit=edit))
    return go(f"/features/{feature_id}", said="saved")


@router.post("/{feature_id}/slices")
def add_slice(request: Request, session: Db, now: Now, form: Form, feature_id: str) -> Response:
    """Cut one more slice."""
    fields = {name: form.text(name) for name in ("title", "riskiest")}
    fields |= {"feature_id": feature_id, "assumption": form.value("assumption")}
    try:
        added = feature_outline.add_slice(session, SliceDraft.model_validate(fields), now=now)
    except (ValidationError, Invalid) as error:
        feature = feature_store.feature_of(session, feature_id)
        refuse(request, _page(session, feature, form=form.mended(error)))
    return go(f"/slices/{added.id}", said="added")


def key_result_of(session: Session, feature: Feature) -> KeyResult | None:
    """The number that a feature should move."""
    return okr.key_result_of(session, feature.key_result_id) if feature.key_result_id else None


def _draft(form: Typed, team_ids: Sequence[str] = (), *, title: str = "title") -> FeatureDraft:
    return FeatureDraft.model_validate(
        {
            "title": form.text(title) or "",
            "problem": form.value("problem").strip(),
            "key_result_id": form.text("key_result_id"),
            "full_build_weeks": form.text("full_build_weeks"),
            "team_ids": list(team_ids),
        }
    )


def _page(
    session: Session, feature: Feature, *, form: Typed | None = None, edit: Typed | None = None
) -> FeaturePage:
    return FeaturePage(
        feature=feature,
        key_result=key_result_of(session, feature),
        teams=okr.team_names(session, feature_store.teams_of(session, feature.id)),
        slices=_slices(session, feature),
        form=form or Typed(),
        edit=edit or _filled(feature),
        key_results=choices.key_results(session),
        doubt=vocabulary.RISKIEST,
    )


def _slices(session: Session, feature: Feature) -> list[SliceRow]:
    slices = feature_store.slices_of(session, feature.id)
    tests = store.tests_of(session, [one.id for one in slices])
    return [SliceRow(one, tests.get(one.id, [])) for one in slices]


def _filled(feature: Feature) -> Typed:
    return Typed.of(
        feature_title=feature.title,
        problem=feature.problem,
        key_result_id=feature.key_result_id,
        full_build_weeks=feature.full_build_weeks,
    )

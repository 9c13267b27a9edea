"""Features and slices: what might be built, and its thin parts."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, Sort, listed
from app.experiments import feature_outline, feature_store
from app.experiments.models import Feature, Slice
from app.experiments.outline_schemas import FeatureChanges, FeatureDraft, SliceChanges, SliceDraft
from app.experiments.vocabulary import Riskiest
from app.identity.guard import Db, Now, Who
from app.platform.listing import Asked
from app.review import learnings, removal

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Features and slices"])

_SLICE: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ac",
    "feature_id": "1f0c3m8k2tq5w7x9z0ab",
    "title": "One email with last week's waste",
    "assumption": "Bakers act on waste when it is told in euros.",
    "riskiest": "desirability",
    "order": 0,
    "status": "testing",
    "created_at": "2026-11-22T08:00:00Z",
}
_FEATURE: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "title": "Waste dashboard",
    "problem": "Bakers do not see what they throw away.",
    "key_result_id": "1f0c3m8k2tq5w7x9z0aa",
    "team_ids": [],
    "full_build_weeks": 12,
    "created_at": "2026-11-22T08:00:00Z",
}


class FeatureOut(BaseModel):
    """What might be built."""

    model_config = ConfigDict(json_schema_extra={"example": _FEATURE})

    id: str
    title: str
    problem: str
    key_result_id: str | None
    team_ids: list[str]
    full_build_weeks: float | None
    created_at: datetime


class SliceOut(BaseModel):
    """One thin, shippable, measurable part of a feature. `status`: idea, testing or decided."""

    model_config = ConfigDict(json_schema_extra={"example": _SLICE})

    id: str
    feature_id: str
    title: str
    assumption: str
    riskiest: Riskiest | None
    order: int
    status: str
    created_at: datetime


class FeatureSeen(FeatureOut):
    """A feature with its slices in their order."""

    model_config = ConfigDict(json_schema_extra={"example": _FEATURE | {"slices": [_SLICE]}})

    slices: list[SliceOut]


@router.post("/features", status_code=201, summary="Add a feature")
def add_feature(draft: FeatureDraft, session: Db, who: Who, now: Now) -> FeatureOut:
    """Meant to move its key result, shared by its teams."""
    return _seen(session, feature_outline.add_feature(session, draft, by=who.name, now=now))


@router.get("/features", summary="List features")
def list_features(
    *, session: Db, sort: Sort = "", cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[FeatureOut]:
    """Newest first, or by `made`, `name`, `slices`, `cost`."""
    rows = feature_store.features(session, Asked(sort=sort, cursor=cursor), limit=limit)
    teams = feature_store.teams_by_feature(session, [row.id for row in rows])
    return listed(rows, lambda row: _shown(row, teams[row.id]))


@router.get("/features/{feature_id}", summary="Look at a feature")
def get_feature(feature_id: str, session: Db) -> FeatureSeen:
    """With its slices."""
    row = _seen(session, feature_store.feature_of(session, feature_id))
    slices = [_slice(one) for one in feature_store.slices_of(session, feature_id)]
    return FeatureSeen(**row.model_dump(), slices=slices)


@router.patch("/features/{feature_id}", summary="Change a feature")
def change_feature(feature_id: str, changes: FeatureChanges, session: Db) -> FeatureOut:
    """What isn't sent stays as it is."""
    row = feature_outline.amend_feature(
        session, feature_store.feature_of(session, feature_id), changes
    )
    learnings.keep_words_of(session, feature_id)
    return _seen(session, row)


@router.delete("/features/{feature_id}", status_code=204, summary="Remove a feature")
def remove_feature(feature_id: str, session: Db) -> None:
    """Only while it has no slices; what it is used by is said (409)."""
    removal.feature(session, feature_id).remove()


@router.post("/slices", status_code=201, summary="Add a slice")
def add_slice(draft: SliceDraft, session: Db, now: Now) -> SliceOut:
    """At the end of its feature, unless `order` says where."""
    return _slice(feature_outline.add_slice(session, draft, now=now))


@router.get("/slices", summary="List slices")
def list_slices(
    session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[SliceOut]:
    """Newest first; those of one feature stand in the feature."""
    rows = feature_store.slices(session, cursor=cursor, limit=limit)
    return listed(rows, _slice)


@router.get("/slices/{slice_id}", summary="Look at a slice")
def get_slice(slice_id: str, session: Db) -> SliceOut:
    """One slice."""
    return _slice(feature_store.slice_of(session, slice_id))


@router.patch("/slices/{slice_id}", summary="Change a slice")
def change_slice(slice_id: str, changes: SliceChanges, session: Db) -> SliceOut:
    """What isn't sent stays as it is."""
    row = feature_outline.amend_slice(session, feature_store.slice_of(session, slice_id), changes)
    learnings.keep_words_of(session, row.feature_id)
    return _slice(row)


@router.delete("/slices/{slice_id}", status_code=204, summary="Remove a slice")
def remove_slice(slice_id: str, session: Db) -> None:
    """Only while no experiment tests it and no decision names it (else 409, naming them)."""
    removal.slice_(session, slice_id).remove()


def _seen(session: Session, row: Feature) -> FeatureOut:
    return _shown(row, feature_store.teams_of(session, row.id))


def _shown(row: Feature, team_ids: list[str]) -> FeatureOut:
    return FeatureOut(
        id=row.id,
        title=row.title,
        problem=row.problem,
        key_result_id=row.key_result_id,
        team_ids=team_ids,
        full_build_weeks=row.full_build_weeks,
        created_at=row.created_at,
    )


def _slice(row: Slice) -> SliceOut:
    return SliceOut(
        id=row.id,
        feature_id=row.feature_id,
        title=row.title,
        assumption=row.assumption,
        riskiest=row.riskiest,
        order=row.position,
        status=row.status,
        created_at=row.created_at,
    )

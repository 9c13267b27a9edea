"""Features and slices: what might be built, and its thin parts."""

from datetime import datetime

from sqlmodel import Session

from app.experiments import feature_store, key_result_usage
from app.experiments.drafts import refuse_unknown
from app.experiments.models import Feature, Slice
from app.experiments.outline_schemas import FeatureChanges, FeatureDraft, SliceChanges, SliceDraft
from app.okr import store as okr

_check_key_result = refuse_unknown("key_result_id", okr.key_result_of)
_check_team = refuse_unknown("team_ids", okr.team_of)
_check_feature = refuse_unknown("feature_id", feature_store.feature_of)


def add_feature(session: Session, draft: FeatureDraft, *, by: str, now: datetime) -> Feature:
    """A feature, shared by its teams, meant to move its key result."""
    _check(session, draft)
    key_result_usage.refuse_closed(session, [draft.key_result_id])
    row = Feature(
        title=draft.title,
        problem=draft.problem,
        key_result_id=draft.key_result_id,
        full_build_weeks=draft.full_build_weeks,
        created_at=now,
        created_by=by,
    )
    session.add(row)
    session.flush()
    feature_store.set_teams(session, row.id, draft.team_ids)
    return row


def change_feature(session: Session, row: Feature, draft: FeatureDraft) -> Feature:
    """Replace what a feature says of itself."""
    _check(session, draft)
    key_result_usage.refuse_closed(session, [draft.key_result_id], already=[row.key_result_id])
    row.title, row.problem = draft.title, draft.problem
    row.key_result_id, row.full_build_weeks = draft.key_result_id, draft.full_build_weeks
    session.add(row)
    feature_store.set_teams(session, row.id, draft.team_ids)
    return row


def add_slice(session: Session, draft: SliceDraft, *, now: datetime) -> Slice:
    """A slice at the end of its feature, unless its place is said."""
    _check_feature(session, draft.feature_id)
    last = len(feature_store.slices_of(session, draft.feature_id))
    row = Slice(
        feature_id=draft.feature_id,
        title=draft.title,
        assumption=draft.assumption,
        riskiest=draft.riskiest,
        position=last if draft.order is None else draft.order,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def move_slice(session: Session, row: Slice, *, places: int) -> None:
    """Move a slice among those of its feature: -1 is one place earlier. Ends are walls."""
    others = [one for one in feature_store.slices_of(session, row.feature_id) if one.id != row.id]
    here = sum((other.position, other.id) < (row.position, row.id) for other in others)
    there = min(max(here + places, 0), len(others))
    others.insert(there, row)
    for position, one in enumerate(others):
        one.position = position
        session.add(one)


def amend_feature(session: Session, row: Feature, changes: FeatureChanges) -> Feature:
    """Change the fields that were sent."""
    as_is = FeatureDraft(
        title=row.title,
        problem=row.problem,
        key_result_id=row.key_result_id,
        team_ids=feature_store.teams_of(session, row.id),
        full_build_weeks=row.full_build_weeks,
    )
    sent = changes.model_dump(exclude_unset=True)
    return change_feature(session, row, as_is.model_copy(update=sent))


def amend_slice(session: Session, row: Slice, changes: SliceChanges) -> Slice:
    """Change the fields that were sent."""
    sent = changes.model_dump(exclude_unset=True)
    for name, value in sent.items():
        setattr(row, "position" if name == "order" else name, value)
    session.add(row)
    return row


def _check(session: Session, draft: FeatureDraft) -> None:
    _check_key_result(session, draft.key_result_id)
    for team_id in draft.team_ids:
        _check_team(session, team_id)

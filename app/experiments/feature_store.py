"""All SQL of features and their slices."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from app.experiments.models import Experiment, Feature, FeatureTeam, Slice, Status
from app.platform.errors import NotFound
from app.platform.listing import Asked, Listing
from app.platform.paging import Order, Part, part

_SLICES = Order("slices", is_descending=True)
_UNDER_WAY = {Status.SCHEDULED, Status.RUNNING, Status.PAUSED, Status.MEASURING}


def parents_of(session: Session, slice_ids: Collection[str]) -> dict[str, tuple[Slice, Feature]]:
    """Slices with their features, by slice."""
    query = (
        select(Slice, Feature)
        .join(Feature, col(Feature.id) == Slice.feature_id)
        .where(col(Slice.id).in_(slice_ids))
    )
    return {piece.id: (piece, feature) for piece, feature in session.exec(query)}


def feature_of(session: Session, feature_id: str) -> Feature:
    """A feature by id."""
    feature = session.get(Feature, feature_id)
    if feature is None:
        raise NotFound("There is no feature with this id.")
    return feature


SLICES: Any = (
    select(func.count())
    .where(col(Slice.feature_id) == col(Feature.id))
    .correlate(Feature)
    .scalar_subquery()
)
LISTING = Listing(
    name="features page",
    key=col(Feature.id),
    usual="-made",
    sorts={
        "made": col(Feature.id),
        "name": col(Feature.title),
        "slices": SLICES,
        "cost": col(Feature.full_build_weeks),
    },
    words=(col(Feature.title), col(Feature.problem)),
)


def features(session: Session, asked: Asked, *, limit: int) -> Part[Feature]:
    """The newest first, or as it is asked for."""
    return LISTING.part(session, select(Feature), asked, limit=limit)


def features_for(session: Session, key_result_id: str) -> Sequence[Feature]:
    """Features that are meant to move this key result."""
    return session.exec(
        select(Feature).where(Feature.key_result_id == key_result_id).order_by(Feature.title)
    ).all()


def teams_of(session: Session, feature_id: str) -> list[str]:
    """The ids of the teams that share a feature."""
    query = select(FeatureTeam.team_id).where(FeatureTeam.feature_id == feature_id)
    return list(session.exec(query.order_by(FeatureTeam.team_id)).all())


def teams_by_feature(session: Session, feature_ids: Sequence[str]) -> dict[str, list[str]]:
    """The same of many, by feature."""
    found: dict[str, list[str]] = {feature_id: [] for feature_id in feature_ids}
    query = select(FeatureTeam).where(col(FeatureTeam.feature_id).in_(feature_ids))
    for row in session.exec(query.order_by(FeatureTeam.team_id)):
        found[row.feature_id].append(row.team_id)
    return found


def count_slices(session: Session, feature_ids: Sequence[str]) -> dict[str, int]:
    """How many slices features have; those without are left out."""
    query = select(Slice.feature_id, func.count()).where(col(Slice.feature_id).in_(feature_ids))
    return dict(session.exec(query.group_by(Slice.feature_id)).all())


def set_teams(session: Session, feature_id: str, team_ids: Iterable[str]) -> None:
    """Replace the teams that share a feature."""
    session.execute(delete(FeatureTeam).where(col(FeatureTeam.feature_id) == feature_id))
    session.add_all(
        FeatureTeam(feature_id=feature_id, team_id=team_id) for team_id in set(team_ids)
    )


def slice_of(session: Session, slice_id: str) -> Slice:
    """A slice by id."""
    found = session.get(Slice, slice_id)
    if found is None:
        raise NotFound("There is no slice with this id.")
    return found


def slices_of(session: Session, feature_id: str) -> Sequence[Slice]:
    """A feature's slices in their order."""
    query = select(Slice).where(Slice.feature_id == feature_id)
    return session.exec(query.order_by(col(Slice.position), Slice.id)).all()


def feature_titles(session: Session) -> list[tuple[str, str]]:
    """Id and title of every feature, newest first."""
    query = select(Feature.id, Feature.title).order_by(col(Feature.id).desc())
    return [(row[0], row[1]) for row in session.exec(query)]


def titles(session: Session) -> list[tuple[str, str, str]]:
    """Id and title of every slice, and its feature's, newest first."""
    query = select(Slice.id, Slice.title, Feature.title).join(
        Feature, col(Feature.id) == Slice.feature_id
    )
    return [(row[0], row[1], row[2]) for row in session.exec(query.order_by(col(Slice.id).desc()))]


def slices(session: Session, *, cursor: str | None = None, limit: int = 100) -> Part[Slice]:
    """Every slice, newest first."""
    return part(session, select(Slice), _SLICES, Slice.id, cursor=cursor, limit=limit)


def set_slice_status(session: Session, slice_id: str, status: str) -> None:
    """idea, testing, decided."""
    session.execute(update(Slice).where(col(Slice.id) == slice_id).values(status=status))


def free_slice(session: Session, slice_id: str) -> None:
    """One of its runs was cancelled: the slice stands where its other runs left it."""
    query = select(Experiment.status).where(
        Experiment.slice_id == slice_id, ~col(Experiment.rehearsal)
    )
    others = set(session.exec(query))
    status = "testing" if others & _UNDER_WAY else "decided" if Status.DECIDED in others else "idea"
    set_slice_status(session, slice_id, status)

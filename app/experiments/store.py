"""All SQL of experiments."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, delete, exists, func, insert, update
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from app.audience.models import Audience
from app.experiments.models import (
    Enrolment,
    Experiment,
    ExperimentLink,
    Feature,
    FeatureTeam,
    Ineligible,
    PeopleCount,
    Rehearsal,
    Slice,
    Status,
)
from app.experiments.ports import Reason
from app.platform.errors import NotFound
from app.platform.paging import Order, Part, part

_EXPERIMENTS = Order("experiments", is_descending=True)
_FEATURES = Order("features", is_descending=True)
_SLICES = Order("slices", is_descending=True)

_UNDER_WAY = {Status.SCHEDULED, Status.RUNNING, Status.PAUSED, Status.MEASURING}


def experiment_of(session: Session, experiment_id: str) -> Experiment:
    """An experiment by id."""
    experiment = session.get(Experiment, experiment_id)
    if experiment is None:
        raise NotFound("There is no experiment with this id.")
    return experiment


def locked(session: Session, experiment_id: str) -> Experiment:
    """An experiment that nobody else changes until this transaction ends."""
    experiment = session.exec(
        select(Experiment)
        .where(Experiment.id == experiment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if experiment is None:
        raise NotFound("There is no experiment with this id.")
    return experiment


def experiments(
    session: Session,
    *,
    cursor: str | None = None,
    limit: int = 100,
    statuses: Iterable[str] = (),
    slice_id: str | None = None,
) -> Part[Experiment]:
    """Newest first."""
    query = select(Experiment)
    if statuses:
        query = query.where(col(Experiment.status).in_(list(statuses)))
    if slice_id:
        query = query.where(Experiment.slice_id == slice_id)
    return part(session, query, _EXPERIMENTS, Experiment.id, cursor=cursor, limit=limit)


def names_of(session: Session, experiment_ids: Sequence[str]) -> dict[str, str]:
    """What experiments are called, by id."""
    query = select(Experiment.id, Experiment.name).where(col(Experiment.id).in_(experiment_ids))
    return {row[0]: row[1] for row in session.exec(query)}


def started_names(session: Session) -> list[tuple[str, str]]:
    """Ids and names of experiments that began, newest first."""
    query = select(Experiment.id, Experiment.name).where(
        col(Experiment.started_at).is_not(None), Experiment.status != Status.DRAFT
    )
    rows = session.exec(query.order_by(col(Experiment.id).desc()))
    return [(row[0], row[1]) for row in rows]


def was_any_launched(session: Session) -> bool:
    """Whether an experiment was ever launched here."""
    return bool(
        session.exec(select(exists().where(col(Experiment.launched_at).is_not(None)))).one()
    )


def some(session: Session, experiment_ids: Sequence[str]) -> Sequence[Experiment]:
    """These experiments, newest first."""
    query = select(Experiment).where(col(Experiment.id).in_(experiment_ids))
    return session.exec(query.order_by(col(Experiment.id).desc())).all() if experiment_ids else ()


def parents_of(session: Session, slice_ids: Collection[str]) -> dict[str, tuple[Slice, Feature]]:
    """Slices with their features, by slice."""
    query = (
        select(Slice, Feature)
        .join(Feature, col(Feature.id) == Slice.feature_id)
        .where(col(Slice.id).in_(slice_ids))
    )
    return {piece.id: (piece, feature) for piece, feature in session.exec(query)}


def with_waves(session: Session) -> Sequence[str]:
    """Experiments that are sending in waves."""
    has_waves = cast(col(Experiment.design)["waves"], String) != "[]"
    query = select(Experiment.id).where(Experiment.status == Status.RUNNING, has_waves)
    return session.exec(query.order_by(Experiment.id)).all()


def linked_to(session: Session, key_result_id: str) -> Sequence[Experiment]:
    """Experiments that name this key result, newest first."""
    return session.exec(
        select(Experiment)
        .join(ExperimentLink, col(ExperimentLink.experiment_id) == Experiment.id)
        .where(ExperimentLink.key_result_id == key_result_id)
        .order_by(col(Experiment.id).desc())
    ).all()


def linked_since(
    session: Session, key_result_ids: Sequence[str], since: datetime
) -> Sequence[tuple[str, Experiment]]:
    """(key result, experiment) of those that began since a moment, newest first."""
    return session.exec(
        select(ExperimentLink.key_result_id, Experiment)
        .join(Experiment, col(Experiment.id) == ExperimentLink.experiment_id)
        .where(
            col(ExperimentLink.key_result_id).in_(key_result_ids),
            col(Experiment.started_at) >= since,
        )
        .order_by(col(Experiment.id).desc())
    ).all()


def due_to_start(session: Session, *, now: datetime) -> list[str]:
    """Scheduled experiments whose time has come; at once is at once, whatever a clock says."""
    is_due = (col(Experiment.scheduled_at) <= now) | (
        col(Experiment.scheduled_at) <= col(Experiment.launched_at)
    )
    query = (
        select(Experiment.id)
        .where(Experiment.status == Status.SCHEDULED, is_due, Experiment.undo_seconds == 0)
        .order_by(col(Experiment.scheduled_at))
    )
    return list(session.exec(query).all())


def is_any_scheduled(session: Session) -> bool:
    """Whether any experiment waits for its start."""
    query = select(Experiment.id).where(Experiment.status == Status.SCHEDULED)
    return session.exec(query.limit(1)).first() is not None


def undoable(session: Session) -> Sequence[Experiment]:
    """Experiments whose launch may still be undone."""
    query = select(Experiment).where(
        Experiment.status == Status.SCHEDULED, Experiment.undo_seconds > 0
    )
    return session.exec(query.order_by(Experiment.id)).all()


def feature_of(session: Session, feature_id: str) -> Feature:
    """A feature by id."""
    feature = session.get(Feature, feature_id)
    if feature is None:
        raise NotFound("There is no feature with this id.")
    return feature


def features(session: Session, *, cursor: str | None = None, limit: int = 100) -> Part[Feature]:
    """Newest first."""
    return part(session, select(Feature), _FEATURES, Feature.id, cursor=cursor, limit=limit)


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


def tests_of(session: Session, slice_ids: Sequence[str]) -> dict[str, list[Experiment]]:
    """The experiments of slices, newest first."""
    found: dict[str, list[Experiment]] = {}
    query = select(Experiment).where(col(Experiment.slice_id).in_(slice_ids))
    for row in session.exec(query.order_by(col(Experiment.id).desc())):
        found.setdefault(str(row.slice_id), []).append(row)
    return found


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


def add_enrolments(session: Session, rows: list[dict[str, Any]]) -> None:
    """Enrol people, in bulk."""
    if rows:
        session.execute(insert(Enrolment), rows)


def add_ineligible(session: Session, rows: list[dict[str, Any]]) -> None:
    """Note who is not enrolled and why, in bulk."""
    if rows:
        session.execute(insert(Ineligible), rows)


def last_settled(session: Session, experiment_id: str) -> str | None:
    """The last person of whom it is decided whether they are in; people come in order of id."""
    enrolled = session.exec(
        select(func.max(Enrolment.person_id)).where(Enrolment.experiment_id == experiment_id)
    ).one()
    left_out = session.exec(
        select(func.max(Ineligible.person_id)).where(Ineligible.experiment_id == experiment_id)
    ).one()
    return max((one for one in (enrolled, left_out) if one), default=None)


def enrolled_people(session: Session, experiment_id: str) -> Iterator[str]:
    """Everybody enrolled so far, a few thousand in memory at a time."""
    query = select(Enrolment.person_id).where(Enrolment.experiment_id == experiment_id)
    yield from session.exec(query.execution_options(yield_per=10_000))


def put_back(session: Session, experiment_id: str, person_ids: Sequence[str]) -> None:
    """Take people out of a sample that smaller tickets filled; not those who are out."""
    gone = session.scalars(
        delete(Enrolment)
        .where(
            col(Enrolment.experiment_id) == experiment_id,
            col(Enrolment.person_id).in_(person_ids),
        )
        .returning(col(Enrolment.person_id))
    ).all()
    add_ineligible(
        session,
        [
            {"experiment_id": experiment_id, "person_id": one, "reason": "sample", "detail": ""}
            for one in gone
        ],
    )


def forget_rehearsals(session: Session) -> None:
    """They name people, and are made again by themselves."""
    session.execute(delete(Rehearsal))


def count_enrolled(session: Session, experiment_id: str) -> int:
    """How many are enrolled so far."""
    return _people(session, experiment_id).get("", 0)


def looked_through(session: Session, experiment_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Of many experiments: people enrolled or left out so far, and people of the audience."""
    looked_at = (
        sa_select(func.sum(col(PeopleCount.people)))
        .where(col(PeopleCount.experiment_id) == col(Experiment.id))
        .scalar_subquery()
    )
    wanted = (
        sa_select(col(Experiment.id), looked_at, col(Audience.people))
        .outerjoin(Audience, col(Audience.id) == col(Experiment.audience_id))
        .where(
            col(Experiment.id).in_(experiment_ids),
            col(Experiment.audience_id).is_not(None),
        )
    )
    return {row[0]: (int(row[1] or 0), row[2] or 0) for row in session.execute(wanted)}


def rehearsed(session: Session, experiment_ids: Sequence[str]) -> Sequence[Rehearsal]:
    """Looks through everybody that came to their end and hold for the audience as it is."""
    query = (
        select(Rehearsal)
        .join(Audience, col(Audience.id) == Rehearsal.audience_id)
        .where(
            col(Rehearsal.experiment_id).in_(experiment_ids),
            col(Rehearsal.done),
            Audience.revision == Rehearsal.revision,
        )
    )
    return session.exec(query).all()


def count_by_arm(session: Session, experiment_id: str) -> dict[str, int]:
    """How many are enrolled in each arm, the holdout among them."""
    query = (
        select(Enrolment.arm, func.count())
        .where(Enrolment.experiment_id == experiment_id)
        .group_by(Enrolment.arm)
        .order_by(Enrolment.arm)
    )
    return dict(session.exec(query).all())


def enrolled_by_arm(session: Session, experiment_id: str) -> list[tuple[int, str, str]]:
    """(enrolment, arm, person) of everybody enrolled, in the order of their numbers."""
    query = (
        select(Enrolment.id, Enrolment.arm, Enrolment.person_id)
        .where(Enrolment.experiment_id == experiment_id)
        .order_by(col(Enrolment.id))
    )
    return [(row[0], row[1], row[2]) for row in session.exec(query)]


def set_wave(session: Session, ids: Sequence[int], *, wave: int) -> None:
    """Put enrolments into a wave."""
    session.execute(update(Enrolment).where(col(Enrolment.id).in_(ids)).values(wave=wave))


def reasons(session: Session, experiment_id: str) -> dict[str, int]:
    """Why people were left out, and how many."""
    counted = _people(session, experiment_id)
    return {reason: people for reason, people in counted.items() if reason and people}


def _people(session: Session, experiment_id: str) -> dict[str, int]:
    """By reason, most first; read from counts that the database keeps."""
    people = func.sum(PeopleCount.people)
    rows = session.exec(
        select(PeopleCount.reason, people)
        .where(PeopleCount.experiment_id == experiment_id)
        .group_by(PeopleCount.reason)
        .order_by(people.desc(), col(PeopleCount.reason))
    )
    return {reason: int(number) for reason, number in rows}


def faults(session: Session, experiment_id: str) -> Iterator[tuple[tuple[str, str], int]]:
    """For what their mail needs: why people were left out, in what detail, and how many."""
    query = (
        select(Ineligible.reason, Ineligible.detail, func.count())
        .where(
            Ineligible.experiment_id == experiment_id,
            col(Ineligible.reason).in_([one.value for one in Reason]),
        )
        .group_by(Ineligible.reason, Ineligible.detail)
        .order_by(Ineligible.reason, Ineligible.detail)
    )
    for reason, detail, people in session.exec(query.execution_options(yield_per=1_000)):
        yield (reason, detail), people


def set_slice_status(session: Session, slice_id: str, status: str) -> None:
    """idea, testing, decided."""
    session.execute(update(Slice).where(col(Slice.id) == slice_id).values(status=status))


def free_slice(session: Session, slice_id: str) -> None:
    """One of its runs was cancelled: the slice stands where its other runs left it."""
    query = select(Experiment.status).where(Experiment.slice_id == slice_id)
    others = set(session.exec(query))
    status = "testing" if others & _UNDER_WAY else "decided" if Status.DECIDED in others else "idea"
    set_slice_status(session, slice_id, status)

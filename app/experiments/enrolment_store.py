"""All SQL of who is enrolled in an experiment, and who is left out and why."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, update
from sqlmodel import Session, col, select

from app.experiments.models import Enrolment, Ineligible, PeopleCount
from app.experiments.ports import Reason


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


def count_enrolled(session: Session, experiment_id: str) -> int:
    """How many are enrolled so far."""
    return _people(session, experiment_id).get("", 0)


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

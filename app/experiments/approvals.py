"""An experiment that goes to many people needs a second person, where the operator says so.

Whoever approves it cannot be the one who launches it. An approval holds for the design that was
seen: a change of the draft ends it. It holds for as many people as were told, and for a tenth more,
for audiences move a little every day.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Select
from sqlmodel import Session, col

from app.experiments.items import Item, blocks, ok
from app.experiments.models import Approval, ApprovalAsked, Experiment, Status
from app.platform import figures, put_off
from app.platform.config import Settings
from app.platform.errors import Conflict
from app.platform.put_off import Work

ITEM = "approval"  # on the checklist
BY_ANOTHER = "Somebody else approves it first."
_OPEN = {Status.DRAFT, Status.SCHEDULED}
_MORE = 1.1  # ours: times as many people as the second person was told


def is_needed(people: int, settings: Settings) -> bool:
    """Whether one person alone may not send to so many."""
    return bool(settings.approve_above) and people > settings.approve_above


def items(
    session: Session, experiment: Experiment, people: int, settings: Settings
) -> Iterator[Item]:
    """What the checklist says of it."""
    if not is_needed(people, settings):
        return
    standing = standing_of(session, experiment)
    if standing is None or not _covers(standing, people):
        yield blocks(ITEM, _sentence(people, settings))
    else:
        seen = figures.plural(standing.people, *_PEOPLE)
        yield ok(ITEM, f"Approved by {standing.by}, for {seen}.")


def standing_of(session: Session, experiment: Experiment) -> Approval | None:
    """The approval of what the experiment is now."""
    held = session.get(Approval, experiment.id)
    is_draft = experiment.status == Status.DRAFT
    return None if held and is_draft and held.design_at != experiment.updated_at else held


def beside(question: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """A question about experiments, with the last asking and the last approval of each."""
    return (
        question.add_columns(ApprovalAsked, Approval)
        .outerjoin(ApprovalAsked, col(ApprovalAsked.experiment_id) == col(Experiment.id))
        .outerjoin(Approval, col(Approval.experiment_id) == col(Experiment.id))
    )


def asked_by(experiment: Experiment, asked: ApprovalAsked | None, approval: Approval | None) -> str:
    """Who asked others to approve the experiment as it is now; empty: nobody yet."""
    if asked is None or asked.design_at != experiment.updated_at:
        return ""
    return "" if approval and approval.at >= asked.at else asked.by


def of_waiting(question: Select[Any]) -> Select[Any]:
    """A question, put of experiments that somebody was asked to approve and nobody has yet."""
    return (
        question.select_from(Experiment)
        .join(ApprovalAsked, col(ApprovalAsked.experiment_id) == col(Experiment.id))
        .join(Approval, col(Approval.experiment_id) == col(Experiment.id), isouter=True)
        .where(col(Experiment.status).in_((Status.DRAFT, Status.SCHEDULED)))
        .where(col(ApprovalAsked.design_at) == col(Experiment.updated_at))
        .where(col(Approval.at).is_(None) | (col(Approval.at) < col(ApprovalAsked.at)))
    )


def ask(
    session: Session,
    experiment: Experiment,
    people: int,
    settings: Settings,
    *,
    by: str,
    by_id: str,
    now: datetime,
) -> None:
    """Somebody wants a second person to look; once for a design. Raises Conflict."""
    if experiment.status not in _OPEN:
        raise Conflict(f"It is {experiment.status}: there is nothing to approve any more.")
    standing = standing_of(session, experiment)
    if not is_needed(people, settings) or (standing and _covers(standing, people)):
        raise Conflict("Nobody need approve it any more.")
    asked = session.get(ApprovalAsked, experiment.id)
    if earlier := asked_by(experiment, asked, session.get(Approval, experiment.id)):
        raise Conflict(f"{earlier} asked already: everybody who may approve it has a mail.")
    session.merge(
        ApprovalAsked(
            experiment_id=experiment.id, by=by, by_id=by_id, at=now, design_at=experiment.updated_at
        )
    )


def approve(
    session: Session,
    experiment: Experiment,
    people: int,
    settings: Settings,
    *,
    by: str,
    by_id: str,
    launched_by: Collection[str],
    now: datetime,
) -> None:
    """A second person has seen it. One that waits for them is tried again at once."""
    if experiment.status not in _OPEN:
        raise Conflict(f"It is {experiment.status}: there is nothing to approve any more.")
    if not is_needed(people, settings):
        raise Conflict("Nobody need approve it: one person alone may send to so many.")
    if by_id in launched_by:
        raise Conflict("You launched it yourself. Somebody else approves it.")
    session.merge(
        Approval(
            experiment_id=experiment.id,
            by=by,
            by_id=by_id,
            at=now,
            people=people,
            design_at=experiment.updated_at,
        )
    )
    put_off.retry_of(session, Work.START, experiment.id, now=now)


def refuse_alone(
    session: Session,
    experiment: Experiment,
    people: int,
    settings: Settings,
    *,
    ids: Collection[str],
) -> None:
    """At the launch, by whoever has these ids. Raises Conflict; an approval of before ends."""
    standing = standing_of(session, experiment)
    if is_needed(people, settings):
        if standing is None or not _covers(standing, people):
            raise Conflict(_sentence(people, settings))
        if standing.by_id in ids:
            raise Conflict("You approved it yourself. Somebody else launches it.")
    elif standing is None and (held := session.get(Approval, experiment.id)):
        session.delete(held)


def refuse_unseen(
    session: Session, experiment: Experiment, people: int, settings: Settings
) -> None:
    """At the start: an audience may have grown since the launch. Raises Conflict."""
    standing = standing_of(session, experiment)
    if is_needed(people, settings) and (standing is None or not _covers(standing, people)):
        raise Conflict(_sentence(people, settings))


_PEOPLE = ("person", "people")


def _covers(approval: Approval, people: int) -> bool:
    return people <= approval.people * _MORE


def _sentence(people: int, settings: Settings) -> str:
    return (
        f"It goes to {figures.plural(people, *_PEOPLE)}, and one person alone may send to"
        f" {figures.count(settings.approve_above)}. {BY_ANOTHER}"
    )

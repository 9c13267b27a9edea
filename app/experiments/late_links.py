"""A key result that an experiment is tied to after its launch: beside it, and never as its plan.

The link stands in the design with the moment it was made. It says nothing of what was expected, and
its result writes nothing there.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.experiments import key_result_usage
from app.experiments.models import Experiment, Status
from app.experiments.part_schemas import KeyResultLink
from app.okr import store as okr
from app.platform.errors import Conflict, Invalid, NotFound

_MOST = 20  # as many as a design may name


def link(session: Session, experiment: Experiment, key_result_id: str, *, now: datetime) -> None:
    """Tie a launched experiment to one more key result. Raises Conflict."""
    _refuse_unlinkable(experiment)
    _find(session, key_result_id)
    key_result_usage.refuse_closed(session, [key_result_id])
    links = _links(experiment)
    if any(one["key_result_id"] == key_result_id for one in links):
        raise Conflict(f"“{experiment.name}” is tied to this key result already.")
    if len(links) >= _MOST:
        raise Conflict(f"An experiment is tied to {_MOST} key results at most.")
    new = KeyResultLink(key_result_id=key_result_id, linked_at=now)
    _write(session, experiment, [*links, new.model_dump(mode="json")])


def unlink(session: Session, experiment: Experiment, key_result_id: str) -> None:
    """Take such a link back; one that was planned stays. Raises Conflict."""
    key_result_usage.refuse_closed(session, [key_result_id])
    links = _links(experiment)
    held = [one for one in links if one["key_result_id"] == key_result_id]
    if not held:
        raise NotFound("This experiment is not tied to that key result.")
    if not held[0].get("linked_at"):
        raise Conflict("That link was part of the plan, so it stays.")
    _write(session, experiment, [one for one in links if one not in held])


def _refuse_unlinkable(experiment: Experiment) -> None:
    if experiment.status == Status.DRAFT:
        raise Conflict(f"“{experiment.name}” is a draft: name its key results in its design.")
    if experiment.rehearsal:
        raise Conflict(f"“{experiment.name}” is a rehearsal: it bears on no key result.")
    if experiment.status == Status.CANCELLED and experiment.started_at is None:
        raise Conflict(f"“{experiment.name}” was cancelled before it began: it says nothing.")


def _find(session: Session, key_result_id: str) -> None:
    try:
        okr.key_result_of(session, key_result_id)
    except NotFound as error:
        raise Invalid.at("key_result_id", str(error)) from error


def _links(experiment: Experiment) -> list[Mapping[str, Any]]:
    return list(experiment.design.get("key_results") or [])


def _write(session: Session, experiment: Experiment, links: list[Mapping[str, Any]]) -> None:
    experiment.design = experiment.design | {"key_results": links}
    session.add(experiment)
    session.flush()

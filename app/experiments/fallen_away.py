"""Who could be mailed when it was launched, and cannot be any more: told, and left out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.experiments import enrolment_store, reach, store
from app.experiments.eligibility import Eligibility
from app.experiments.models import Experiment, Rehearsal, Status
from app.experiments.ports import Reason
from app.platform import events, figures, garbled

FELL_AWAY = "experiment.fell_away"  # the event of it
_Faults = Mapping[tuple[str, str], int]  # people, by reason and what it is about
_TOLD = 5  # sentences; what is left is one number


@dataclass(frozen=True, slots=True)
class FellAway:
    """People who are left out for what their mail needs, beyond those whom the launch named."""

    people: int
    because: tuple[str, ...]
    sentence: str


def promised(eligibility: Eligibility) -> list[dict[str, Any]] | None:
    """Whom a launch was told of; nothing where it could only be guessed."""
    return None if eligibility.estimated else _rows(_short(eligibility.faults.items()))


def since_launch(session: Session, experiment: Experiment) -> Counter[tuple[str, str]]:
    """Of those who are settled, who fell away, by reason and what it is about."""
    return _short(enrolment_store.faults(session, experiment.id)) - _counted(experiment.promised)


def note(
    session: Session, experiment: Experiment, lost: Counter[tuple[str, str]], *, now: datetime
) -> None:
    """At the start: keep who fell away, and tell whoever listens."""
    experiment.fell_away = _rows(lost)
    if lost:
        told = _told(experiment, lost)
        facts = {"name": experiment.name, "people": told.people, "because": list(told.because)}
        events.record(session, FELL_AWAY, subject=experiment.id, now=now, facts=facts)


def fallen_away_of(session: Session, experiment: Experiment) -> FellAway | None:
    """Who fell away at the start; before it, who would if it started now. None where nobody."""
    return fallen_away_of_many(session, (experiment,)).get(experiment.id)


def fallen_away_of_many(session: Session, experiments: Sequence[Experiment]) -> dict[str, FellAway]:
    """The same of many, by id."""
    waiting = [experiment.id for experiment in experiments if experiment.status == Status.SCHEDULED]
    looked = store.rehearsed(session, waiting) if waiting else ()
    rows = {rehearsal.experiment_id: rehearsal for rehearsal in looked}
    found = {
        experiment.id: garbled.read(_lost, experiment, rows.get(experiment.id))
        for experiment in experiments
    }
    lost = {key: one or Counter() for key, one in found.items()}
    return {
        experiment.id: _told(experiment, lost[experiment.id])
        for experiment in experiments
        if lost[experiment.id]
    }


def _lost(experiment: Experiment, look: Rehearsal | None) -> Counter[tuple[str, str]]:
    """As the last look through everybody found it; nobody while it is not at its end."""
    if experiment.status != Status.SCHEDULED:
        return _counted(experiment.fell_away)
    if look is None or look.design_at != experiment.updated_at:
        return Counter()
    return _counted(look.found["faults"]) - _counted(experiment.promised)


def _told(experiment: Experiment, lost: Counter[tuple[str, str]]) -> FellAway:
    people = lost.total()
    ranked = lost.most_common()
    because = tuple(
        reach.fault_said(*fault, who=f"for {figures.plural(count, 'person', 'people')}")
        for fault, count in ranked[:_TOLD]
    )
    if others := sum(count for _, count in ranked[_TOLD:]):
        more = figures.plural(others, "person", "people")
        because = (*because, f"For {more} more there are other reasons.")
    return FellAway(people, because, " ".join((_head(experiment, people), *because)))


def _head(experiment: Experiment, people: int) -> str:
    known = "" if experiment.promised is None else " whom the launch did not name"
    if experiment.status == Status.SCHEDULED:
        would = figures.plural(people, "person", "people")
        return f"If it started now, {would} would be left out{known}."
    were = figures.plural(people, "person was", "people were")
    return f"When it started, {were} left out{known}."


def _short(faults: Iterable[tuple[tuple[str, str], int]]) -> Counter[tuple[str, str]]:
    """What a cell says of one person is not told of many."""
    found: Counter[tuple[str, str]] = Counter()
    for (reason, detail), people in faults:
        about = detail.partition(": ")[0] if reason == Reason.MISFIT else detail
        found[reason, about] += people
    return found


def _rows(faults: _Faults) -> list[dict[str, Any]]:
    return [{"reason": r, "detail": d, "people": n} for (r, d), n in faults.items()]


def _counted(rows: Sequence[Mapping[str, Any]] | None) -> Counter[tuple[str, str]]:
    return _short(((one["reason"], one["detail"]), one["people"]) for one in rows or ())

"""Planned looks: held on their dates, with the counts of that moment, and never changed after."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.analysis import store
from app.analysis.known_until import Known
from app.analysis.matured import Matured, Strata, total
from app.analysis.models import Look
from app.experiments.models import Experiment
from app.experiments.plans import LOOKS_AT_ANY_TIME
from app.platform.clock import iso


@dataclass(frozen=True, slots=True)
class Asked:
    """What a look asked for, fixed when it was held. None where no number would be enough.

    above: hits from which a version is better than the baseline, or than the threshold. below:
    hits of the baseline from which the version is worse; of a threshold, hits of the version up to
    which it is under. critical: of values, in standard errors. p_value: over all looks so far.
    """

    above: int | None = None
    below: int | None = None
    critical: float | None = None
    p_value: float | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A look as it was held.

    whole: it may spend all that is left of the error: the planned last one, without a cancel.
    """

    number: int
    due_at: datetime
    at: datetime
    arms: Mapping[str, Strata]
    last: bool
    whole: bool = False
    asked: Mapping[str, Asked] = field(default_factory=dict)  # by arm

    def needed(self, arm: str) -> int | None:
        """Hits of an arm that would have been enough at it."""
        return self.asked[arm].above if arm in self.asked else None


def held_of(session: Session, experiment_ids: Sequence[str]) -> dict[str, list[Held]]:
    """The same of many, by experiment."""
    found: dict[str, list[Held]] = {experiment_id: [] for experiment_id in experiment_ids}
    for row in store.looks_of(session, experiment_ids):
        found[row.experiment_id].append(read(row))
    return found


def moments(experiment: Experiment) -> list[datetime]:
    """When each look was planned for, at the start; the last one sees everybody."""
    planned = (experiment.plan or {}).get("looks") or []
    return [datetime.fromisoformat(one["due_at"]) for one in planned]


def due(
    experiment: Experiment, before: Sequence[Held], *, closed: bool, known: Known
) -> dict[str, Any] | None:
    """The planned look whose turn it is, if its day has come; the last one waits for everybody."""
    if before and before[-1].last:
        return None
    planned = (experiment.plan or {}).get("looks") or []
    coming = [one for one in planned if one["number"] > (before[-1].number if before else 0)]
    if not coming:
        return None
    if closed:  # everybody has had their window, or it was cancelled: nothing else will come
        return {**coming[-1], "last": True}
    ripe = [one for one in coming[:-1] if known.covers(datetime.fromisoformat(one["due_at"]))]
    return {**ripe[-1], "last": False} if ripe else None


def due_by_people(
    experiment: Experiment, before: Sequence[Held], matured: int, *, closed: bool, now: datetime
) -> dict[str, Any] | None:
    """The look whose turn it is where each thirtieth of the planned people asks for one."""
    if before and before[-1].last:
        return None
    done = before[-1].number if before else 0
    reached = min(LOOKS_AT_ANY_TIME - 1, matured * LOOKS_AT_ANY_TIME // (experiment.enrolled or 1))
    if closed:
        return {"number": max(LOOKS_AT_ANY_TIME, done + 1), "due_at": iso(now), "last": True}
    return {"number": reached, "due_at": iso(now), "last": False} if reached > done else None


def keep(
    session: Session,
    experiment: Experiment,
    look: Mapping[str, Any],
    arms: Mapping[str, Strata],
    *,
    asked: Mapping[str, Asked],
    now: datetime,
) -> Held:
    """Store a look."""
    body = {
        "arms": {
            key: {name: asdict(matured) for name, matured in strata.items()}
            for key, strata in arms.items()
        },
        "last": look["last"],
        "whole": look["whole"],
        "asked": {key: asdict(one) for key, one in asked.items()},
    }
    row = Look(
        experiment_id=experiment.id,
        number=look["number"],
        due_at=datetime.fromisoformat(look["due_at"]),
        at=now,
        body=body,
    )
    session.add(row)
    session.flush()
    return read(row)


def people(arms: Mapping[str, Strata]) -> int:
    """Everybody in all arms."""
    return sum(total(strata).people for strata in arms.values())


def read(row: Look) -> Held:
    """A look as it was kept."""
    return Held(number=row.number, due_at=row.due_at, at=row.at, **of_json(row.body))


def of_json(body: Mapping[str, Any]) -> dict[str, Any]:
    """What was counted and asked for, as it is stored."""
    arms = {
        key: {name: Matured(**one) for name, one in strata.items()}
        for key, strata in body["arms"].items()
    }
    return {
        "arms": arms,
        "last": body["last"],
        "whole": body.get("whole", body["last"]),
        "asked": {key: Asked(**one) for key, one in _asked(body).items()},
    }


def _asked(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a look asked for; those of one arm were kept as a bare number once."""
    if "asked" in body:
        return dict(body["asked"])
    bare = body.get("boundary")
    return {key: {"above": bare} for key in body["arms"]} if bare is not None else {}
